/**
 * Asks what to change before a job runs again; opens with what the failure suggests. It stays open, with the reason at the
 * field, when the server refuses.
 */
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { useRetry } from "@/hooks/useRetry";
import { changedParams, fieldText, initialTexts, retryFields } from "@/lib/retryForm";
import type { Refusal, RetryRequest } from "@/lib/types/job";
import { RetryField } from "./RetryField";

interface Props {
  jobId: string;
  name: string;
  onClose: () => void;
}

export function RetryDialog({ jobId, name, onClose }: Props) {
  const { job, problem, checkpoint, submit } = useRetry(jobId);
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  const suggested = job?.suggested_retry_params;
  const fields = useMemo(() => retryFields(job?.params, suggested), [job?.params, suggested]);
  const [changed, setChanged] = useState<Record<string, string>>({});
  const [resume, setResume] = useState(true);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [busy, setBusy] = useState(false);
  const texts = { ...initialTexts(fields), ...changed };
  const first = fields.filter((field) => field.suggested !== undefined);
  const others = fields.filter((field) => field.suggested === undefined);
  const refusedOther = others.some((field) => field.name === refusal?.field);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
    };
  }, []);

  const send = async () => {
    const params = changedParams(fields, texts);
    const asked: RetryRequest = { ...(params === null ? {} : { params }), ...(checkpoint !== null && resume ? { resume: true } : {}) };
    setBusy(true);
    const refused = await submit(asked);
    setBusy(false);
    setRefusal(refused);
    if (refused === null) onClose();
  };

  const shown = (list: typeof fields) =>
    list.map((field) => (
      <RetryField
        key={field.name}
        field={field}
        text={texts[field.name] ?? ""}
        error={refusal?.field === field.name ? refusal.message : null}
        onText={(text) => {
          setChanged((known) => ({ ...known, [field.name]: text }));
        }}
      />
    ));

  return (
    <dialog ref={dialog} aria-labelledby={title} onClose={onClose} className="panel max-h-[min(640px,calc(100dvh-48px))] w-[min(480px,calc(100vw-32px))] p-0 text-fg shadow-xl">
      <form
        method="dialog"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <div className="px-5 pt-4 pb-4">
          <h2 id={title} className="text-base font-semibold break-words">
            Retry {name}
          </h2>
          <p className="mt-1 text-sm text-muted">
            {first.length === 0 ? "It runs again as a new job." : "It runs again as a new job, with what the failure suggests."}
          </p>
          {problem !== null && (
            <p role="alert" className="mt-2 text-sm text-red">
              Its parameters can&rsquo;t be shown: {problem}
            </p>
          )}
          <div className="mt-3 grid gap-3">{shown(first)}</div>
          {checkpoint !== null && (
            <label className="mt-3 flex items-center gap-2 text-sm">
              <input
                type="checkbox"
                checked={resume}
                onChange={(event) => {
                  setResume(event.target.checked);
                }}
              />
              Go on from its newest checkpoint, step {fieldText(checkpoint)}
            </label>
          )}
          {others.length > 0 && (
            <details className="mt-3" open={refusedOther || undefined}>
              <summary className="cursor-pointer text-sm text-muted hover:text-fg">{first.length === 0 ? "Change parameters" : "Other parameters"}</summary>
              <div className="mt-2 grid grid-cols-1 gap-3 sm:grid-cols-2">{shown(others)}</div>
            </details>
          )}
          {refusal !== null && !fields.some((field) => field.name === refusal.field) && (
            <p role="alert" className="mt-3 text-sm text-red">
              {refusal.message}
            </p>
          )}
        </div>
        <div className="sticky bottom-0 flex justify-end gap-2 border-t border-line bg-panel px-5 py-3">
          <button type="button" className="button" onClick={onClose}>
            Close
          </button>
          <button type="submit" className="button button-primary" disabled={busy || job === undefined}>
            {busy ? "Asking…" : "Retry"}
          </button>
        </div>
      </form>
    </dialog>
  );
}
