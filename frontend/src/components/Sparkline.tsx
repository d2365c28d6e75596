import { steadyRange } from "@/lib/series";

interface Props {
  values: readonly (number | null)[];
  label: string;
  className?: string;
}

const WIDTH = 100;
const HEIGHT = 24;

/** A curve without axes, for the shape alone: the number stands beside it. */
export function Sparkline({ values, label, className = "" }: Props) {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  const [low, high] = steadyRange(Math.min(...known), Math.max(...known));
  let path = "";
  let pen = false;
  values.forEach((value, i) => {
    if (value === null || !Number.isFinite(value)) {
      pen = false;
      return;
    }
    const x = values.length > 1 ? (i / (values.length - 1)) * WIDTH : WIDTH;
    const y = HEIGHT - 2 - ((value - low) / (high - low)) * (HEIGHT - 4);
    // Tenths, without the cost of toFixed: a page of cards draws thousands of these a second.
    path += `${pen ? "L" : "M"}${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
    pen = true;
  });
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      className={`h-6 w-full ${className}`}
    >
      {known.length > 1 ? (
        <path d={path} fill="none" stroke="var(--accent)" strokeWidth={1.25} strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
      ) : (
        <path d={`M0 ${HEIGHT - 2}H${WIDTH}`} stroke="var(--line)" strokeWidth={1} vectorEffect="non-scaling-stroke" />
      )}
    </svg>
  );
}
