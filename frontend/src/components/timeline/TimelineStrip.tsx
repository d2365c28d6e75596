/** The whole way in one bar: how long the job waited, ran, was paused or silent. */
import * as f from "@/lib/format";
import type { Span } from "@/lib/timeline";

const FILL: Record<string, string> = {
  queued: "repeating-linear-gradient(90deg, var(--line-strong) 0 2px, transparent 2px 5px)",
  starting: "var(--accent-soft)",
  running: "var(--accent)",
  paused: "var(--rest)",
  stalled: "var(--amber-mark)",
  cancelling: "repeating-linear-gradient(135deg, var(--amber-mark) 0 3px, transparent 3px 6px)",
};
/** Shorter than this is no more than a line. */
const LEAST_PERCENT = 0.4;

export function TimelineStrip({ spans }: { spans: Span[] }) {
  const [first] = spans;
  const last = spans[spans.length - 1];
  if (first === undefined || last === undefined || last.to <= first.from) return null;
  const whole = last.to - first.from;
  const totals = new Map<string, number>();
  for (const span of spans) totals.set(span.status, (totals.get(span.status) ?? 0) + (span.to - span.from) / 1000);
  const words = [...totals].map(([status, seconds]) => `${status} ${f.duration(seconds)}`);
  return (
    <div>
      <div role="img" aria-label={`In all ${f.duration(whole / 1000)}: ${words.join(", ")}`} className="flex h-2.5 overflow-hidden rounded-[3px] bg-track" data-testid="timeline-strip">
        {spans.map((span, i) => (
          <div
            key={i}
            title={`${span.status} ${f.duration((span.to - span.from) / 1000)}`}
            data-status={span.status}
            style={{ width: `${Math.max(((span.to - span.from) / whole) * 100, LEAST_PERCENT)}%`, background: FILL[span.status] ?? "var(--rest)" }}
          />
        ))}
      </div>
      <ul className="mt-1.5 flex flex-wrap gap-x-4 gap-y-0.5 text-xs text-muted">
        {[...totals].map(([status, seconds]) => (
          <li key={status} className="flex items-center gap-1.5">
            <span className="size-2 rounded-[2px]" style={{ background: FILL[status] ?? "var(--rest)" }} aria-hidden="true" />
            {status} <span className="text-fg">{f.duration(seconds)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
