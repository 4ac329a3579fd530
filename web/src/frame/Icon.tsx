/** Small line drawings, 16 units a side. Kinds of work each have their own shape, so that hue is never alone. */

const SHAPES: Readonly<Record<string, string>> = {
  overview: "M2 13V9m4 4V5m4 8V7m4 6V3",
  traces: "M2 4h9M5 8h8M4 12h5",
  cost: "M8 1.5v13M11.5 4.2C10.8 3.4 9.5 3 8 3c-2 0-3.4.9-3.4 2.4C4.6 8.6 11.6 7 11.6 10.4 11.6 12 10 13 8 13c-1.700 0-3.100-.5-3.800-1.500",
  models: "M8 1.5 14 5v6l-6 3.500L2 11V5ZM2 5l6 3.500L14 5M8 8.500v6",
  users: "M8 7.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.500 14.500c.4-3 2.600-4.500 5.500-4.500s5.100 1.500 5.500 4.500",
  prompts: "M2 3h12v8H7l-3 3v-3H2ZM5 6h6M5 8.500h4",
  sessions: "M2 2.500h9v6H6l-2.500 2v-2H2ZM13 6h1v6h-1.500v2L10 12H7",
  quality: "m2.500 8.500 3.500 3.500 7.500-8",
  errors: "M8 1.500 15 14H1ZM8 6v4M8 12v.100",
  tools: "M8 1.800 13.400 4.900v6.200L8 14.200 2.600 11.100V4.900ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  agents:
    "M8 5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM3.500 15a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM12.500 15a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM7 5l-2.500 6M9 5l2.500 6",
  time: "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM8 8V1M8 8l5 4.500",
  series: "m1.500 12 4-5 3 3 6-7",
  logs: "M2 3h2M6 3h8M2 8h2M6 8h8M2 13h2M6 13h5",
  status: "M1.500 8h3l2-5 3 10 2-5h3",
  menu: "M2 3.500h12M2 8h12M2 12.500h12",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6 14 14",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3 5.6 5.6 0 1 0 13 9.6Z",
  help: "M6 6a2 2 0 1 1 2.6 1.9c-.5.2-.6.5-.6 1.1M8 11.6v.1M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14Z",
  clock: "M8 15A7 7 0 1 0 8 1a7 7 0 0 0 0 14ZM8 4.5V8l2.4 1.6",
  close: "m4 4 8 8M12 4l-8 8",
  back: "M9.5 3.5 5 8l4.5 4.5",
  open: "m6 4 4 4-4 4",
  wider: "M6.5 11A4.5 4.5 0 1 0 6.5 2a4.5 4.5 0 0 0 0 9ZM10 10l4 4M4.5 6.5h4",
  llm: "M8 1.5 9.6 6.4 14.5 8 9.6 9.6 8 14.5 6.4 9.6 1.5 8l4.9-1.6Z",
  tool: "M8 1.8 13.4 4.9v6.2L8 14.2 2.6 11.1V4.9ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  agent: "M8 7.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14.5c.4-3 2.6-4.5 5.5-4.5s5.1 1.5 5.5 4.5",
  retrieval: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6 14 14M5 7h4",
  db: "M13 4c0 1.2-2.2 2.2-5 2.2S3 5.2 3 4s2.2-2.2 5-2.2S13 2.8 13 4ZM3 4v8c0 1.2 2.2 2.2 5 2.2s5-1 5-2.2V4M3 8c0 1.2 2.2 2.2 5 2.2S13 9.2 13 8",
  queue: "M2 3.5h12M2 8h12M2 12.5h8",
  http: "M2 5.5h11M10 2.5l3 3-3 3M14 10.5H3M6 7.5l-3 3 3 3",
  waiting: "M4 1.5h8M4 14.5h8M5 1.5v3L8 8l-3 3.5v3M11 1.5v3L8 8l3 3.5v3",
  other: "M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z",
};

interface Props {
  readonly name: string;
  readonly size?: number;
}

export function Icon({ name, size = 16 }: Props) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      aria-hidden="true"
    >
      <path d={SHAPES[name] ?? SHAPES.other} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
