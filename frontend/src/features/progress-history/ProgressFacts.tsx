/** The curves in words: how long each ran and in which phases, and how long it stood. */
import { LineSwatch } from "@/components/LineSwatch";
import * as f from "@/lib/format";
import { attemptsOf, pausesOf } from "@/lib/progressCurve";
import type { RunLook } from "@/lib/runLook";
import type { NamedHistory } from "./useHistories";

interface Props {
  histories: NamedHistory[];
  labels: ReadonlyMap<string, string> | undefined;
  looks: ReadonlyMap<string, RunLook> | undefined;
}

export function progressFacts({ history }: NamedHistory): string {
  const attempts = attemptsOf(history?.snapshots ?? []);
  const attempt = attempts[attempts.length - 1];
  const last = attempt?.[attempt.length - 1]?.metrics;
  if (attempt === undefined || last === undefined) return "no snapshot yet";
  const pauses = pausesOf(attempt);
  const stood = pauses.reduce((sum, pause) => sum + pause.seconds, 0);
  const phases = last.phases.map(({ name, seconds }) => `${name} ${f.duration(seconds)}`);
  const goesOn = last.status === "running" || last.status === "stalled" || last.status === "cancelling";
  return [
    `ran ${f.duration(last.elapsed_seconds)}${goesOn ? " up to its last snapshot" : ""}`,
    ...(phases.length > 1 ? [phases.join(", ")] : []),
    ...(pauses.length > 0 ? [`paused ${pauses.length === 1 ? "once" : `${pauses.length} times`}, ${f.duration(stood)} in all`] : []),
    ...(last.status === "paused" ? ["paused now"] : []),
    ...(attempts.length > 1 ? [`attempt ${attempts.length} of those kept`] : []),
    ...(last.reached === null ? ["tells no percentage"] : []),
  ].join(" · ");
}

export function ProgressFacts({ histories, labels, looks }: Props) {
  const many = histories.length > 1;
  return (
    <ul className="mt-2 flex flex-col gap-1 text-xs text-muted" aria-label="What the curves say">
      {histories.map((each) => {
        const look = looks?.get(each.id);
        return (
          <li key={each.id} className="flex min-w-0 items-center gap-2">
            {many && look !== undefined && <LineSwatch color={look.color} dash={look.dash} />}
            <span className="min-w-0">
              {many && <span className="font-medium text-fg">{labels?.get(each.id) ?? each.id} </span>}
              {progressFacts(each)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
