/** One job that is under way: what it is, how far, how fast, what it uses, and how to stop it. */
import { memo } from "react";
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { Sparkline } from "@/components/Sparkline";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { kindWord, operationHref, operationTitle, statusTone } from "@/lib/jobWords";
import * as words from "@/lib/operationWords";
import type { Spark } from "@/lib/sparks";
import type { Action, Control, Operation } from "@/lib/types/job";

export interface OperationProps {
  operation: Operation;
  spark?: Spark | undefined;
  /** The server's time now. */
  now: number;
  /** No live data at present: the numbers are old. */
  stale: boolean;
  /** Its colour among the resources; none: it has no part there. */
  color?: string | undefined;
  highlighted?: boolean;
  pending?: Action | undefined;
  error?: string | undefined;
  onControl: (jobId: string, action: Control) => void;
  onHighlight?: ((jobId: string | null) => void) | undefined;
}

export const OperationCard = memo(function OperationCard(props: OperationProps) {
  const { operation, spark, now, stale, color, highlighted = false, pending, error, onControl, onHighlight } = props;
  const title = operationTitle(operation);
  const tone = statusTone(operation.status);
  const running = operation.status === "running";
  // Without a percentage the count itself is the best there is to say.
  const counting = operation.progress === null && operation.done !== null;
  const sentence = words.situation(operation, now);
  return (
    <article
      // Out of sight it is neither laid out nor painted, and keeps the height that it had.
      className={`panel flex min-w-0 scroll-mt-16 flex-col transition-shadow md:[contain-intrinsic-size:auto_300px] md:[content-visibility:auto] ${highlighted ? "ring-2 ring-accent" : ""}`}
      aria-label={`${kindWord(operation.kind)} ${title}`}
      data-testid="operation-card"
      data-job-id={operation.id}
      data-status={operation.status}
      onPointerEnter={() => onHighlight?.(operation.id)}
      onPointerLeave={() => onHighlight?.(null)}
    >
      <div className={`flex flex-1 flex-col px-4 pt-3 pb-3 ${stale ? "stale" : ""}`}>
        <div className="flex items-center justify-between gap-3">
          <span className="flex min-w-0 items-center gap-1.5 text-xs text-muted">
            {color !== undefined && <span className="size-2 shrink-0 rounded-[2px]" style={{ background: color }} aria-hidden="true" />}
            <span className="truncate">{[kindWord(operation.kind), words.attemptText(operation)].filter((it) => it !== null).join(" · ")}</span>
          </span>
          <StatusBadge status={operation.status} />
        </div>
        <h2 className="mt-0.5 truncate text-base font-semibold" title={title}>
          <Link href={operationHref(operation)} className="rounded-sm hover:text-accent" data-operation-link>
            {title}
          </Link>
        </h2>

        <div className="mt-2.5 flex items-baseline justify-between gap-3">
          <span className="truncate text-xl font-semibold tracking-tight" data-testid="progress-text">
            {counting ? f.amount(operation.done, operation.total, operation.unit) : f.progressPercent(operation.progress)}
          </span>
          <span className="shrink-0 text-xs text-muted">{words.remainingText(operation)}</span>
        </div>
        <ProgressBar
          className="mt-1.5"
          value={operation.progress}
          tone={tone}
          label={`Progress of ${title}`}
          moving={operation.status === "running" || operation.status === "starting"}
        />
        <div className="mt-2 flex justify-between gap-3 text-xs">
          <span className="truncate">
            {counting ? <span className="text-muted">of an unknown total</span> : words.countText(operation)}
          </span>
          <span className="shrink-0 text-muted">{running && operation.rate !== null ? f.rate(operation.rate, operation.unit) : "\u00a0"}</span>
        </div>
        <p className={`mt-1 line-clamp-2 text-xs ${tone === "warning" ? "text-amber" : "text-muted"}`} title={sentence === f.UNKNOWN ? undefined : sentence} data-testid="situation">
          {sentence === f.UNKNOWN ? "\u00a0" : sentence}
        </p>
        {operation.entity_type === "training" && (
          <dl className="mt-3 grid grid-cols-2 gap-4">
            <Curve name="loss" value={f.metric(operation.training?.loss)} values={spark?.loss ?? []} />
            {operation.kind === "train_sae" && <Curve name="L0" value={f.metric(operation.training?.l0_sparsity, 3)} values={spark?.l0 ?? []} />}
          </dl>
        )}
      </div>

      {error !== undefined && (
        <p role="alert" className="border-t border-line px-4 py-2 text-xs text-red">
          {error}
        </p>
      )}
      <footer className="border-t border-line px-4 py-2 text-xs text-muted">
        <p className="flex min-w-0 justify-between gap-3" title={words.resourcesTitle(operation.resources)}>
          <span className="truncate text-fg" data-testid="operation-resources">
            {words.resourcesLine(operation.resources)}
          </span>
          <span className="shrink-0 text-faint" data-testid="resources-source">
            {words.resourcesSource(operation)}
          </span>
        </p>
        <div className="mt-1 flex items-end gap-3">
          <p className="min-w-0 flex-1 text-faint">
            <Times operation={operation} now={now} />
          </p>
          <JobActions job={operation} title={title} compact pending={pending} onControl={onControl} />
        </div>
      </footer>
    </article>
  );
});

/** Where and since when it runs, the age of its last report, and what else bounds it. */
function Times({ operation, now }: { operation: Operation; now: number }) {
  const report = words.reportAge(operation, now);
  const began =
    operation.started_at === null
      ? `submitted ${f.time(operation.created_at, now)}`
      : `${words.triedAgainText(operation, now) ?? `started ${f.time(operation.started_at, now)}`} · ${f.duration(Math.floor((now - Date.parse(operation.started_at)) / 1000))}`;
  const limits = [words.limitText(operation, now), operation.auto_retry ? "tries again by itself" : null].filter((it) => it !== null);
  return (
    <>
      <span className="block truncate" title={f.fullTime(operation.started_at ?? operation.created_at)}>
        {began}
      </span>
      <span className="block truncate">
        {report !== null && <span className={report.late ? "text-amber" : ""}>{report.text}</span>}
        {report !== null && operation.host !== null && " · "}
        {operation.host}
      </span>
      {limits.length > 0 && <span className="block truncate">{limits.join(" · ")}</span>}
    </>
  );
}

function Curve({ name, value, values }: { name: string; value: string; values: readonly (number | null)[] }) {
  return (
    <div className="grid min-w-0 grid-cols-[auto_1fr] items-baseline gap-x-2 text-xs">
      <dt className="text-faint">{name}</dt>
      <dd className="text-right font-medium" data-testid={`card-${name.toLowerCase()}`}>
        {value}
      </dd>
      <dd className="col-span-2">
        <Sparkline values={values} label={`${name} over the last reports`} />
      </dd>
    </div>
  );
}
