/**
 * Feeds the trainings' store with one training: what REST knows once, then its events; everything again when a reconnect could
 * not bring what was missed; polling while live data is away.
 */
import { useCallback, useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { trainingsStore } from "@/stores/trainingsStore";
import { useFallbackPolling } from "./useFallbackPolling";
import { useSystemMonitor } from "./useStores";

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
    void fetchAll(trainingId);
    const releaseProgress = socket.subscribe(
      `trainings/${trainingId}/progress`,
      {
        "training:progress": store.updateTrainingProgress,
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
      releaseProgress();
      releaseCheckpoints();
    };
  }, [socket, trainingId]);

  const poll = useCallback(async () => {
    const store = trainingsStore.getState();
    await Promise.all([
      store.fetchTraining(trainingId),
      store.fetchCurves(trainingId, true),
      store.fetchCheckpoints(trainingId),
    ]);
  }, [trainingId]);
  useFallbackPolling(poll);
  return { isConnected };
}
