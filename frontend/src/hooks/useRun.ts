/** Reads what surrounds a training's run, and follows it while it goes on. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { isActive } from "@/lib/jobWords";
import { Poller } from "@/lib/poller";
import { liveSocket } from "@/lib/socket";
import { runStore, type RunState } from "@/stores/runStore";
import type { KnownTraining } from "@/stores/trainingsStore";

const MACHINE_MS = 10_000;
/** The machine just before is worth seeing, too. */
const BEFORE_SECONDS = 10;

export const useRunStore = <T>(select: (state: RunState) => T): T => useStore(runStore, select);

export function useRun(training: KnownTraining | undefined): void {
  const [socket] = useState(liveSocket);
  const id = training?.id;
  const jobId = training?.job_id;
  const status = training?.status;
  const active = status !== undefined && isActive(status);

  useEffect(() => {
    if (typeof jobId !== "string" || id === undefined) return;
    const store = runStore.getState();
    void store.fetchJob(jobId);
    void store.fetchEvents(id);
  }, [id, jobId, status]);

  useEffect(() => {
    if (typeof jobId !== "string" || !active) return;
    const { addUsage } = runStore.getState();
    return socket.subscribe(`jobs/${jobId}/resources`, {
      "job:resources": (payload) => {
        addUsage(jobId, payload.ts, payload);
      },
    });
  }, [socket, jobId, active]);
}

/** The machine that it runs on, during the run, and what the job has used so far. Mounted where it is shown. */
export function useMachine(trainingId: string, jobId: string | null, startedAt: string | null, finishedAt: string | null): void {
  useEffect(() => {
    if (startedAt === null) return;
    const store = runStore.getState();
    const from = new Date(Date.parse(startedAt) - BEFORE_SECONDS * 1000).toISOString();
    if (finishedAt !== null) {
      void store.fetchMachine(trainingId, jobId, from, finishedAt);
      return;
    }
    const poller = new Poller(
      async () => {
        if (jobId !== null) await store.fetchJob(jobId);
        await store.fetchMachine(trainingId, jobId, from, null);
      },
      () => MACHINE_MS,
    );
    poller.start();
    return () => {
      poller.stop();
    };
  }, [trainingId, jobId, startedAt, finishedAt]);
}
