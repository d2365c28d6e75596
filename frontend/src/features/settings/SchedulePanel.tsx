/** What the server does by itself, when it last did, and what came of it; each can be run now. */
import { Panel } from "@/components/Panel";
import { ErrorNote } from "@/components/States";
import { useNow } from "@/hooks/useNow";
import { useServer } from "@/hooks/useServer";
import * as f from "@/lib/format";
import type { ScheduledTask } from "@/lib/types/server";
import { canRunNow, serverStore } from "@/stores/serverStore";

export function SchedulePanel() {
  const tasks = useServer((state) => state.tasks);
  const error = useServer((state) => state.tasksError);
  const now = useNow();
  return (
    <Panel title="Periodic tasks" note={tasks === null ? "" : `${tasks.length}`} bodyClassName="" testId="schedule">
      {error !== null && (
        <div className="px-4 pb-3">
          <ErrorNote onRetry={() => void serverStore.getState().fetchTasks()}>{error}</ErrorNote>
        </div>
      )}
      {tasks === null && error === null && <p className="border-t border-line px-4 py-4 text-sm text-muted">Reading…</p>}
      <ul>
        {tasks?.map((task) => (
          <Task key={task.name} task={task} now={now} />
        ))}
      </ul>
    </Panel>
  );
}

function Task({ task, now }: { task: ScheduledTask; now: number }) {
  const asking = useServer((state) => state.asking[task.name] === true);
  const refusal = useServer((state) => state.refusals[task.name]);
  return (
    <li data-item className="flex flex-wrap items-start gap-x-6 gap-y-1.5 border-t border-line px-4 py-2.5" data-testid="task" data-task={task.name}>
      <div className="min-w-0 flex-1 basis-72">
        <p>
          <span className="font-medium">{name(task)}</span>
          <span className="ml-2 text-xs text-muted">{when(task)}</span>
        </p>
        <p className="text-xs text-muted">{task.description}</p>
        {task.last_error !== null && (
          <p className="text-xs text-red">
            <span className="font-medium">failed</span> {task.last_error}
          </p>
        )}
        {refusal !== undefined && (
          <p role="alert" className="text-xs text-red">
            {refusal}
          </p>
        )}
      </div>
      <dl className="grid w-72 max-w-full grid-cols-[auto_1fr] gap-x-3 text-xs">
        <dt className="text-faint">last</dt>
        <dd data-testid="task-last">{lastRun(task, now)}</dd>
        {task.last_result !== null && (
          <>
            <dt className="text-faint">did</dt>
            <dd className="break-words text-muted">{result(task.last_result)}</dd>
          </>
        )}
        <dt className="text-faint">next</dt>
        <dd className="text-muted" title={f.fullTime(task.next_run_at)}>
          {f.time(task.next_run_at, now)}
        </dd>
      </dl>
      <div className="w-20 text-right">
        {canRunNow(task) && (
          <button type="button" className="button" disabled={asking} aria-label={`Run ${name(task)} now`} onClick={() => void serverStore.getState().runTask(task.name)}>
            {asking ? "asking…" : "Run now"}
          </button>
        )}
        {task.running && <span className="text-xs font-medium text-accent">running</span>}
      </div>
    </li>
  );
}

function name(task: ScheduledTask): string {
  const words = task.name.replace(/_/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function when(task: ScheduledTask): string {
  return task.timezone === null || task.timezone === "local" ? task.spec : `${task.spec} ${task.timezone}`;
}

function lastRun(task: ScheduledTask, now: number): string {
  if (task.running) return task.last_started_at === null ? "running" : `running since ${f.time(task.last_started_at, now)}`;
  if (task.last_started_at === null) return "never so far";
  const failed = task.failures > 0 ? `, ${f.count(task.failures)} of ${f.count(task.runs)} failed` : `, ${f.count(task.runs)} in all`;
  return `${f.time(task.last_started_at, now)}, took ${took(task.last_duration_seconds)}${failed}`;
}

function took(seconds: number | null): string {
  return seconds !== null && seconds < 0.1 ? "under 0.1\u202fs" : f.duration(seconds);
}

function result(did: NonNullable<ScheduledTask["last_result"]>): string {
  return Object.entries(did)
    .map(([key, value]) => `${key.replace(/_/g, " ")} ${typeof value === "number" ? value.toLocaleString("en-US") : typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
