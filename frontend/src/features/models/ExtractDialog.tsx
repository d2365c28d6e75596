/** Starts an extraction of activations from one model, and says beforehand how much it will write. */
import { useState } from "react";
import { ChipsField, errorOf, otherProblem, SelectField, TextField } from "@/components/Field";
import { Modal } from "@/components/Modal";
import { api, problemOf, type Problem } from "@/lib/api";
import { planExtraction } from "@/lib/extractionPlan";
import * as f from "@/lib/format";
import type { Dataset } from "@/lib/types/dataset";
import type { Extraction, Model } from "@/lib/types/model";

interface Props {
  model: Model;
  /** Tokenized ones. */
  datasets: Dataset[];
  onStarted: (extraction: Extraction) => void;
  onClose: () => void;
}

const HOOKS = [
  { value: "residual", word: "Residual stream" },
  { value: "mlp", word: "MLP output" },
  { value: "attention", word: "Attention output" },
];
const FIELDS = ["dataset_id", "layers", "hooks", "context_length", "batch_size", "max_samples", "dtype"];

export function ExtractDialog({ model, datasets, onStarted, onClose }: Props) {
  const count = model.n_layers ?? 0;
  const all = Array.from({ length: count }, (_, layer) => String(layer));
  const [datasetId, setDatasetId] = useState(datasets[0]?.id ?? "");
  const [layers, setLayers] = useState<ReadonlySet<string>>(new Set([String(Math.floor(Math.max(0, count - 1) / 2))]));
  const [hooks, setHooks] = useState<ReadonlySet<string>>(new Set(["residual"]));
  const [contextLength, setContextLength] = useState(String(Math.min(128, model.context_length ?? 128)));
  const [batchSize, setBatchSize] = useState("32");
  const [maxSamples, setMaxSamples] = useState("0");
  const [dtype, setDtype] = useState<"f32" | "f16">("f32");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const dataset = datasets.find(({ id }) => id === datasetId);
  const plan = planExtraction({
    tokens: dataset?.tokens ?? null,
    width: model.width,
    layers: layers.size,
    hooks: hooks.size,
    contextLength: Number(contextLength),
    maxSamples: Number(maxSamples),
    dtype,
  });
  const choose = (word: string, chosen: string[]) => (
    <button
      type="button"
      className="link text-2xs"
      onClick={() => {
        setLayers(new Set(chosen));
      }}
    >
      {word}
    </button>
  );
  const start = async () => {
    setBusy(true);
    try {
      const extraction = await api.extract(model.id, {
        dataset_id: datasetId,
        layers: [...layers].map(Number).sort((a, b) => a - b),
        hooks: HOOKS.map(({ value }) => value).filter((hook) => hooks.has(hook)),
        context_length: Number(contextLength),
        batch_size: Number(batchSize),
        max_samples: Number(maxSamples),
        dtype,
      });
      onStarted(extraction);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <Modal
      title={`Extract activations from ${model.name}`}
      text="Runs a dataset through the model and keeps what the chosen layers compute."
      submit="Extract"
      busy={busy}
      problem={otherProblem(problem, ...FIELDS)}
      footer={
        <span data-testid="extraction-plan">
          {plan === null ? "How much it writes is known once all is chosen." : `Writes about ${f.bytes(plan.bytes)}: ${f.count(plan.vectors)} vectors of ${f.count(model.width)}, ${setsWord(layers.size * hooks.size)}.`}
        </span>
      }
      onSubmit={() => void start()}
      onClose={onClose}
    >
      <SelectField
        className="col-span-2"
        label="Dataset"
        value={datasetId}
        onChange={setDatasetId}
        error={errorOf(problem, "dataset_id")}
        options={datasets.map(({ id, name, tokens }) => ({ value: id, word: `${name} · ${f.compact(tokens)} tokens` }))}
      />
      <ChipsField
        className="col-span-2"
        label="Layers"
        options={all.map((layer) => ({ value: layer, word: layer, name: `Layer ${layer}` }))}
        chosen={layers}
        onChange={setLayers}
        error={errorOf(problem, "layers")}
        actions={
          <>
            {choose("all", all)}
            {count > 4 && choose("every 4th", all.filter((_, i) => i % 4 === 0))}
            {choose("none", [])}
          </>
        }
      />
      <ChipsField className="col-span-2" label="Where in the layer" options={HOOKS} chosen={hooks} onChange={setHooks} error={errorOf(problem, "hooks")} />
      <TextField
        label="Tokens a sample"
        type="number"
        hint={model.context_length === null ? undefined : `at most ${f.count(model.context_length)}`}
        value={contextLength}
        onChange={setContextLength}
        error={errorOf(problem, "context_length")}
      />
      <TextField
        label="Samples at most"
        type="number"
        hint={plan === null ? "0: all" : `0: all · ${f.count(plan.samples)} will be run`}
        value={maxSamples}
        onChange={setMaxSamples}
        error={errorOf(problem, "max_samples")}
      />
      <TextField label="Samples a batch" type="number" value={batchSize} onChange={setBatchSize} error={errorOf(problem, "batch_size")} />
      <SelectField
        label="Precision on disk"
        value={dtype}
        onChange={(value) => {
          setDtype(value === "f16" ? "f16" : "f32");
        }}
        error={errorOf(problem, "dtype")}
        options={[
          { value: "f32", word: "32-bit" },
          { value: "f16", word: "16-bit, half the size" },
        ]}
      />
    </Modal>
  );
}

function setsWord(sets: number): string {
  return sets === 1 ? "one set" : `${f.count(sets)} sets`;
}
