/** One action at a time on many jobs, and what came of the last. */
import { useCallback, useRef, useState } from "react";
import { api, messageOf } from "@/lib/api";
import { outcomeWords, runBulk, type BulkAction } from "@/lib/trainingTable/bulk";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";

export interface BulkState {
  running: { action: BulkAction; asked: number; of: number } | null;
  outcome: string | null;
  /** Jobs that were dismissed last: that can be undone. */
  dismissed: readonly string[];
}

const IDLE: BulkState = { running: null, outcome: null, dismissed: [] };

const CALLS: Record<BulkAction, (jobId: string) => Promise<Operation>> = {
  pause: (id) => api.controlJob(id, "pause"),
  resume: (id) => api.controlJob(id, "resume"),
  cancel: (id) => api.controlJob(id, "cancel"),
  retry: (id) => api.retryJob(id, {}),
  dismiss: (id) => api.dismissJob(id),
};

export interface Bulk extends BulkState {
  run: (action: BulkAction, jobIds: readonly string[]) => void;
  stop: () => void;
  undoDismiss: () => void;
  forget: () => void;
}

export function useBulk(): Bulk {
  const [state, setState] = useState<BulkState>(IDLE);
  const stopped = useRef(false);

  const start = useCallback(async (action: BulkAction, jobIds: readonly string[], call: (jobId: string) => Promise<Operation>) => {
    stopped.current = false;
    setState({ ...IDLE, running: { action, asked: 0, of: jobIds.length } });
    const { applyOperation } = operationsStore.getState();
    return runBulk(action, jobIds, call, {
      onAnswer: applyOperation,
      onProgress: (asked) => {
        setState((known) => (known.running === null ? known : { ...known, running: { ...known.running, asked } }));
      },
      stopped: () => stopped.current,
    });
  }, []);

  const run = useCallback(
    (action: BulkAction, jobIds: readonly string[]) => {
      start(action, jobIds, CALLS[action]).then(
        (result) => {
          setState({ running: null, outcome: outcomeWords(result), dismissed: action === "dismiss" ? result.jobIds : [] });
        },
        (error: unknown) => {
          setState({ ...IDLE, outcome: messageOf(error) });
        },
      );
    },
    [start],
  );

  const undoDismiss = useCallback(() => {
    void start("dismiss", state.dismissed, (id) => api.dismissJob(id, true)).then((result) => {
      const refused = Object.values(result.refused).reduce((sum, n) => sum + n, 0);
      setState({ ...IDLE, outcome: `${result.jobIds.length} back in the list${refused > 0 ? `, ${refused} refused` : ""}` });
    });
  }, [start, state.dismissed]);

  return {
    ...state,
    run,
    undoDismiss,
    stop: useCallback(() => {
      stopped.current = true;
    }, []),
    forget: useCallback(() => {
      setState(IDLE);
    }, []),
  };
}
