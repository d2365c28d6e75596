/** What can be asked of a job, and what is remembered of the asking: that it is under way, why it was refused, how to take it back. */
import { api, ApiError, messageOf } from "@/lib/api";
import { noteOwnCancel } from "@/lib/ownCancels";
import { without } from "@/lib/records";
import type { Action, Control, Operation, Refusal, RetryRequest } from "@/lib/types/job";

export interface OperationActions {
  /** An action asked for and not answered yet, by job. */
  pending: Record<string, Action>;
  actionErrors: Record<string, string>;
  /** The jobs dismissed last, while that can be undone. */
  lastDismissed: Operation[];

  control: (jobId: string, action: Control) => Promise<void>;
  /** null: it is queued again, as a new job. */
  retry: (jobId: string, asked: RetryRequest) => Promise<Refusal | null>;
  dismiss: (jobId: string) => Promise<void>;
  dismissAll: (jobIds: string[]) => Promise<void>;
  undoDismiss: () => Promise<void>;
  forgetDismissed: () => void;
}

interface Around {
  operations: Record<string, Operation>;
  applyOperation: (operation: Operation) => void;
}

type Set = (change: (state: OperationActions & Around) => Partial<OperationActions>) => void;
type Get = () => OperationActions & Around;

export function createOperationActions(set: Set, get: Get): OperationActions {
  /** One action a job at a time: a double click asks once. */
  async function act(jobId: string, action: Action, call: () => Promise<Operation>): Promise<Operation | Refusal> {
    if (get().pending[jobId] !== undefined) return { message: "Something else is being asked of this job.", field: null };
    set((state) => ({ pending: { ...state.pending, [jobId]: action }, actionErrors: without(state.actionErrors, jobId) }));
    try {
      const operation = await call();
      get().applyOperation(operation);
      return operation;
    } catch (error) {
      return { message: messageOf(error), field: error instanceof ApiError ? error.field : null };
    } finally {
      set((state) => ({ pending: without(state.pending, jobId) }));
    }
  }

  function note(jobId: string, outcome: Operation | Refusal): outcome is Operation {
    if ("id" in outcome) return true;
    set((state) => ({ actionErrors: { ...state.actionErrors, [jobId]: outcome.message } }));
    return false;
  }

  /** Said by the answer too; set here in case its version did not move. */
  function mark(jobId: string, changes: Partial<Operation>): void {
    const job = get().operations[jobId];
    if (job !== undefined) get().applyOperation({ ...job, ...changes });
  }

  async function setDismissed(jobId: string, dismissed: boolean): Promise<boolean> {
    const outcome = await act(jobId, "dismiss", () => api.dismissJob(jobId, !dismissed));
    if (!note(jobId, outcome)) return false;
    mark(jobId, { dismissed });
    return true;
  }

  return {
    pending: {},
    actionErrors: {},
    lastDismissed: [],

    control: async (jobId, action) => {
      if (get().pending[jobId] !== undefined) return;
      if (action === "cancel") noteOwnCancel(jobId);
      note(jobId, await act(jobId, action, () => api.controlJob(jobId, action)));
    },

    retry: async (jobId, asked) => {
      const outcome = await act(jobId, "retry", () => api.retryJob(jobId, asked));
      if (!("id" in outcome)) return outcome;
      mark(jobId, { retried_by: outcome.id });
      return null;
    },

    dismiss: async (jobId) => {
      await get().dismissAll([jobId]);
    },

    dismissAll: async (jobIds) => {
      const jobs = jobIds.flatMap((id) => get().operations[id] ?? []);
      const done = await Promise.all(jobs.map((job) => setDismissed(job.id, true)));
      const dismissed = jobs.filter((_, i) => done[i]);
      if (dismissed.length > 0) set(() => ({ lastDismissed: dismissed }));
    },

    undoDismiss: async () => {
      const jobs = get().lastDismissed;
      set(() => ({ lastDismissed: [] }));
      await Promise.all(jobs.map((job) => setDismissed(job.id, false)));
    },

    forgetDismissed: () => {
      set(() => ({ lastDismissed: [] }));
    },
  };
}
