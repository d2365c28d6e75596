/** Loss and sparsity of the trainings that run, for their cards. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { operationsStore } from "@/stores/operationsStore";

export interface TrainingJob {
  jobId: string;
  trainingId: string;
}

export function useLiveTrainings(jobs: TrainingJob[]): void {
  const [socket] = useState(liveSocket);
  const key = JSON.stringify(jobs.map((job) => [job.jobId, job.trainingId]).sort());

  useEffect(() => {
    const { updateTrainingLive, seedSpark } = operationsStore.getState();
    const releases = (JSON.parse(key) as [string, string][]).map(([jobId, trainingId]) => {
      void seedSpark(jobId, trainingId);
      return socket.subscribe(`trainings/${trainingId}/progress`, {
        "training:progress": ({ current_step, total_steps, loss, l0_sparsity, explained_variance, samples_per_second }) => {
          updateTrainingLive(jobId, { current_step, total_steps, loss, l0_sparsity, explained_variance, samples_per_second });
        },
      });
    });
    return () => {
      for (const release of releases) release();
    };
  }, [socket, key]);
}
