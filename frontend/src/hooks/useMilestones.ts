/** Calls `refetch` once, and again when a job that belongs to one of these types appears or ends: not at each step of it. */
import { useEffect } from "react";
import { useOperations } from "./useStores";

export function useMilestones(types: readonly string[], refetch: () => void): void {
  const operations = useOperations((state) => state.operations);
  const milestones = Object.values(operations)
    .filter((job) => job.entity_type !== null && types.includes(job.entity_type))
    .map((job) => `${job.id}:${job.finished_at ?? ""}`)
    .sort()
    .join(",");
  useEffect(refetch, [milestones, refetch]);
}
