/** The models that are known, with what they are; one that is not there says why. */
import { EntityState } from "@/components/EntityState";
import { Link } from "@/components/Link";
import { NameCell } from "@/components/NameCell";
import { ObstacleButton } from "@/components/ObstacleButton";
import { ProgressBar } from "@/components/ProgressBar";
import * as f from "@/lib/format";
import type { Model } from "@/lib/types/model";
import type { ExtractionState } from "@/stores/modelsStore";
import { ModelDownload } from "./ModelDownload";

interface Props {
  models: Model[];
  /** How many extractions there are of each. */
  extractions: Record<string, number>;
  running: Record<string, ExtractionState>;
  now: number;
  /** Why nothing can be extracted now, or null. */
  obstacle: string | null;
  onExtract: (model: Model) => void;
}

/** Columns after the state: what a model that isn't there has a reason for instead. */
const DESCRIBING = 9;

export function ModelsTable({ models, extractions, running, now, obstacle, onExtract }: Props) {
  return (
    <div className="panel relative overflow-x-auto" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col" className="max-xl:hidden">Architecture</th>
            <th scope="col" className="number max-md:hidden">Layers</th>
            <th scope="col" className="number max-xl:hidden">Width</th>
            <th scope="col" className="number max-xl:hidden">Vocabulary</th>
            <th scope="col" className="number max-md:hidden">Parameters</th>
            <th scope="col" className="number max-md:hidden">On disk</th>
            <th scope="col" className="max-md:hidden">Extractions</th>
            <th scope="col" className="number max-xl:hidden">Added</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => {
            const gone = model.status !== "ready";
            const extraction = running[model.id];
            return (
              <tr key={model.id} data-testid="model-row" data-model-id={model.id}>
                <NameCell href={`/models/${model.id}`} name={model.name} path={model.path} hub={model.repo_id} className="max-md:max-w-36" />
                <td>
                  <EntityState status={model.status} />
                </td>
                {gone ? (
                  <td colSpan={DESCRIBING} className="max-w-80 py-1.5">
                    <ModelDownload model={model} inRow />
                  </td>
                ) : (
                  <>
                    <td className="text-muted max-xl:hidden">
                      {model.architecture ?? f.UNKNOWN}
                      {!model.has_tokenizer && <span className="ml-2 text-xs text-amber">no tokenizer</span>}
                    </td>
                    <td className="number max-md:hidden">{f.count(model.n_layers)}</td>
                    <td className="number max-xl:hidden">{f.count(model.width)}</td>
                    <td className="number max-xl:hidden">{f.count(model.vocab_size)}</td>
                    <td className="number max-md:hidden" title={f.count(model.parameters)}>{f.compact(model.parameters)}</td>
                    <td className="number max-md:hidden">{f.bytes(model.size_bytes)}</td>
                    <td className="max-md:hidden">
                      <Extractions model={model} count={extractions[model.id] ?? 0} extraction={extraction} />
                    </td>
                    <td className="number text-muted max-xl:hidden" title={f.fullTime(model.created_at)}>
                      {f.time(model.created_at, now)}
                    </td>
                    <td className="text-right">
                      <ObstacleButton
                        obstacle={obstacle}
                        label={`Extract activations from ${model.name}`}
                        onClick={() => {
                          onExtract(model);
                        }}
                      >
                        Extract…
                      </ObstacleButton>
                    </td>
                  </>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Extractions({ model, count, extraction }: { model: Model; count: number; extraction: ExtractionState | undefined }) {
  const runs = extraction?.status === "running";
  return (
    <div className="flex items-center gap-2.5">
      <Link href={`/models/${model.id}`} className={`w-[2ch] text-right ${count > 0 ? "link" : "text-faint"}`} aria-label={`${count} extractions from ${model.name}`}>
        {count}
      </Link>
      <span className="flex w-30 items-center gap-2">
        {runs && (
          <>
            <ProgressBar className="w-12" value={extraction.progress} tone="active" label={`Extraction on ${model.name}`} moving />
            <span className="text-xs text-muted">{f.progressPercent(extraction.progress)}</span>
          </>
        )}
        {extraction?.status === "failed" && (
          <span className="text-xs text-red" title={extraction.error_message ?? undefined}>
            last one {extraction.error_type === "CANCELLED" ? "cancelled" : "failed"}
          </span>
        )}
      </span>
    </div>
  );
}
