/** What happened to a job, read again whenever it comes into another state or phase, or something is asked of it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { api, messageOf } from "@/lib/api";
import { Throttle } from "@/lib/throttle";
import type { CheckpointMark } from "@/lib/timeline";
import type { Operation, TimelinePage } from "@/lib/types/job";
import { useFallbackPolling } from "./useFallbackPolling";

const GAP_MS = 1000;

export interface JobTimeline {
  page: TimelinePage | null;
  checkpoints: CheckpointMark[];
  error: string | null;
}

const NOTHING: JobTimeline = { page: null, checkpoints: [], error: null };

export function useJobTimeline(job: Operation): JobTimeline {
  const [timeline, setTimeline] = useState<JobTimeline>(NOTHING);
  const trainingId = job.entity_type === "training" ? job.entity_id : null;
  const shown = useRef(job.id);
  shown.current = job.id;

  const read = useCallback(async () => {
    try {
      const [page, checkpoints] = await Promise.all([
        api.jobTimeline(job.id),
        // Without checkpoints the rest is still worth showing.
        trainingId === null ? null : api.checkpoints(trainingId).catch(() => null),
      ]);
      if (shown.current !== job.id) return;
      setTimeline((known) => ({ page, checkpoints: checkpoints?.items ?? known.checkpoints, error: null }));
    } catch (error) {
      if (shown.current === job.id) setTimeline((known) => ({ ...known, error: messageOf(error) }));
    }
  }, [job.id, trainingId]);

  const throttle = useRef<Throttle | null>(null);
  useEffect(() => {
    const own = new Throttle(() => void read(), GAP_MS);
    throttle.current = own;
    setTimeline(NOTHING);
    return () => {
      own.cancel();
    };
  }, [read]);

  const moves = [job.status, job.attempt, job.phase, job.control, job.finished_at].join(" ");
  // Checkpoints tell of themselves on a channel of their own; here they come with the next tenth of the way.
  const tenth = trainingId === null || job.progress === null ? 0 : Math.floor(job.progress / 10);
  useEffect(() => {
    throttle.current?.request();
  }, [read, moves, tenth]);

  useFallbackPolling(read);
  return timeline;
}
