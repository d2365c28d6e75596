/** In a sentence, what the state means: why it failed, since when nothing was heard, what it waits for. */
import * as f from "@/lib/format";
import { errorWord } from "@/lib/jobWords";
import type { Operation } from "@/lib/types/job";
import type { KnownTraining } from "@/stores/trainingsStore";

interface Props {
  training: KnownTraining;
  job: Operation | undefined;
  now: number;
  actionError: string | undefined;
}

/** A running training that was silent for so long says so, before the server calls it stalled. */
const QUIET_MS = 15_000;

function words({ training, job, now }: Props): { text: string; tone: string } | null {
  const last = job?.last_report_at ?? null;
  const heard = last === null ? training.updated_at : last;
  switch (training.status) {
    case "queued":
      return { text: job?.status_text ?? "Waits for a free slot.", tone: "text-muted" };
    case "starting":
      return { text: job?.status_text ?? "Its process is being started.", tone: "text-muted" };
    case "paused":
      return { text: job?.status_text ?? "It goes on where it stands when it is resumed.", tone: "text-muted" };
    case "stalled":
      return { text: job?.status_text ?? `No report since ${f.time(heard, now)}.`, tone: "text-amber" };
    case "cancelling":
      return { text: job?.status_text ?? "It was asked to stop, and hasn't yet.", tone: "text-amber" };
    case "running": {
      if (job?.status_text !== null && job?.status_text !== undefined) return { text: job.status_text, tone: "text-amber" };
      const quiet = last === null ? 0 : now - Date.parse(last);
      return quiet > QUIET_MS ? { text: `Last report ${f.age(quiet)} ago.`, tone: "text-amber" } : null;
    }
    default:
      return null;
  }
}

export function StateLine(props: Props) {
  const { training, actionError } = props;
  const line = words(props);
  return (
    <>
      {training.status === "failed" && (
        <p className="mt-2 text-sm break-words" role="alert">
          <span className="font-medium text-red">{errorWord(training.error_type ?? null)}</span>
          {training.error_message !== null && training.error_message !== undefined && <span className="text-muted"> — {training.error_message}</span>}
        </p>
      )}
      {line !== null && <p className={`mt-2 text-sm ${line.tone}`}>{line.text}</p>}
      {actionError !== undefined && (
        <p className="mt-2 text-sm text-red" role="alert">
          {actionError}
        </p>
      )}
    </>
  );
}
