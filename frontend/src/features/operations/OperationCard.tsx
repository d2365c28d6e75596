/** One job that is under way: what it is, how far, how fast, what it uses, and how to stop it. */
import { JobActions } from "@/components/JobActions";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { Sparkline } from "@/components/Sparkline";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { kindWord, operationTitle, statusTone } from "@/lib/jobWords";
import type { Action, Control, JobResources, Operation } from "@/lib/types/job";
import type { Spark } from "@/stores/operationsStore";

interface Props {
  operation: Operation;
  spark?: Spark | undefined;
  /** The server's time now. */
  now: number;
  /** No live data at present: the numbers are old. */
  stale: boolean;
  pending?: Action | undefined;
  error?: string | undefined;
  onControl: (jobId: string, action: Control) => void;
}

export function OperationCard({ operation, spark, now, stale, pending, error, onControl }: Props) {
  const title = operationTitle(operation);
  const tone = statusTone(operation.status);
  const href = operation.entity_type === "training" && operation.entity_id !== null ? `/trainings/${operation.entity_id}` : null;
  const running = operation.status === "running";
  // Without a percentage the count itself is the best there is to say.
  const counting = operation.progress === null && operation.done !== null;
  return (
    <article
      className="panel flex min-w-0 flex-col"
      aria-label={`${kindWord(operation.kind)} ${title}`}
      data-testid="operation-card"
      data-job-id={operation.id}
      data-status={operation.status}
    >
      <div className={`flex flex-1 flex-col px-4 pt-3 pb-3 ${stale ? "stale" : ""}`}>
        <div className="flex items-center justify-between gap-3">
          <span className="truncate text-xs text-muted">
            {kindWord(operation.kind)}
            {operation.attempt > 1 && <span className="text-faint"> · attempt {operation.attempt}</span>}
          </span>
          <StatusBadge status={operation.status} />
        </div>
        <h2 className="mt-0.5 truncate text-base font-semibold" title={title}>
          {href === null ? (
            title
          ) : (
            <Link href={href} className="rounded-sm hover:text-accent">
              {title}
            </Link>
          )}
        </h2>

        <div className="mt-2.5 flex items-baseline justify-between gap-3">
          <span className="truncate text-xl font-semibold tracking-tight" data-testid="progress-text">
            {counting ? f.amount(operation.done, operation.total, operation.unit) : f.progressPercent(operation.progress)}
          </span>
          <span className="shrink-0 text-xs text-muted">{running ? remaining(operation) : ""}</span>
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
            {counting ? <span className="text-muted">of an unknown total</span> : f.amount(operation.done, operation.total, operation.unit)}
          </span>
          <span className="shrink-0 text-muted">{running ? f.rate(operation.rate, operation.unit) : ""}</span>
        </div>
        <p className={`mt-1 truncate text-xs ${tone === "warning" ? "text-amber" : "text-muted"}`} title={situation(operation, now)}>
          {situation(operation, now)}
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
      <footer className="flex min-h-10 items-center gap-3 border-t border-line px-4 py-1.5 text-xs text-muted">
        <div className="min-w-0 flex-1">
          <p className="truncate" title={resourcesTitle(operation.resources)} data-testid="operation-resources">
            {resourcesLine(operation.resources)}
          </p>
          <p className="truncate text-faint" title={f.fullTime(operation.started_at)}>
            {operation.started_at === null
              ? `submitted ${f.time(operation.created_at, now)}`
              : `started ${f.time(operation.started_at, now)} · ${f.duration((now - Date.parse(operation.started_at)) / 1000)}`}
          </p>
        </div>
        <JobActions job={operation} title={title} compact pending={pending} onControl={onControl} />
      </footer>
    </article>
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

function remaining(operation: Operation): string {
  const text = f.eta(operation.eta_low, operation.eta_high, operation.eta_seconds);
  return text === f.UNKNOWN && operation.progress !== null ? "no estimate yet" : text === f.UNKNOWN ? "" : text;
}

/** The most useful sentence there is: what the server says, else the phase, else how old the last report is. */
function situation(operation: Operation, now: number): string {
  if (operation.status_text !== null && operation.status_text !== undefined && operation.status_text !== "") return operation.status_text;
  const age = operation.last_report_at === null ? null : now - Date.parse(operation.last_report_at);
  if (operation.status === "stalled") {
    return age === null ? "stalled: no report yet" : `stalled: last report ${f.age(age)} ago`;
  }
  const parts: string[] = [];
  if (operation.phase !== null && operation.phase !== "") {
    const many = operation.phase_count !== null && operation.phase_count > 1 && operation.phase_index !== null;
    parts.push(many ? `${operation.phase} · phase ${operation.phase_index} of ${operation.phase_count}` : operation.phase);
  }
  if (operation.message !== null && operation.message !== "") parts.push(operation.message);
  if (operation.status === "running" && age !== null && age > 10_000) parts.push(`last report ${f.age(age)} ago`);
  if (parts.length > 0) return parts.join(" · ");
  return operation.status === "starting" ? "waiting for its first report" : f.UNKNOWN;
}

const EXPECTED: Record<string, string> = { cpu: "CPU", gpu: "GPU" };

function resourcesLine(resources: JobResources | null | undefined): string {
  if (resources === null || resources === undefined || resources.source === "unknown") return `CPU ${f.UNKNOWN} · memory ${f.UNKNOWN}`;
  // An estimate goes by the kind of job, and has no numbers.
  const expected = resources.expected ?? [];
  if (resources.cpu_percent === null && expected.length > 0) return `${expected.map((it) => EXPECTED[it] ?? it).join(", ")} (estimated)`;
  const gpus = (resources.gpus ?? []).map((gpu) => `GPU ${gpu.gpu_id} ${f.bytes(gpu.memory_bytes)}`);
  const parts = [...gpus, `CPU ${f.percent(resources.cpu_percent)}`, f.bytes(resources.rss_bytes)];
  return `${parts.join(" · ")}${resources.source === "estimated" ? " (estimated)" : ""}`;
}

function resourcesTitle(resources: JobResources | null | undefined): string {
  if (resources === null || resources === undefined || resources.source === "unknown") return "What this job uses is not known";
  return `${resources.source}: reads ${f.byteRate(resources.read_bytes_per_s)}, writes ${f.byteRate(resources.write_bytes_per_s)}`;
}
