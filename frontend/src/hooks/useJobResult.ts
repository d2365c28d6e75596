/** What a job that has ended said of its work. Lists of jobs leave it out, so it is read for the one that is looked at. */
import { useEffect, useState } from "react";
import { api, messageOf } from "@/lib/api";
import type { JsonObject } from "@/lib/types/job";

export interface JobResult {
  /** null: the job has none, or none yet. */
  result: JsonObject | null;
  load: "loading" | "ready" | "error";
  error: string | null;
}

const UNREAD: JobResult = { result: null, load: "loading", error: null };

/** `jobId` null: nothing is read. `version` is whatever changes when the job must be read again. */
export function useJobResult(jobId: string | null, version = ""): JobResult {
  const key = jobId === null ? null : `${jobId} ${version}`;
  const [read, setRead] = useState<JobResult & { key: string | null }>({ ...UNREAD, key: null });
  useEffect(() => {
    if (jobId === null) return;
    let wanted = true;
    api.job(jobId).then(
      (job) => {
        if (wanted) setRead({ key, result: job.result ?? null, load: "ready", error: null });
      },
      (reason: unknown) => {
        if (wanted) setRead({ key, result: null, load: "error", error: messageOf(reason) });
      },
    );
    return () => {
      wanted = false;
    };
  }, [jobId, key]);
  return read.key === key && key !== null ? read : UNREAD;
}
