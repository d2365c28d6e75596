/** What can be done to the rows that are chosen, how far it is, and what came of it. Cancelling many asks once more. */
import { useState, type ReactNode } from "react";
import { Icon, type IconName } from "@/components/Icon";
import type { Bulk } from "@/hooks/useBulk";
import { isActive } from "@/lib/jobWords";
import { navigate } from "@/lib/router";
import { canBulk, COMPARE_LEAST, COMPARE_MOST, type BulkAction } from "@/lib/trainingTable/bulk";
import type { TrainingRow } from "@/lib/trainingTable/row";

interface Props {
  chosen: readonly TrainingRow[];
  bulk: Bulk;
  onClear: () => void;
  /** Opens the form with this training's parameters. */
  onNewFrom: (id: string) => void;
  onDelete: (trainings: readonly TrainingRow[]) => void;
}

const ACTIONS: { action: BulkAction; word: string; icon: IconName; none: string }[] = [
  { action: "pause", word: "Pause", icon: "pause", none: "None of them runs or waits" },
  { action: "resume", word: "Resume", icon: "play", none: "None of them is paused" },
  { action: "cancel", word: "Cancel", icon: "close", none: "All of them have ended, or are being cancelled" },
  { action: "retry", word: "Retry", icon: "retry", none: "None of them failed or was cancelled" },
  { action: "dismiss", word: "Dismiss", icon: "check", none: "None of them has ended" },
];

const DOING: Record<BulkAction, string> = { pause: "Pausing", resume: "Resuming", cancel: "Cancelling", retry: "Retrying", dismiss: "Dismissing" };

const many = (n: number) => n.toLocaleString("en-US");

export function BulkBar({ chosen, bulk, onClear, onNewFrom, onDelete }: Props) {
  const [confirming, setConfirming] = useState(false);
  const { running } = bulk;
  if (running !== null) {
    return (
      <Bar>
        <span role="status" className="text-sm">
          {DOING[running.action]} {many(running.asked)} of {many(running.of)}…
        </span>
        <button type="button" className="button" onClick={bulk.stop}>
          Ask for no more
        </button>
      </Bar>
    );
  }
  const jobs = (action: BulkAction) => chosen.filter((row) => canBulk(action, row)).map((row) => row.job_id);
  const run = (action: BulkAction) => {
    setConfirming(false);
    bulk.run(action, jobs(action));
  };
  if (confirming && jobs("cancel").length > 0) {
    const n = jobs("cancel").length;
    return (
      <Bar>
        <span className="shrink-0 text-sm whitespace-nowrap">
          Cancel {many(n)} {n === 1 ? "training" : "trainings"}?<span className="max-sm:hidden"> Their checkpoints stay.</span>
        </span>
        <button
          type="button"
          className="button border-red/50 text-red"
          autoFocus
          onClick={() => {
            run("cancel");
          }}
        >
          Cancel {many(n)}
        </button>
        <button
          type="button"
          className="button"
          onClick={() => {
            setConfirming(false);
          }}
        >
          Keep them
        </button>
      </Bar>
    );
  }
  const ended = chosen.filter((row) => !isActive(row.status));
  const only = chosen.length === 1 ? chosen[0] : undefined;
  const comparable = chosen.length >= COMPARE_LEAST && chosen.length <= COMPARE_MOST;
  return (
    <Bar>
      <span className="shrink-0 text-sm font-medium" data-testid="selected-count">
        {many(chosen.length)} selected
      </span>
      {ACTIONS.map(({ action, word, icon, none }) => {
        const n = jobs(action).length;
        return (
          <button
            key={action}
            type="button"
            className="button shrink-0"
            disabled={n === 0}
            title={n === 0 ? none : undefined}
            onClick={() => {
              if (action === "cancel" && n > 1) setConfirming(true);
              else run(action);
            }}
          >
            <Icon name={icon} size={12} />
            {word}
            {n > 0 && <span className="text-muted">{many(n)}</span>}
          </button>
        );
      })}
      <button
        type="button"
        className="button shrink-0"
        disabled={ended.length === 0}
        title={ended.length === 0 ? "None of them has ended" : undefined}
        onClick={() => {
          onDelete(ended);
        }}
      >
        Delete…
        {ended.length > 0 && <span className="text-muted">{many(ended.length)}</span>}
      </button>
      <button
        type="button"
        className="button shrink-0"
        disabled={!comparable}
        title={comparable ? undefined : `From ${COMPARE_LEAST} to ${COMPARE_MOST} can be compared`}
        onClick={() => {
          navigate(`/compare?ids=${chosen.map((row) => encodeURIComponent(row.id)).join(",")}`);
        }}
      >
        <Icon name="trainings" size={12} />
        Compare
      </button>
      {only !== undefined && only.extraction_id !== null && (
        <button
          type="button"
          className="button shrink-0"
          onClick={() => {
            onNewFrom(only.id);
          }}
        >
          New from this…
        </button>
      )}
      <button type="button" className="button shrink-0" onClick={onClear}>
        Clear
      </button>
    </Bar>
  );
}

function Bar({ children }: { children: ReactNode }) {
  return (
    <div role="group" aria-label="Selected trainings" className="flex min-w-0 flex-1 items-center gap-1.5 overflow-x-auto py-0.5 [&>span]:mr-1.5" data-testid="bulk-bar">
      {children}
    </div>
  );
}
