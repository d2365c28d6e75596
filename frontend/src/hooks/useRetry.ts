/** What the form of a retry needs to know of a job, and the asking. */
import { useCallback, useEffect, useState } from "react";
import { api } from "@/lib/api";
import type { Operation, Refusal, RetryRequest } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { useOperations } from "./useStores";

export interface Retry {
  job: Operation | undefined;
  /** Why the job's parameters can't be shown. */
  problem: string | null;
  /** The step of its newest checkpoint; null: it has none, or none is known yet. */
  checkpoint: number | null;
  submit: (asked: RetryRequest) => Promise<Refusal | null>;
}

/** Events of a job bring no parameters: they are read once, if nothing has told them. */
export function useRetry(jobId: string): Retry {
  const job = useOperations((state) => state.operations[jobId]);
  const [problem, setProblem] = useState<string | null>(null);
  const [checkpoint, setCheckpoint] = useState<number | null>(null);
  const hasParams = job?.params !== undefined;
  const trainingId = job?.entity_type === "training" ? job.entity_id : null;

  useEffect(() => {
    if (hasParams) return;
    let here = true;
    void operationsStore
      .getState()
      .fetchJob(jobId)
      .then((message) => {
        if (here) setProblem(message);
      });
    return () => {
      here = false;
    };
  }, [jobId, hasParams]);

  useEffect(() => {
    if (trainingId === null) return;
    let here = true;
    api.checkpoints(trainingId).then(
      ({ items }) => {
        if (here && items.length > 0) setCheckpoint(Math.max(...items.map((it) => it.step)));
      },
      () => undefined, // without it, the retry begins at the beginning, as it says
    );
    return () => {
      here = false;
    };
  }, [trainingId]);

  const submit = useCallback((asked: RetryRequest) => operationsStore.getState().retry(jobId, asked), [jobId]);
  return { job, problem, checkpoint, submit };
}
