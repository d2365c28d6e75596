/** One job, what is asked of it, and how to ask: for what is shown beside the thing that it works on. */
import type { Action, Control, Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { useOperations } from "./useStores";

export interface JobHandle {
  jobId: string | null;
  /** Not known to the page, if it ended long ago. */
  job: Operation | undefined;
  pending: Action | undefined;
  /** Why the last thing asked of it was refused. */
  refused: string | undefined;
  control: (jobId: string, action: Control) => void;
  retry: () => void;
}

export function useJobControl(jobId: string | null): JobHandle {
  const key = jobId ?? "";
  const job = useOperations((state) => state.operations[key]);
  const pending = useOperations((state) => state.pending[key]);
  const refused = useOperations((state) => state.actionErrors[key]);
  return {
    jobId,
    job,
    pending,
    refused,
    control: (id, action) => void operationsStore.getState().control(id, action),
    retry: () => {
      if (jobId !== null) void operationsStore.getState().retry(jobId, {});
    },
  };
}
