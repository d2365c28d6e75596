/** Starts an extraction of activations from one model. */
import { FormDialog } from "@/components/FormDialog";
import { api, messageOf } from "@/lib/api";
import { navigate } from "@/lib/router";
import type { Dataset } from "@/lib/types/dataset";
import type { Model } from "@/lib/types/model";

interface Props {
  model: Model;
  /** Tokenized ones. */
  datasets: Dataset[];
  onClose: () => void;
}

export function ExtractDialog({ model, datasets, onClose }: Props) {
  const last = (model.n_layers ?? 1) - 1;
  return (
    <FormDialog
      title={`Extract activations from ${model.name}`}
      text="Runs a dataset through the model and keeps what the chosen layers compute."
      submit="Extract"
      onClose={onClose}
      fields={[
        { name: "dataset_id", label: "Dataset", kind: "select", initial: datasets[0]?.id ?? "", options: datasets.map((dataset) => ({ value: dataset.id, word: dataset.name })) },
        { name: "layers", label: "Layers", kind: "text", initial: String(Math.floor(last / 2)), hint: `0 to ${last}, such as 0, 2`, required: true },
        {
          name: "hook",
          label: "Where",
          kind: "select",
          initial: "residual",
          options: [
            { value: "residual", word: "residual stream, after the block" },
            { value: "mlp", word: "output of the MLP" },
            { value: "attention", word: "output of the attention" },
          ],
        },
        { name: "max_samples", label: "Samples", kind: "number", initial: "0", hint: "0: all" },
        { name: "context_length", label: "Tokens a sample", kind: "number", initial: "128" },
      ]}
      onSubmit={async (values) => {
        const layers = (values["layers"] ?? "").split(/[\s,]+/).filter((part) => part !== "");
        if (!layers.every((layer) => /^\d+$/.test(layer))) return "Layers are numbers, separated by commas.";
        try {
          await api.extract(model.id, {
            dataset_id: values["dataset_id"] ?? "",
            layers: layers.map(Number),
            hooks: [values["hook"] ?? "residual"],
            max_samples: Number(values["max_samples"]),
            context_length: Number(values["context_length"]),
          });
        } catch (error) {
          return messageOf(error);
        }
        navigate("/operations");
        return null;
      }}
    />
  );
}
