/** Why the job ended, above what it wrote: nobody has to look for it in the lines. */
import { Icon } from "@/components/Icon";
import * as f from "@/lib/format";
import { errorWord } from "@/lib/jobWords";
import type { Operation } from "@/lib/types/job";

export function ExitCause({ job, now }: { job: Operation; now: number }) {
  if (job.status !== "failed") return null;
  return (
    <div className="flex items-start gap-2.5 border-t border-line bg-red-soft px-4 py-2 text-sm" data-testid="exit-cause">
      <Icon name="alert" size={14} className="mt-[3px] text-red" />
      <p className="min-w-0 flex-1 break-words">
        <span className="font-medium text-red">{errorWord(job.error_type)}</span>
        {job.error_message !== null && job.error_message !== "" && <span> — {job.error_message}</span>}
        <span className="text-muted">
          {" "}
          · ended {f.time(job.finished_at, now)}
          {job.attempt > 1 && ` · attempt ${job.attempt}`}
        </span>
      </p>
    </div>
  );
}
