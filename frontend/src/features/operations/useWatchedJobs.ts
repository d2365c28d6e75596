/** Follows what the cards and bars show of each job that is at work: its resources, and a training's loss. */
import { useMemo } from "react";
import { useJobResources } from "@/hooks/useJobResources";
import { useLiveTrainings } from "@/hooks/useLiveTrainings";
import type { Operation } from "@/lib/types/job";

/** A connection has a thousand subscriptions at most. */
const RESOURCES = 400;
const TRAININGS = 60;

export function useWatchedJobs(active: readonly Operation[]): void {
  const moving = useMemo(() => active.filter((job) => job.status !== "queued"), [active]);
  const jobIds = useMemo(() => moving.slice(0, RESOURCES).map((job) => job.id), [moving]);
  useJobResources(jobIds);
  const trainings = useMemo(
    () =>
      moving
        .flatMap((job) => (job.entity_type === "training" && job.entity_id !== null ? [{ jobId: job.id, trainingId: job.entity_id }] : []))
        .slice(0, TRAININGS),
    [moving],
  );
  useLiveTrainings(trainings);
}
