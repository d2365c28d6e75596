/** Turns a dataset's text into token ids, with a model's tokenizer. */
import { useState } from "react";
import { errorOf, otherProblem, SelectField, TextField } from "@/components/Field";
import { Modal } from "@/components/Modal";
import type { Problem } from "@/lib/api";
import type { Dataset } from "@/lib/types/dataset";
import type { Model } from "@/lib/types/model";
import { datasetsStore } from "@/stores/datasetsStore";

interface Props {
  dataset: Dataset;
  /** With a tokenizer. */
  models: Model[];
  onClose: () => void;
}

const FIELDS = ["model_id", "max_documents", "text_field"];

export function TokenizeDialog({ dataset, models, onClose }: Props) {
  const [modelId, setModelId] = useState(models[0]?.id ?? "");
  const [documents, setDocuments] = useState("0");
  const [textField, setTextField] = useState(dataset.text_field ?? "");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const jsonl = dataset.format === "jsonl";
  const start = async () => {
    setBusy(true);
    const found = await datasetsStore.getState().tokenize(dataset.id, {
      model_id: modelId,
      max_documents: Number(documents),
      ...(jsonl && textField.trim() !== "" ? { text_field: textField.trim() } : {}),
    });
    if (found === null) onClose();
    setProblem(found);
    setBusy(false);
  };
  return (
    <Modal
      title={`Tokenize ${dataset.name}`}
      text={
        dataset.status === "tokenized"
          ? "Its tokens of now are replaced when the new ones are whole."
          : "Each document becomes a row of token ids. The file itself stays as it is."
      }
      submit="Tokenize"
      busy={busy}
      problem={otherProblem(problem, ...FIELDS)}
      onSubmit={() => void start()}
      onClose={onClose}
    >
      <SelectField
        className="col-span-2"
        label="Tokenizer of"
        hint="Activations can then be extracted with any model of the same tokenizer."
        value={modelId}
        onChange={setModelId}
        error={errorOf(problem, "model_id")}
        options={models.map(({ id, name }) => ({ value: id, word: name }))}
      />
      <TextField className={jsonl ? "" : "col-span-2"} label="Documents at most" type="number" hint="0: all" value={documents} onChange={setDocuments} error={errorOf(problem, "max_documents")} />
      {jsonl && <TextField label="Field with the text" hint="of each line’s object" mono value={textField} onChange={setTextField} error={errorOf(problem, "text_field")} />}
    </Modal>
  );
}
