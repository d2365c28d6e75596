/** Each core as a bar, in rows: two or two hundred of them. */
import { memo } from "react";
import * as f from "@/lib/format";

/** The more there are, the narrower; in pixels. */
function width(count: number): number {
  return count <= 16 ? 28 : count <= 64 ? 14 : 9;
}

export const BUSY = 90;

export const Cores = memo(function Cores({ values }: { values: readonly (number | null)[] }) {
  const busy = values.filter((value) => value !== null && value >= BUSY).length;
  const many = values.length > 16;
  return (
    <>
      <h3 className="caption mt-3 mb-1 flex justify-between gap-3">
        <span>Each core</span>
        {many && (
          <span>
            {busy} of {values.length} at {BUSY} % or more
          </span>
        )}
      </h3>
      <div
        className={`grid min-h-8 ${many ? "gap-0.5" : "gap-1"}`}
        style={{ gridTemplateColumns: `repeat(auto-fill, minmax(${width(values.length)}px, 1fr))` }}
        role="list"
        aria-label="Each core"
      >
        {values.map((value, i) => (
          <div
            key={i}
            role="listitem"
            aria-label={`Core ${i}: ${value === null ? "switched off, or not readable" : f.percent(value)}`}
            title={`Core ${i}: ${value === null ? "switched off, or not readable" : f.percent(value)}`}
            className={`relative overflow-hidden rounded-sm ${many ? "h-6" : "h-8"} ${value === null ? "border border-dashed border-line-strong" : "bg-track"}`}
          >
            {value !== null && (
              <div
                className="absolute inset-0 origin-bottom bg-accent transition-transform duration-300"
                // Height says it, and strength: among many the loaded ones stand out.
                style={{ transform: `scaleY(${value / 100})`, opacity: 0.45 + value / 200 }}
              />
            )}
          </div>
        ))}
        {values.length === 0 && <span className="col-span-full text-xs text-muted">{f.UNKNOWN}</span>}
      </div>
    </>
  );
});
