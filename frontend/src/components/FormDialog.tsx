/** A few fields that start something. It stays open, with the reason, when the server refuses. */
import { useEffect, useId, useRef, useState } from "react";

export interface FormField {
  name: string;
  label: string;
  kind: "text" | "number" | "select";
  initial: string;
  options?: { value: string; word: string }[];
  hint?: string;
  required?: boolean;
}

interface Props {
  title: string;
  text: string;
  submit: string;
  fields: FormField[];
  /** Returns what is wrong, or null when it has started. */
  onSubmit: (values: Record<string, string>) => Promise<string | null>;
  onClose: () => void;
}

export function FormDialog({ title, text, submit, fields, onSubmit, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const [values, setValues] = useState<Record<string, string>>(() => Object.fromEntries(fields.map((field) => [field.name, field.initial])));
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
    };
  }, []);

  const set = (name: string, value: string) => {
    setValues((known) => ({ ...known, [name]: value }));
  };
  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={onClose} className="panel w-[min(440px,calc(100vw-32px))] p-0 text-fg shadow-xl">
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          setBusy(true);
          void onSubmit(values).then((message) => {
            setBusy(false);
            setProblem(message);
            if (message === null) onClose();
          });
        }}
      >
        <div className="px-5 pt-4 pb-4">
          <h2 id={titleId} className="text-base font-semibold">
            {title}
          </h2>
          <p className="mt-1 text-sm text-muted">{text}</p>
          <div className="mt-3 grid grid-cols-2 gap-x-3 gap-y-3">
            {fields.map((field) => (
              <label key={field.name} className={field.kind === "number" ? "" : "col-span-2"}>
                <span className="caption block">
                  {field.label}
                  {field.hint !== undefined && <span> · {field.hint}</span>}
                </span>
                {field.kind === "select" ? (
                  <select
                    className="field mt-1 w-full py-0"
                    value={values[field.name] ?? ""}
                    required
                    onChange={(event) => {
                      set(field.name, event.target.value);
                    }}
                  >
                    {(field.options ?? []).map((option) => (
                      <option key={option.value} value={option.value}>
                        {option.word}
                      </option>
                    ))}
                  </select>
                ) : (
                  <input
                    className="field mt-1 w-full"
                    type={field.kind}
                    min={field.kind === "number" ? 0 : undefined}
                    required={field.required}
                    value={values[field.name] ?? ""}
                    onChange={(event) => {
                      set(field.name, event.target.value);
                    }}
                  />
                )}
              </label>
            ))}
          </div>
          {problem !== null && (
            <p role="alert" className="mt-3 text-sm text-red">
              {problem}
            </p>
          )}
        </div>
        <div className="flex justify-end gap-2 border-t border-line px-5 py-3">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="button button-primary" disabled={busy}>
            {busy ? "Starting…" : submit}
          </button>
        </div>
      </form>
    </dialog>
  );
}
