/** A row of small bars in a cell: how something went over the range. */
export function Spark({ values }: { readonly values: readonly number[] }) {
  const most = Math.max(1, ...values);
  return (
    <svg
      className="spark"
      viewBox={`0 0 ${Math.max(1, values.length)} 1`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {values.map((value, place) => (
        <rect key={place} x={place + 0.1} width={0.8} y={1 - value / most} height={value / most} />
      ))}
    </svg>
  );
}
