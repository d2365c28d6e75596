/** What each column of the table of trainings shows of a row. A value that isn't known is a dash. */
import type { ReactNode } from "react";
import { Link } from "@/components/Link";
import { ProgressBar } from "@/components/ProgressBar";
import { Sparkline } from "@/components/Sparkline";
import { StatusBadge } from "@/components/StatusBadge";
import * as f from "@/lib/format";
import { errorWord, isActive, statusTone } from "@/lib/jobWords";
import type { Lookup } from "@/lib/trainingTable/columns";
import { layersWord, lossOf, type TrainingRow } from "@/lib/trainingTable/row";
import type { SmallSeries } from "@/stores/trainingTableStore";

export interface CellContext {
  lookup: Lookup;
  curve: SmallSeries | undefined;
  now: number;
}

export const titleOf = (row: TrainingRow): string => row.name ?? row.id;

const quiet = (text: string | null, title?: string): ReactNode => (
  <span className="block truncate text-muted" title={title ?? text ?? undefined}>
    {text === null || text === "" ? f.UNKNOWN : text}
  </span>
);

const moment = (ts: string | null, now: number): ReactNode => <span title={f.fullTime(ts)}>{f.time(ts, now)}</span>;

function curveWords(curve: SmallSeries): string {
  const known = curve.values.filter((value): value is number => value !== null);
  const [first, last] = [known[0], known[known.length - 1]];
  return first === undefined || last === undefined || known.length < 2
    ? "No curve of the loss yet"
    : `Loss from ${f.metric(first)} to ${f.metric(last)}, least ${f.metric(Math.min(...known))}`;
}

export const CELLS: Record<string, (row: TrainingRow, context: CellContext) => ReactNode> = {
  name: (row) => (
    <Link href={`/trainings/${row.id}`} data-row-link="" className="block truncate font-medium hover:text-accent" title={titleOf(row)}>
      {titleOf(row)}
    </Link>
  ),
  status: (row) => <StatusBadge status={row.status} />,
  progress: (row) => (
    <div className="flex items-center gap-2">
      <ProgressBar className="min-w-0 flex-1 max-md:hidden" value={row.progress} tone={statusTone(row.status)} label={`Progress of ${titleOf(row)}`} />
      <span className="w-[7ch] shrink-0 text-right text-xs text-muted">{f.progressPercent(row.progress)}</span>
    </div>
  ),
  curve: (_, { curve }) => (curve === undefined ? null : <Sparkline values={curve.values} label={curveWords(curve)} className="block" />),
  loss: (row) => <span title={row.final_loss === null ? "The newest reported" : "Final, on held-out data"}>{f.metric(lossOf(row))}</span>,
  l0: (row) => f.metric(row.l0_sparsity, 3),
  ev: (row) => f.metric(row.explained_variance, 3),
  dead: (row) => f.count(row.dead_neurons),
  features: (row) => f.count(row.n_features),
  k: (row) => (row.architecture === "standard" ? f.UNKNOWN : f.count(row.k)),
  architecture: (row) => quiet(row.architecture),
  layers: (row) => quiet(layersWord(row.layers)),
  batch: (row) => f.count(row.batch_size),
  lr: (row) => (row.learning_rate === null ? f.UNKNOWN : String(row.learning_rate)),
  step: (row) => f.amount(row.current_step, row.total_steps, "").trim(),
  rate: (row) => (row.samples_per_second === null ? f.UNKNOWN : f.compact(row.samples_per_second)),
  eta: (row) => (isActive(row.status) ? f.eta(row.eta_low, row.eta_high, row.eta_seconds).replace(/ left$/, "") : f.UNKNOWN),
  duration: (row) => f.duration(row.duration_seconds),
  model: (row, { lookup }) => quiet(lookup.model(row)),
  data: (row, { lookup }) => quiet(lookup.dataset(row)),
  extraction: (row, { lookup }) => quiet(row.extraction_id === null ? null : lookup.extraction(row.extraction_id)),
  error: (row) =>
    row.status === "failed" ? (
      <span className="block truncate text-red" title={row.error_message ?? undefined}>
        {errorWord(row.error_type)}
      </span>
    ) : (
      <span className="text-faint">{f.UNKNOWN}</span>
    ),
  created: (row, { now }) => moment(row.created_at, now),
  started: (row, { now }) => moment(row.started_at, now),
  finished: (row, { now }) => moment(row.finished_at, now),
};
