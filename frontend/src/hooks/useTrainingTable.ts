/** Feeds the table of trainings: every page of the list once, then what jobs report; again after a loss; polling while live data is away. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { operationsStore } from "@/stores/operationsStore";
import { trainingTableStore } from "@/stores/trainingTableStore";
import { useFallbackPolling } from "./useFallbackPolling";

const { fetchAll, fetchNewest, applyOperations, forget } = trainingTableStore.getState();

export function useTrainingTable(): void {
  const [socket] = useState(liveSocket);

  useEffect(() => {
    void fetchAll().then(() => {
      applyOperations(Object.values(operationsStore.getState().operations));
    });
    // The operations' store hears of every job, live or by polling; here only what changed is of interest.
    const leave = operationsStore.subscribe((now, before) => {
      if (now.operations === before.operations) return;
      applyOperations(Object.values(now.operations).filter((job) => before.operations[job.id] !== job));
    });
    const release = socket.subscribe(
      "operations",
      {
        "training:deleted": ({ training_id }) => {
          forget(training_id);
        },
      },
      {
        onSubscribed: ({ first, recovered }) => {
          if (!first && !recovered) void fetchAll();
        },
      },
    );
    return () => {
      leave();
      release();
    };
  }, [socket]);

  useFallbackPolling(fetchNewest);
}
