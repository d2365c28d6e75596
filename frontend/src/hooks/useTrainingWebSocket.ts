/**
 * Feeds the trainings' store with one training: what REST knows once, then its events; everything again when a reconnect could
 * not bring what was missed; polling while live data is away.
 *
 * An event carries a part of what a row has: the rows that came meanwhile are asked for now and then, and those alone.
 */
import { useCallback, useEffect, useState } from "react";
import { Pacer } from "@/lib/pacer";
import { liveSocket } from "@/lib/socket";
import { trainingsStore } from "@/stores/trainingsStore";
import { useFallbackPolling } from "./useFallbackPolling";
import { useSystemMonitor } from "./useStores";

const ROWS_AFTER_MS = 1000;

async function fetchAll(trainingId: string): Promise<void> {
  const store = trainingsStore.getState();
  await store.fetchTraining(trainingId);
  await Promise.all([store.fetchCurves(trainingId), store.fetchCheckpoints(trainingId)]);
}

export function useTrainingWebSocket(trainingId: string): { isConnected: boolean } {
  const [socket] = useState(liveSocket);
  const isConnected = useSystemMonitor((state) => state.isWebSocketConnected);

  useEffect(() => {
    const store = trainingsStore.getState();
    const rows = new Pacer(() => trainingsStore.getState().fetchNewRows(trainingId), ROWS_AFTER_MS);
    void fetchAll(trainingId);
    const releaseProgress = socket.subscribe(
      `trainings/${trainingId}/progress`,
      {
        "training:progress": (payload) => {
          store.updateTrainingProgress(payload);
          rows.ask();
        },
        "training:status_changed": (payload, info) => {
          store.updateTrainingStatus(payload);
          // A start, an end and a retry change fields that no event carries: the times, the job.
          if (!info.snapshot) void store.fetchTraining(trainingId);
        },
        "training:completed": (payload) => {
          store.completeTraining(payload);
          // With the last rows of each layer, of which events carry only a part.
          void fetchAll(trainingId);
        },
        "training:failed": (payload) => {
          store.failTraining(payload);
          void store.fetchTraining(trainingId);
        },
        "training:deleted": () => {
          rows.stop();
          store.deleteTraining(trainingId);
        },
      },
      {
        onSubscribed: ({ recovered }) => {
          if (!recovered) void fetchAll(trainingId);
        },
      },
    );
    const releaseCheckpoints = socket.subscribe(
      `trainings/${trainingId}/checkpoints`,
      { "checkpoint:created": store.addCheckpoint },
      {
        onSubscribed: ({ recovered }) => {
          if (!recovered) void store.fetchCheckpoints(trainingId);
        },
      },
    );
    return () => {
      rows.stop();
      releaseProgress();
      releaseCheckpoints();
    };
  }, [socket, trainingId]);

  const poll = useCallback(async () => {
    const store = trainingsStore.getState();
    await Promise.all([
      store.fetchTraining(trainingId),
      store.fetchNewRows(trainingId),
      store.fetchCheckpoints(trainingId),
    ]);
  }, [trainingId]);
  useFallbackPolling(poll);
  return { isConnected };
}
