import { progressPercent } from "@/lib/format";
import type { Tone } from "@/lib/jobWords";

const FILL: Record<Tone, string> = {
  active: "bg-accent",
  waiting: "bg-rest",
  warning: "bg-amber-mark",
  failure: "bg-red",
  done: "bg-green-mark",
  quiet: "bg-rest",
};

interface Props {
  /** 0 to 100; null: it can't be told. */
  value: number | null;
  tone: Tone;
  label: string;
  /** Something is under way though no number is known. */
  moving?: boolean;
  className?: string;
}

export function ProgressBar({ value, tone, label, moving = false, className = "" }: Props) {
  const known = value !== null;
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(value * 10) / 10 : undefined}
      aria-valuetext={known ? progressPercent(value) : "not known"}
      className={`h-1.5 overflow-hidden rounded-full bg-track ${className}`}
    >
      {known ? (
        // Moved and not widened: the compositor does that without laying out the page for each frame of it.
        <div
          className={`h-full w-full rounded-full ${FILL[tone]} transition-transform duration-300 ease-out`}
          style={{ transform: `translateX(${Math.min(Math.max(value, 0), 100) - 100}%)` }}
        />
      ) : (
        moving && <div className={`indeterminate h-full w-2/7 rounded-full ${FILL[tone]}`} style={{ width: "28%" }} />
      )}
    </div>
  );
}
