/** Feeds the operations' store: the lists once, then the channel `operations`; polling while live data is away. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { Gatherer, Throttle } from "@/lib/throttle";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { useFallbackPolling } from "./useFallbackPolling";

/** Two hundred jobs bring four hundred events a second: the page is drawn a few times. */
const GATHER_MS = 100;
/** Counts and unserved queues are asked for again when something has changed, at most so often. */
const SUMMARY_MS = 2000;

async function fetchLists(): Promise<void> {
  const store = operationsStore.getState();
  await Promise.all([store.fetchAllActiveOperations(), store.fetchEndedOperations()]);
}

export function useOperationsWebSocket(): void {
  const [socket] = useState(liveSocket);

  useEffect(() => {
    const store = operationsStore.getState();
    const summary = new Throttle(() => void store.fetchSummary(), SUMMARY_MS);
    const gatherer = new Gatherer<Operation>((operations) => {
      store.applyOperations(operations);
      if (store.isSummaryOld()) summary.request();
    }, GATHER_MS);
    const take = (operation: Operation) => {
      gatherer.add(operation);
    };
    void fetchLists();
    const release = socket.subscribe(
      "operations",
      { "operation:created": take, "operation:updated": take, "operation:finished": take },
      {
        // The first subscription closes the gap between the first read and the first event; later ones a loss.
        onSubscribed: ({ first, recovered }) => {
          if (first || !recovered) void fetchLists();
        },
      },
    );
    return () => {
      release();
      gatherer.stop();
      summary.cancel();
    };
  }, [socket]);

  useFallbackPolling(fetchLists);
}
