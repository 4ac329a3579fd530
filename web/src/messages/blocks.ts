/** Splits the text of a message into prose and fenced code. Pure; everything stays text. */

export interface Block {
  readonly kind: "prose" | "code";
  readonly text: string;
  readonly language: string | null;
}

/** Prose and code in order; a fence that is never closed runs to the end, as in an answer that was cut. */
export function splitBlocks(text: string): readonly Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let language: string | null = null;
  let code = false;
  const close = () => {
    const joined = lines.join("\n");
    const kept = code ? joined : joined.replace(/^\n+|\n+$/g, "");
    if (kept !== "") blocks.push({ kind: code ? "code" : "prose", text: kept, language });
    lines = [];
  };
  for (const line of text.split("\n")) {
    const fence = /^\s{0,3}```\s*([\w+#.-]{0,24})\s*$/.exec(line);
    if (fence === null) {
      lines.push(line);
      continue;
    }
    close();
    code = !code;
    language = code && fence[1] !== undefined && fence[1] !== "" ? fence[1] : null;
  }
  close();
  return blocks;
}
