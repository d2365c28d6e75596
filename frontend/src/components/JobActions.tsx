/** What can be asked of a job that hasn't ended: pause, resume, finish early, cancel. Says what is asked for and not yet done. */
import { canCancel, canFinishEarly, canPause, canResume } from "@/lib/jobWords";
import type { Action, Control, Operation } from "@/lib/types/job";
import { Icon, type IconName } from "./Icon";

interface Props {
  job: Operation;
  /** What a screen reader is told after the button's word. */
  title: string;
  /** Where there is little room: all but Cancel show their icon only. */
  compact?: boolean;
  pending?: Action | undefined;
  onControl: (jobId: string, action: Control) => void;
}

const ASKING: Partial<Record<Action, string>> = {
  pause: "asking to pause…",
  resume: "asking to go on…",
  stop: "asking to finish…",
  cancel: "asking to stop…",
};
const ASKED: Record<string, string> = { pause: "pausing…", resume: "going on…", stop: "finishing early…" };

export function JobActions({ job, title, compact = false, pending, onControl }: Props) {
  const waiting = pending === undefined ? undefined : ASKING[pending];
  const asked = job.status === "cancelling" ? "stopping…" : job.control ? ASKED[job.control] : undefined;
  const button = (action: Control, word: string, icon: IconName, hint = word) => (
    <button
      type="button"
      className="button"
      aria-label={`${word} ${title}`}
      title={compact ? hint : undefined}
      onClick={() => {
        onControl(job.id, action);
      }}
    >
      <Icon name={icon} size={12} />
      {(!compact || action === "cancel") && word}
    </button>
  );
  return (
    <div className="flex flex-wrap items-center justify-end gap-1.5">
      {(waiting ?? asked) !== undefined && <span className="text-xs text-amber">{waiting ?? asked}</span>}
      {waiting === undefined && (
        <>
          {canPause(job) && button("pause", "Pause", "pause")}
          {canResume(job) && button("resume", "Resume", "play")}
          {canFinishEarly(job) && button("stop", "Finish", "check", "Finish early, with the result it has")}
          {canCancel(job.status) && button("cancel", "Cancel", "close")}
        </>
      )}
    </div>
  );
}
