/** Memory, disk and time that a training would take, and what would fit where it doesn't. */
import type { ReactNode } from "react";
import type { EstimateState } from "@/hooks/useEstimate";
import * as f from "@/lib/format";
import { GROUPS, shown } from "@/lib/trainingForm";
import type { TrainingEstimate } from "@/lib/types/estimate";

interface Props {
  state: EstimateState;
  onUse: (field: string, value: string) => void;
}

const LABELS = new Map(GROUPS.flatMap(({ fields }) => fields.map(({ name, label }) => [name, label])));

export function EstimatePanel({ state: { estimate, current, error }, onUse }: Props) {
  return (
    <section aria-label="What it would take" className="rounded-lg border border-line bg-raised/50 p-3.5" data-testid="estimate" data-current={current}>
      <h3 className="text-sm font-semibold">What it would take</h3>
      {estimate === null ? (
        <p className="mt-1 text-xs text-muted">{error === null ? "Asking the server…" : error.field === null ? error.message : "Not told until the values can work."}</p>
      ) : (
        <>
          <dl className={`mt-2 grid grid-cols-3 gap-x-4 gap-y-3 lg:grid-cols-1 ${current ? "" : "opacity-60"}`}>
            <Need word="Memory" value={f.bytes(estimate.memory_bytes)} of={part(estimate.memory_bytes, estimate.memory_available_bytes)} />
            <Need word="Disk" value={f.bytes(estimate.disk_bytes)} of={part(estimate.disk_bytes, estimate.disk_free_bytes)} />
            <Need word="Time" value={timeWords(estimate)} of={timeBasis(estimate)} />
          </dl>
          <Verdict estimate={estimate} current={current} onUse={onUse} />
          <details className="mt-3 text-2xs text-muted">
            <summary className="w-fit cursor-pointer rounded hover:text-fg">What this is computed from</summary>
            {[
              ["Memory", estimate.basis.memory],
              ["Disk", estimate.basis.disk],
              ["Time", estimate.basis.seconds],
            ].map(([word, text]) => (
              <p key={word} className="mt-1">
                {word}: {text}.
              </p>
            ))}
          </details>
          {!current && error !== null && <p className="mt-2 text-xs text-muted">{error.field === null ? error.message : "Of the last values that could work."}</p>}
        </>
      )}
    </section>
  );
}

/** The same in a line, for a window in which the panel may be out of sight. */
export function EstimateLine({ state: { estimate, current } }: Pick<Props, "state">) {
  if (estimate === null) return null;
  return (
    <p className={`mr-auto min-w-0 text-xs text-muted lg:hidden ${current ? "" : "opacity-60"}`}>
      {estimate.fits === false && <span className="font-medium text-amber">doesn&rsquo;t fit · </span>}
      {f.bytes(estimate.memory_bytes)} · {f.bytes(estimate.disk_bytes)} on disk · {estimate.seconds === null ? "time not known" : timeWords(estimate)}
    </p>
  );
}

function Need({ word, value, of }: { word: string; value: ReactNode; of: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="caption">{word}</dt>
      <dd className="text-base font-semibold">{value}</dd>
      <dd className="text-2xs text-muted">{of}</dd>
    </div>
  );
}

function part(need: number, have: number | null): string {
  if (have === null) return "what is free isn't known";
  const percent = have > 0 ? (need / have) * 100 : Infinity;
  const share = percent < 1 ? "less than 1 %" : percent > 1000 ? "many times" : `${percent.toFixed(0)} %`;
  return `${share} of ${f.bytes(have)} free`;
}

function timeWords({ seconds }: TrainingEstimate): string {
  return seconds === null ? f.UNKNOWN : f.eta(seconds.low, seconds.high, null).replace(/ left$/, "");
}

function timeBasis({ seconds, basis }: TrainingEstimate): string {
  if (seconds === null) return "no run to judge by yet";
  return `by ${basis.runs.length} ${basis.runs.length === 1 ? "run" : "runs"} of like size`;
}

function Verdict({ estimate, current, onUse }: { estimate: TrainingEstimate; current: boolean; onUse: Props["onUse"] }) {
  const { fits, reason, suggestion, basis } = estimate;
  if (fits === true) return <p className="mt-3 text-xs text-green">It fits on {basis.host}.</p>;
  if (fits === null) return <p className="mt-3 text-xs text-amber">Whether it fits isn&rsquo;t known: {basis.memory.split("; ").pop()}.</p>;
  return (
    <div className="mt-3 rounded-md border border-amber/40 bg-amber-soft px-3 py-2 text-xs">
      <p>
        <span className="font-medium text-amber">It doesn&rsquo;t fit</span>
        {reason !== null && `: ${reason}.`}
      </p>
      {suggestion === null ? (
        <p className="mt-1.5">No one value would make it fit.</p>
      ) : (
        <p className="mt-1.5 flex flex-wrap items-center gap-2">
          <span>
            {LABELS.get(suggestion.field) ?? suggestion.field} {Array.isArray(suggestion.value) ? shown(suggestion.value) : f.count(suggestion.value)} would fit.
          </span>
          <button
            type="button"
            className="button"
            disabled={!current}
            onClick={() => {
              onUse(suggestion.field, shown(suggestion.value));
            }}
          >
            Use it
          </button>
        </p>
      )}
    </div>
  );
}
