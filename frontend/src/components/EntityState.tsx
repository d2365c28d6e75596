/** The state of a model or a dataset in words, with a shape of its own; why there is nothing, and what to do then. */
import { useState } from "react";
import { Icon, type IconName } from "@/components/Icon";
import type { JobHandle } from "@/hooks/useJobControl";
import { errorWord } from "@/lib/jobWords";
import { RemoveDownloadDialog } from "./RemoveDownloadDialog";

const LOOK: Record<string, { icon: IconName; word: string; className: string }> = {
  ready: { icon: "check", word: "ready", className: "text-green" },
  tokenized: { icon: "check", word: "tokenized", className: "text-green" },
  failed: { icon: "alert", word: "failed", className: "text-red" },
  cancelled: { icon: "close", word: "cancelled", className: "text-muted" },
  downloading: { icon: "download", word: "downloading", className: "text-accent" },
  tokenizing: { icon: "clock", word: "tokenizing", className: "text-accent" },
};

export function EntityState({ status }: { status: string }) {
  const look = LOOK[status];
  return (
    <span className={`inline-flex items-center gap-1.5 align-middle text-xs leading-4 font-medium whitespace-nowrap ${look?.className ?? "text-muted"}`} data-status={status}>
      <Icon name={look?.icon ?? "help"} size={12} />
      {look?.word ?? status}
    </span>
  );
}

interface FailureProps {
  name: string;
  status: string;
  type: string | null;
  message: string | null;
  run: JobHandle;
  /** Where what has come of it lies. */
  path: string;
  /** Takes it out of the list; returns why that was refused, or null. */
  remove: () => Promise<string | null>;
  /** In a row: on a phone the reason is left to the page of its own. */
  inRow?: boolean;
}

/** Why a download has left nothing, the way to try it again, which goes on with what has come, and the way to be rid of it. */
export function DownloadFailure({ name, status, type, message, run, path, remove, inRow = false }: FailureProps) {
  const [removing, setRemoving] = useState(false);
  return (
    <div className="flex flex-wrap items-center justify-end gap-x-3 gap-y-1.5 whitespace-normal">
      <p className={`min-w-0 flex-1 basis-52 text-xs break-words ${inRow ? "max-md:hidden" : ""}`}>
        {status === "cancelled" ? (
          <span className="text-muted">The download was cancelled. What has come is kept.</span>
        ) : (
          <>
            <span className="font-medium text-red">{errorWord(type)}</span>
            {message !== null && <span className="text-muted"> — {message}</span>}
          </>
        )}
        {run.refused !== undefined && (
          <span role="alert" className="block text-red">
            {run.refused}
          </span>
        )}
      </p>
      {run.jobId !== null && (
        <button
          type="button"
          className="button"
          aria-label={`Download ${name} again`}
          disabled={run.pending !== undefined}
          onClick={run.retry}
        >
          <Icon name="retry" size={12} />
          Try again
        </button>
      )}
      <button
        type="button"
        className="button"
        aria-label={`Remove ${name}`}
        onClick={() => {
          setRemoving(true);
        }}
      >
        Remove…
      </button>
      {removing && (
        <RemoveDownloadDialog
          name={name}
          path={path}
          remove={remove}
          onClose={() => {
            setRemoving(false);
          }}
        />
      )}
    </div>
  );
}
