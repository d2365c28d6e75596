/** The same as a card in one line, for when there are many: name, state, how far, what it uses, and how to stop it. */
import { memo } from "react";
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { kindWord, operationHref, operationTitle, statusTone } from "@/lib/jobWords";
import * as words from "@/lib/operationWords";
import type { OperationProps } from "./OperationCard";

export const OperationRow = memo(function OperationRow(props: OperationProps) {
  const { operation, now, stale, color, highlighted = false, pending, error, onControl, onHighlight } = props;
  const title = operationTitle(operation);
  const tone = statusTone(operation.status);
  const running = operation.status === "running";
  const sentence = words.situation(operation, now);
  const report = words.reportAge(operation, now);
  return (
    <li
      className={`grid scroll-mt-16 grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 border-t border-line px-4 py-1.5 lg:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)_minmax(0,1fr)_auto] ${
        highlighted ? "bg-accent-soft" : ""
      } ${stale ? "stale" : ""}`}
      data-testid="operation-card"
      data-job-id={operation.id}
      data-status={operation.status}
      onPointerEnter={() => onHighlight?.(operation.id)}
      onPointerLeave={() => onHighlight?.(null)}
    >
      <div className="min-w-0">
        <div className="flex min-w-0 items-center gap-2">
          {color !== undefined && <span className="size-2 shrink-0 rounded-[2px]" style={{ background: color }} aria-hidden="true" />}
          <Link href={operationHref(operation)} className="truncate font-medium hover:text-accent" title={title} data-operation-link>
            {title}
          </Link>
        </div>
        <p className="truncate text-xs text-muted" title={sentence}>
          {[kindWord(operation.kind), words.attemptText(operation)].filter((it) => it !== null).join(" · ")}
          {sentence !== f.UNKNOWN && (
            <>
              {" · "}
              <span className={tone === "warning" ? "text-amber" : ""} data-testid="situation">
                {sentence}
              </span>
            </>
          )}
        </p>
      </div>
      <div className="min-w-0 max-lg:order-3">
        <div className="flex items-baseline justify-between gap-2 text-xs">
          <span className="font-semibold" data-testid="progress-text">
            {operation.progress === null && operation.done !== null ? f.amount(operation.done, operation.total, operation.unit) : f.progressPercent(operation.progress)}
          </span>
          <span className="truncate text-muted">{words.remainingText(operation)}</span>
        </div>
        <ProgressBar value={operation.progress} tone={tone} label={`Progress of ${title}`} moving={running || operation.status === "starting"} className="mt-0.5" />
      </div>
      <div className="min-w-0 text-xs text-muted max-lg:hidden">
        <p className="truncate text-fg" title={words.resourcesTitle(operation.resources)} data-testid="operation-resources">
          {words.resourcesLine(operation.resources)}
        </p>
        <p className="truncate text-faint">
          {running && operation.rate !== null ? `${f.rate(operation.rate, operation.unit)} · ` : ""}
          {report !== null && <span className={report.late ? "text-amber" : ""}>{report.text}</span>}
          {report !== null && operation.host !== null && " · "}
          {operation.host}
        </p>
      </div>
      <div className="flex items-center justify-end gap-3 max-lg:order-4 max-lg:[grid-row:span_1]">
        <StatusBadge status={operation.status} />
        <JobActions job={operation} title={title} compact pending={pending} onControl={onControl} />
      </div>
      {error !== undefined && (
        <p role="alert" className="col-span-full text-xs text-red">
          {error}
        </p>
      )}
    </li>
  );
});
