/** One dataset: where it comes from, what it holds, and what runs on it. */
import { useCallback, useState } from "react";
import { EntityState } from "@/components/EntityState";
import { ObstacleButton } from "@/components/ObstacleButton";
import { ErrorNote, Stat } from "@/components/States";
import { SubjectHeading, SubjectMissing } from "@/components/Subject";
import { useDeletions } from "@/hooks/useDeletions";
import { useFallbackPolling } from "@/hooks/useFallbackPolling";
import { useMilestones } from "@/hooks/useMilestones";
import { useNow } from "@/hooks/useNow";
import { useDatasets, useModels, useOperations } from "@/hooks/useStores";
import { useDatasetTransfers } from "@/hooks/useTransfersWebSocket";
import * as f from "@/lib/format";
import { errorWord } from "@/lib/jobWords";
import type { Dataset } from "@/lib/types/dataset";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";
import { DatasetRun } from "./DatasetRun";
import { DocumentLengths } from "./DocumentLengths";
import { hasFile } from "./DatasetsTable";
import { TokenizeDialog } from "./TokenizeDialog";
import { UsedByPanel } from "./UsedByPanel";

const TYPES = ["dataset", "model", "extraction"];

export function DatasetPage({ datasetId }: { datasetId: string }) {
  const dataset = useDatasets((state) => state.datasets).find(({ id }) => id === datasetId);
  const known = useModels((state) => state.models);
  const models = known.filter((model) => model.status === "ready" && model.has_tokenizer);
  const extractions = useModels((state) => state.extractions).filter(({ dataset_id }) => dataset_id === datasetId);
  const [error, setError] = useState<string | null>(null);
  const [tokenizing, setTokenizing] = useState(false);
  const fetch = useCallback(async () => {
    setError(await datasetsStore.getState().fetchDataset(datasetId));
  }, [datasetId]);
  const refetch = useCallback(() => {
    void fetch();
    void modelsStore.getState().fetchModels();
  }, [fetch]);
  useMilestones(TYPES, refetch);
  useDeletions(
    useCallback(
      (id: string) => {
        if (id === datasetId) setError("It was deleted.");
      },
      [datasetId],
    ),
  );
  useFallbackPolling(fetch);
  useDatasetTransfers([datasetId]);

  if (dataset === undefined) return <SubjectMissing kind="dataset" error={error} />;
  const busy = dataset.status === "downloading" || dataset.status === "tokenizing";
  return (
    <div className="flex flex-col gap-4" data-testid="dataset-page" data-status={dataset.status}>
      <section className="panel px-4 pt-3.5 pb-4" aria-label="Dataset">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <SubjectHeading kind="dataset" name={dataset.name} />
          <EntityState status={dataset.status} />
          {hasFile(dataset) && !busy && (
            <ObstacleButton
              obstacle={models.length === 0 ? "Import a model with a tokenizer first" : null}
              className={`ml-auto ${dataset.status === "tokenized" ? "" : "button-primary"}`}
              onClick={() => {
                setTokenizing(true);
              }}
            >
              {dataset.status === "tokenized" ? "Tokenize anew…" : "Tokenize…"}
            </ObstacleButton>
          )}
        </div>
        {(busy || !hasFile(dataset)) && (
          <div className="mt-3">
            <DatasetRun dataset={dataset} />
          </div>
        )}
        {hasFile(dataset) && <LastTokenization dataset={dataset} />}
        <Facts dataset={dataset} />
      </section>
      {error !== null && <ErrorNote onRetry={() => void fetch()}>{error}</ErrorNote>}
      {dataset.status === "tokenized" && <DocumentLengths dataset={dataset} />}
      {(dataset.status === "tokenized" || extractions.length > 0) && <UsedByPanel extractions={extractions} models={known} />}
      {tokenizing && (
        <TokenizeDialog
          dataset={dataset}
          models={models}
          onClose={() => {
            setTokenizing(false);
          }}
        />
      )}
    </div>
  );
}

/** Why there are no tokens, or none newer, if the last try failed. */
function LastTokenization({ dataset }: { dataset: Dataset }) {
  const job = useOperations((state) => state.operations[dataset.tokenize_job_id ?? ""]);
  if (job?.status !== "failed") return null;
  return (
    <p role="alert" className="mt-2 text-sm break-words">
      <span className="font-medium text-red">The last tokenization failed: {errorWord(job.error_type)}</span>
      {job.error_message !== null && <span className="text-muted"> — {job.error_message}</span>}
    </p>
  );
}

function perDocument({ tokens, documents }: Dataset): number | null {
  return tokens === null || documents === null || documents === 0 ? null : tokens / documents;
}

function Facts({ dataset }: { dataset: Dataset }) {
  const now = useNow(10_000);
  const fact = (label: string, value: React.ReactNode, mono = false) => (
    <div className="flex gap-4">
      <dt className="w-20 shrink-0 text-faint">{label}</dt>
      <dd className={`min-w-0 break-all ${mono ? "font-mono" : ""}`}>{value}</dd>
    </div>
  );
  return (
    <>
      {hasFile(dataset) && (
        <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4 xl:grid-cols-7" data-testid="dataset-statistics">
          <Stat label="Format" value={`${dataset.format ?? f.UNKNOWN}${dataset.compressed === true ? ", gzip" : ""}`} />
          <Stat label="Size" value={f.bytes(dataset.size_bytes)} />
          <Stat label="Documents" value={f.count(dataset.documents)} title={dataset.documents === null ? "Known once it is tokenized" : undefined} />
          <Stat label="Tokens" value={f.count(dataset.tokens)} title={dataset.tokens === null ? "Known once it is tokenized" : undefined} />
          <Stat label="Tokens a document" value={perDocument(dataset) === null ? f.UNKNOWN : f.count(perDocument(dataset))} title="Mean" />
          <Stat label="Vocabulary" value={f.count(dataset.vocab_size)} title="Of the tokenizer" />
          {dataset.text_field !== null && <Stat label="Text in" value={<span className="font-mono text-xs">{dataset.text_field}</span>} />}
        </dl>
      )}
      <dl className="mt-4 grid gap-1 text-xs">
        {fact(hasFile(dataset) ? "File" : "Folder", dataset.path, true)}
        {dataset.tokens_path !== null && fact("Tokens in", dataset.tokens_path, true)}
        {dataset.repo_id !== null &&
          fact(
            "From",
            <>
              {dataset.repo_id} at {dataset.revision ?? f.UNKNOWN}
              {dataset.split !== null && `, split ${dataset.split}`}
              {dataset.commit !== null && <span className="font-mono text-faint"> · {dataset.commit.slice(0, 12)}</span>}
            </>,
          )}
        {fact("Added", <span title={f.fullTime(dataset.created_at)}>{f.time(dataset.created_at, now)}</span>)}
      </dl>
    </>
  );
}
