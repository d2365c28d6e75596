/** The state of a model or a dataset in words, with a shape of its own; why there is nothing, and what to do then. */
import { Icon, type IconName } from "@/components/Icon";
import type { JobHandle } from "@/hooks/useJobControl";
import { errorWord } from "@/lib/jobWords";

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
  /** In a row: on a phone the reason is left to the page of its own. */
  inRow?: boolean;
}

/** Why a download has left nothing, and the way to try it again: it goes on with what has come. */
export function DownloadFailure({ name, status, type, message, run, inRow = false }: FailureProps) {
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
    </div>
  );
}
