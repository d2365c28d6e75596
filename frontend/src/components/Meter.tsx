interface Segment {
  key: string;
  /** Percent of the whole. */
  value: number;
  attributed: boolean;
}

interface Props {
  label: string;
  /** 0 to 100; null: not known. */
  value: number | null;
  segments?: Segment[];
  tone?: "normal" | "warning";
  className?: string;
}

/** A level. The accented part belongs to known jobs, the plain part to everything else. */
export function Meter({ label, value, segments, tone = "normal", className = "h-1.5" }: Props) {
  const parts = segments ?? (value === null ? [] : [{ key: "all", value, attributed: true }]);
  return (
    <div
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value === null ? 0 : Math.round(value)}
      aria-valuetext={value === null ? "not known" : `${Math.round(value)} %`}
      className={`flex gap-px overflow-hidden rounded-full bg-track ${className}`}
    >
      {parts.map((part) => (
        <div
          key={part.key}
          className={`h-full ${tone === "warning" ? "bg-amber-mark" : part.attributed ? "bg-accent" : "bg-rest"}`}
          style={{ width: `${Math.min(Math.max(part.value, 0), 100)}%` }}
        />
      ))}
    </div>
  );
}
