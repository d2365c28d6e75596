/** One resource: how much of it is used, and which job has how much of that. */
import { Link } from "@/components/Link";
import * as f from "@/lib/format";
import type { JobColors } from "@/lib/jobColors";
import { operationHref, operationTitle } from "@/lib/jobWords";
import { fullness, levelAmount, levelSentence, namedShares, segmentsOf, shareText } from "@/lib/levelWords";
import type { Level } from "@/lib/machineLoad";
import type { Operation } from "@/lib/types/job";

interface Props {
  level: Level;
  /** What the whole bar stands for. */
  top: number | null;
  operations: Record<string, Operation>;
  colors: JobColors;
  highlight: string | null;
  onHighlight: (jobId: string | null) => void;
}

/** Nothing is known: neither full nor empty. */
const HATCHED = { background: "repeating-linear-gradient(135deg, var(--track) 0 4px, var(--line-strong) 4px 5px)" };
const REST = "var(--rest)";
const OTHERS = "var(--faint)";

export function LevelBar({ level, top, operations, colors, highlight, onHighlight }: Props) {
  const nameOf = (jobId: string) => {
    const job = operations[jobId];
    return job === undefined ? jobId : operationTitle(job);
  };
  const full = level.total === null ? null : fullness(level);
  const { named, more, moreAmount } = namedShares(level);
  const color = (key: string, jobId: string | null) => (jobId === null ? (key === "rest" ? REST : OTHERS) : (colors.get(jobId) ?? OTHERS));
  return (
    <div className="min-w-0" data-testid={`level-${level.key}`}>
      <div className="flex items-baseline gap-2">
        <span className="text-sm font-medium">{level.name}</span>
        <span className="min-w-0 flex-1 truncate text-xs text-faint">
          {level.total === null ? (top === null ? "" : `bar: up to ${levelAmount(level.unit, top)}`) : `${levelAmount(level.unit, level.used)} of ${levelAmount(level.unit, level.total)}`}
        </span>
        <span className="text-sm font-semibold">{level.total === null ? levelAmount(level.unit, level.used) : f.percent(full)}</span>
      </div>
      <div role="img" aria-label={levelSentence(level, nameOf)} className="mt-1 flex h-2.5 gap-px overflow-hidden rounded-[3px] bg-track">
        {level.used === null && <div className="h-full w-full" style={HATCHED} />}
        {segmentsOf(level, top, [...colors.keys()]).map(({ key, jobId, percent }) => (
          <div
            key={key}
            data-testid="segment"
            data-job-id={jobId ?? undefined}
            data-highlighted={jobId !== null && highlight === jobId}
            title={jobId === null ? (key === "rest" ? "unattributed" : "other jobs") : nameOf(jobId)}
            onPointerEnter={() => {
              onHighlight(jobId);
            }}
            onPointerLeave={() => {
              onHighlight(null);
            }}
            className={`h-full transition-[width,opacity] duration-300 ${highlight !== null && highlight !== jobId ? "opacity-30" : ""}`}
            style={{ width: `${percent}%`, background: color(key, jobId) }}
          />
        ))}
      </div>
      <ul className="mt-1.5 flex min-h-13 flex-wrap content-start gap-x-3 gap-y-0.5 text-xs text-muted">
        {named.map((share) => {
          const job = operations[share.jobId];
          return (
            <li
              key={share.jobId}
              className={`flex max-w-full min-w-0 items-baseline gap-1.5 ${highlight === share.jobId ? "text-fg" : ""}`}
              onPointerEnter={() => {
                onHighlight(share.jobId);
              }}
              onPointerLeave={() => {
                onHighlight(null);
              }}
            >
              <Swatch color={share.amount === null ? null : color("", share.jobId)} />
              <Link
                href={job === undefined ? `/jobs/${share.jobId}` : operationHref(job)}
                className="max-w-40 truncate text-fg hover:text-accent"
                onFocus={() => {
                  onHighlight(share.jobId);
                }}
                onBlur={() => {
                  onHighlight(null);
                }}
              >
                {nameOf(share.jobId)}
              </Link>
              <span className="shrink-0">{shareText(level, share)}</span>
            </li>
          );
        })}
        {more > 0 && (
          <li className="flex items-baseline gap-1.5">
            <Swatch color={OTHERS} />
            {f.count(more)} more {levelAmount(level.unit, moreAmount)}
          </li>
        )}
        <li className="flex items-baseline gap-1.5">
          <Swatch color={level.rest === null ? null : REST} />
          unattributed {levelAmount(level.unit, level.rest)}
        </li>
      </ul>
    </div>
  );
}

/** Without a colour: a part that the bar can't show. */
function Swatch({ color }: { color: string | null }) {
  return color === null ? (
    <span className="size-2 shrink-0 rounded-[2px] border border-dashed border-line-strong" aria-hidden="true" />
  ) : (
    <span className="size-2 shrink-0 rounded-[2px]" style={{ background: color }} aria-hidden="true" />
  );
}
