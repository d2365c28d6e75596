import { statusTone, statusWord, type Tone } from "@/lib/jobWords";
import { Icon, type IconName } from "./Icon";

const LOOK: Record<Tone, string> = {
  active: "text-accent",
  waiting: "text-muted",
  warning: "text-amber",
  failure: "text-red",
  done: "text-green",
  quiet: "text-muted",
};

const MARKS: Partial<Record<string, IconName>> = {
  queued: "clock",
  paused: "pause",
  stalled: "alert",
  cancelling: "stop",
  cancelled: "close",
  completed: "check",
  failed: "alert",
};

/** The state in one word, with a shape of its own beside the colour. */
export function StatusBadge({ status }: { status: string }) {
  const mark = MARKS[status];
  return (
    <span className={`inline-flex items-center gap-1.5 align-middle leading-4 text-xs font-medium whitespace-nowrap ${LOOK[statusTone(status)]}`} data-status={status}>
      {mark === undefined ? (
        <span className="mx-[3px] size-1.5 rounded-full bg-current" aria-hidden="true" />
      ) : (
        <Icon name={mark} size={12} />
      )}
      {statusWord(status)}
    </span>
  );
}
