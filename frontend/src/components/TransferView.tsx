/** What brings or makes something's files, live: how far, how fast, which file, and what can be asked of it. */
import { JobActions } from "@/components/JobActions";
import { ProgressBar } from "@/components/ProgressBar";
import { StatusBadge } from "@/components/StatusBadge";
import type { JobHandle } from "@/hooks/useJobControl";
import * as f from "@/lib/format";
import { statusTone } from "@/lib/jobWords";
import { newestTransfer, placeLine, transferLine, type Transfer } from "@/lib/transfer";

interface Props {
  /** What is being downloaded or tokenized. */
  name: string;
  run: JobHandle;
  live: Transfer | undefined;
}

export function TransferView({ name, run: { job, pending, refused, control }, live }: Props) {
  const transfer = newestTransfer(live, job);
  const status = job?.status ?? "running";
  const moving = status === "running";
  const action = transfer?.operation === "tokenize" ? "Tokenization" : "Download";
  return (
    <div data-testid="transfer" data-status={status} className="min-w-0">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <StatusBadge status={status} />
        <span className="w-[8ch] text-sm font-medium" data-testid="transfer-progress">
          {f.progressPercent(transfer?.progress)}
        </span>
        <span className="min-w-0 flex-1 basis-40 truncate text-xs text-muted" title={transfer === undefined ? undefined : placeLine(transfer)}>
          {transfer === undefined ? "" : placeLine(transfer)}
        </span>
        {job !== undefined && (
          <JobActions job={job} title={`the ${action.toLowerCase()} of ${name}`} pending={pending} onControl={control} />
        )}
      </div>
      <ProgressBar className="mt-1.5" value={transfer?.progress ?? null} tone={statusTone(status)} label={`${action} of ${name}`} moving={moving} />
      <p className="mt-1.5 min-h-4 text-xs text-muted" data-testid="transfer-line">
        {transfer === undefined ? "" : transferLine(transfer, moving)}
        {job?.status_text !== null && job?.status_text !== undefined && ` ${job.status_text}`}
        {job !== undefined && job.attempt > 1 && ` · attempt ${job.attempt}`}
      </p>
      {refused !== undefined && (
        <p role="alert" className="mt-1 text-xs text-red">
          {refused}
        </p>
      )}
    </div>
  );
}
