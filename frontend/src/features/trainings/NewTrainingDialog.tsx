/** Starts a training on activations that have been extracted. */
import { FormDialog } from "@/components/FormDialog";
import { useReferences } from "@/hooks/useStores";
import { api, messageOf } from "@/lib/api";
import { count } from "@/lib/format";
import { navigate } from "@/lib/router";
import type { Extraction } from "@/lib/types/model";

interface Props {
  from: string | null;
  onClose: () => void;
}

function words(extraction: Extraction): string {
  const name = extraction.name ?? extraction.id;
  return `${name} · layers ${extraction.layers.join(", ")} · ${count(extraction.vectors)} vectors`;
}

export function NewTrainingDialog({ onClose }: Props) {
  const known = useReferences((state) => state.extractions);
  const extractions = [...known.values()].filter(({ status }) => status === "completed");
  return (
    <FormDialog
      title="New training"
      text="Trains a sparse autoencoder for each layer of the activations."
      submit="Train"
      onClose={onClose}
      fields={[
        { name: "extraction_id", label: "Activations", kind: "select", initial: extractions[0]?.id ?? "", options: extractions.map((each) => ({ value: each.id, word: words(each) })) },
        { name: "name", label: "Name", kind: "text", initial: "", hint: "chosen for you if empty" },
        { name: "n_features", label: "Features", kind: "number", initial: "1024" },
        { name: "k", label: "Active at once (k)", kind: "number", initial: "32" },
        { name: "total_steps", label: "Steps", kind: "number", initial: "1500" },
        { name: "batch_size", label: "Batch size", kind: "number", initial: "1024" },
      ]}
      onSubmit={async (values) => {
        const { name = "", extraction_id: extractionId = "" } = values;
        const numbers = Object.fromEntries(["n_features", "k", "total_steps", "batch_size"].map((key) => [key, Number(values[key])]));
        try {
          const training = await api.createTraining({ extraction_id: extractionId, ...(name === "" ? {} : { name }), ...numbers });
          navigate(`/trainings/${training.id}`);
        } catch (error) {
          return messageOf(error);
        }
        return null;
      }}
    />
  );
}
