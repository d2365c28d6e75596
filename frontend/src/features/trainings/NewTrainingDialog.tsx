/** Starts a training on activations that have been extracted, and says beforehand what it would take. */
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { ErrorNote } from "@/components/States";
import { useEstimate } from "@/hooks/useEstimate";
import { useReferences } from "@/hooks/useStores";
import { api, ApiError, messageOf } from "@/lib/api";
import { count } from "@/lib/format";
import { navigate } from "@/lib/router";
import { FIELD_NAMES, GROUPS, RequestKey, requestBody, TEMPLATES, valuesOf, withTemplate, type FormValues } from "@/lib/trainingForm";
import { EstimateLine, EstimatePanel } from "./EstimatePanel";
import { ExtractionField, NameField } from "./ExtractionField";
import { TrainingFields, type FieldProblem } from "./TrainingFields";

interface Props {
  /** The training whose parameters it begins with; null: the defaults. */
  from: string | null;
  onClose: () => void;
}

export function NewTrainingDialog({ from, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const extractions = useReferences((state) => state.extractions);
  const modelNames = useReferences((state) => state.modelNames);
  const datasetNames = useReferences((state) => state.datasetNames);
  const usable = useMemo(() => [...extractions.values()].filter(({ status }) => status === "completed"), [extractions]);
  const [extractionId, setExtractionId] = useState("");
  const [name, setName] = useState("");
  const [values, setValues] = useState<FormValues>({});
  const [refusal, setRefusal] = useState<{ body: string; problem: FieldProblem | null; message: string } | null>(null);
  const [original, setOriginal] = useState<{ name: string; problem: string | null } | null>(null);
  const [busy, setBusy] = useState(false);
  const [keys] = useState(() => new RequestKey());

  const chosen = extractionId === "" ? (usable[0]?.id ?? "") : extractionId;
  const extraction = extractions.get(chosen);
  const body = useMemo(() => requestBody(chosen, name, values), [chosen, name, values]);
  const text = JSON.stringify(body);
  const state = useEstimate(chosen === "" || (from !== null && original === null) ? null : body);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    element?.querySelector<HTMLElement>("[name=extraction_id]")?.focus();
    return () => {
      element?.close();
    };
  }, []);

  useEffect(() => {
    if (from === null) return;
    let over = false;
    api.training(from).then(
      (training) => {
        if (over) return;
        const title = training.name ?? training.id;
        if (training.extraction_id === null) {
          setOriginal({ name: title, problem: "it was not trained on extracted activations" });
          return;
        }
        setExtractionId(training.extraction_id);
        setValues(valuesOf(training.params));
        setOriginal({ name: title, problem: null });
      },
      (error: unknown) => {
        if (!over) setOriginal({ name: from, problem: messageOf(error) });
      },
    );
    return () => {
      over = true;
    };
  }, [from]);

  // Once it is unfolded.
  useEffect(() => {
    if (refusal?.problem) dialog.current?.querySelector<HTMLElement>(`[name="${refusal.problem.field.replace(/[^\w]/g, "")}"]`)?.focus();
  }, [refusal]);

  // What was refused on submitting stands until something is changed; what an estimate finds comes as one types.
  const submitted = refusal?.body === text ? refusal : null;
  const found = state.error?.field === null || state.error === null ? null : { field: state.error.field, message: state.error.message };
  const problem = submitted === null ? found : submitted.problem;
  const general = submitted !== null && submitted.problem === null ? submitted.message : null;
  const elsewhere = problem !== null && !FIELD_NAMES.includes(problem.field) && !["extraction_id", "name"].includes(problem.field);

  const submit = async () => {
    setBusy(true);
    try {
      const made = await api.createTraining({ ...body, idempotency_key: keys.of(body) });
      const id = "entity_id" in made ? (made.entity_id ?? made.id) : made.id;
      onClose();
      navigate(`/trainings/${encodeURIComponent(id)}`);
    } catch (error) {
      const field = error instanceof ApiError ? error.field : null;
      setRefusal({ body: text, problem: field === null ? null : { field, message: messageOf(error) }, message: messageOf(error) });
    } finally {
      setBusy(false);
    }
  };

  const set = (field: string, value: string) => {
    setValues((known) => ({ ...known, [field]: value }));
  };
  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose} className="panel m-auto max-h-[calc(100dvh-24px)] w-[min(940px,calc(100vw-16px))] overflow-hidden p-0 text-fg shadow-xl">
      <form
        method="dialog"
        noValidate
        className="flex max-h-[calc(100dvh-26px)] flex-col"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <div className="border-b border-line px-5 py-3">
          <h2 id={title} className="text-base font-semibold">
            {original?.problem === null ? `New training from ${original.name}` : "New training"}
          </h2>
        </div>
        <div className="grid min-h-0 flex-1 gap-5 overflow-y-auto px-5 py-4 lg:grid-cols-[minmax(0,1fr)_250px]">
          <div className="flex min-w-0 flex-col gap-5">
            {original !== null && original.problem !== null && <ErrorNote>The parameters of {original.name} can&rsquo;t be taken: {original.problem}</ErrorNote>}
            <div className="grid gap-x-4 gap-y-3.5 sm:grid-cols-2">
              <ExtractionField
                value={chosen}
                options={usable.map((each) => ({ value: each.id, word: `${each.name ?? each.id} · layers ${each.layers.join(", ")} · ${count(each.vectors)} vectors` }))}
                about={extraction === undefined ? "" : `From ${modelNames.get(extraction.model_id) ?? extraction.model_id} on ${datasetNames.get(extraction.dataset_id) ?? extraction.dataset_id}, ${count(extraction.width)} wide.`}
                problem={problem?.field === "extraction_id" ? problem.message : null}
                onChange={setExtractionId}
              />
              <NameField value={name} onChange={setName} problem={problem?.field === "name" ? problem.message : null} />
            </div>
            <div role="group" aria-label="Begin with" className="flex flex-wrap items-center gap-1.5">
              <span className="mr-1 text-xs text-muted">Begin with</span>
              {TEMPLATES.map((template) => (
                <button
                  key={template.key}
                  type="button"
                  className="button"
                  title={template.about}
                  onClick={() => {
                    setValues((known) => withTemplate(known, template, extraction));
                  }}
                >
                  {template.word}
                </button>
              ))}
            </div>
            {GROUPS.map((group) => (
              <TrainingFields key={group.title} group={group} values={values} defaults={state.estimate?.params ?? null} extraction={extraction} problem={problem} onChange={set} />
            ))}
          </div>
          <div className="lg:sticky lg:top-0 lg:self-start">
            <EstimatePanel state={state} onUse={set} />
          </div>
        </div>
        <div className="flex items-center justify-end gap-2 border-t border-line px-5 py-3">
          {general !== null || elsewhere ? (
            <p role="alert" className="mr-auto min-w-0 text-sm text-red">
              {general ?? problem?.message}
            </p>
          ) : (
            <EstimateLine state={state} />
          )}
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="button button-primary" disabled={busy || chosen === ""}>
            {busy ? "Starting…" : "Train"}
          </button>
        </div>
      </form>
    </dialog>
  );
}
