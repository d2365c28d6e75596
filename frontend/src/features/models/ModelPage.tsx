/** One model: what it is, where it comes from, its download while that runs, and the extractions from it. */
import { useCallback, useState } from "react";
import { EntityState } from "@/components/EntityState";
import { Link } from "@/components/Link";
import { ObstacleButton } from "@/components/ObstacleButton";
import { ErrorNote, Stat } from "@/components/States";
import { SubjectHeading, SubjectMissing } from "@/components/Subject";
import { useExtractionsWebSocket } from "@/hooks/useExtractionsWebSocket";
import { useDeletions } from "@/hooks/useDeletions";
import { useFallbackPolling } from "@/hooks/useFallbackPolling";
import { useMilestones } from "@/hooks/useMilestones";
import { useNow } from "@/hooks/useNow";
import { useDatasets, useModels } from "@/hooks/useStores";
import { useModelDownloads } from "@/hooks/useTransfersWebSocket";
import * as f from "@/lib/format";
import type { Model } from "@/lib/types/model";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";
import { ExtractDialog } from "./ExtractDialog";
import { ExtractionsPanel } from "./ExtractionsPanel";
import { ModelDownload } from "./ModelDownload";

const TYPES = ["model", "extraction", "dataset"];

export function ModelPage({ modelId }: { modelId: string }) {
  const model = useModels((state) => state.models).find(({ id }) => id === modelId);
  const extractions = useModels((state) => state.extractions).filter(({ model_id }) => model_id === modelId);
  const datasets = useDatasets((state) => state.datasets);
  const [error, setError] = useState<string | null>(null);
  const [extracting, setExtracting] = useState(false);
  const fetch = useCallback(async () => {
    setError(await modelsStore.getState().fetchModel(modelId));
  }, [modelId]);
  const refetch = useCallback(() => {
    void fetch();
    void datasetsStore.getState().fetchDatasets();
  }, [fetch]);
  useMilestones(TYPES, refetch);
  useDeletions(
    useCallback(
      (id: string) => {
        if (id === modelId) setError("It was deleted.");
      },
      [modelId],
    ),
  );
  useFallbackPolling(fetch);
  useExtractionsWebSocket([modelId]);
  useModelDownloads(model?.status === "downloading" ? [modelId] : []);
  const tokenized = datasets.filter(({ status }) => status === "tokenized");

  if (model === undefined) return <SubjectMissing kind="model" error={error} />;
  const ready = model.status === "ready";
  const obstacle = tokenized.length === 0 ? "Tokenize a dataset first" : null;
  return (
    <div className="flex flex-col gap-4" data-testid="model-page" data-status={model.status}>
      <section className="panel px-4 pt-3.5 pb-4" aria-label="Model">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <SubjectHeading kind="model" name={model.name} />
          <EntityState status={model.status} />
          {ready && (
            <ObstacleButton
              obstacle={obstacle}
              className="button-primary ml-auto"
              onClick={() => {
                setExtracting(true);
              }}
            >
              Extract…
            </ObstacleButton>
          )}
        </div>
        {!ready && (
          <div className="mt-3">
            <ModelDownload model={model} />
          </div>
        )}
        <Facts model={model} />
      </section>
      {error !== null && <ErrorNote onRetry={() => void fetch()}>{error}</ErrorNote>}
      {(ready || extractions.length > 0) && (
        <ExtractionsPanel extractions={extractions} datasets={datasets}>
          None yet.{" "}
          {obstacle === null ? (
            "Extract what its layers compute on a dataset, to train on it."
          ) : (
            <>
              One needs a tokenized{" "}
              <Link href="/datasets" className="link">
                dataset
              </Link>
              .
            </>
          )}
        </ExtractionsPanel>
      )}
      {extracting && (
        <ExtractDialog
          model={model}
          datasets={tokenized}
          onStarted={() => {
            setExtracting(false);
            void fetch();
          }}
          onClose={() => {
            setExtracting(false);
          }}
        />
      )}
    </div>
  );
}

function Facts({ model }: { model: Model }) {
  const now = useNow(10_000);
  return (
    <>
      {model.status === "ready" && (
        <dl className="mt-4 grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4 xl:grid-cols-9">
          <Stat label="Architecture" value={model.architecture ?? f.UNKNOWN} />
          <Stat label="Layers" value={f.count(model.n_layers)} />
          <Stat label="Width" value={f.count(model.width)} />
          <Stat label="Heads" value={f.count(model.n_heads)} />
          <Stat label="Context" value={f.count(model.context_length)} title="Tokens at most" />
          <Stat label="Vocabulary" value={f.count(model.vocab_size)} />
          <Stat label="Parameters" value={f.compact(model.parameters)} title={f.count(model.parameters)} />
          <Stat label="Stored as" value={model.dtype ?? f.UNKNOWN} />
          <Stat label="On disk" value={f.bytes(model.size_bytes)} />
        </dl>
      )}
      <dl className="mt-4 grid gap-1 text-xs">
        <Fact label="Folder" mono>{model.path}</Fact>
        {model.repo_id !== null && (
          <Fact label="From">
            {model.repo_id} at {model.revision ?? f.UNKNOWN}
            {model.commit !== null && <span className="font-mono text-faint"> · {model.commit.slice(0, 12)}</span>}
          </Fact>
        )}
        <Fact label="Tokenizer">{model.status !== "ready" ? f.UNKNOWN : model.has_tokenizer ? "tokenizer.json" : <span className="text-amber">none: it can tokenize no dataset</span>}</Fact>
        <Fact label="Added">
          <span title={f.fullTime(model.created_at)}>{f.time(model.created_at, now)}</span>
        </Fact>
      </dl>
    </>
  );
}

function Fact({ label, mono = false, children }: { label: string; mono?: boolean; children: React.ReactNode }) {
  return (
    <div className="flex gap-4">
      <dt className="w-20 shrink-0 text-faint">{label}</dt>
      <dd className={`min-w-0 break-all ${mono ? "font-mono" : ""}`}>{children}</dd>
    </div>
  );
}
