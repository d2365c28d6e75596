/** Asks what to change before a job runs again; opens with what the failure suggests. */
import { useEffect, useId, useRef, useState } from "react";
import type { JsonObject, JsonValue } from "@/lib/types/job";

interface Props {
  name: string;
  suggested: JsonObject | null;
  onRetry: (changed: JsonObject | null) => void;
  onClose: () => void;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

export function RetryDialog({ name, suggested, onRetry, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(
      Object.entries(suggested ?? {}).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  );
  const keys = Object.keys(values);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal?.();
    return () => {
      element?.close?.();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      aria-labelledby={title}
      onClose={onClose}
      className="panel w-[min(420px,calc(100vw-32px))] p-0 text-fg shadow-xl"
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          onRetry(keys.length === 0 ? null : Object.fromEntries(keys.map((key) => [key, parse(values[key] ?? "")])));
        }}
      >
        <div className="px-5 pt-4 pb-3">
          <h2 id={title} className="text-base font-semibold">
            Retry {name}
          </h2>
          <p className="mt-1 text-sm text-muted">
            {keys.length === 0
              ? "It runs again with the same parameters, as a new job."
              : "It runs again as a new job, with these parameters changed as the failure suggests."}
          </p>
          {keys.map((key) => (
            <label key={key} className="mt-3 block">
              <span className="caption block font-mono">{key}</span>
              <input
                className="field mt-1 w-full font-mono"
                value={values[key] ?? ""}
                onChange={(event) => {
                  setValues({ ...values, [key]: event.target.value });
                }}
              />
            </label>
          ))}
        </div>
        <div className="flex justify-end gap-2 border-t border-line px-5 py-3">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="button button-primary">
            Retry
          </button>
        </div>
      </form>
    </dialog>
  );
}
