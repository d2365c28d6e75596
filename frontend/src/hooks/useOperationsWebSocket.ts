/** Feeds the operations' store: the lists once, then the channel `operations`; polling while live data is away. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { operationsStore } from "@/stores/operationsStore";
import { useFallbackPolling } from "./useFallbackPolling";

async function fetchLists(): Promise<void> {
  const store = operationsStore.getState();
  await Promise.all([store.fetchAllActiveOperations(), store.fetchEndedOperations()]);
}

export function useOperationsWebSocket(): void {
  const [socket] = useState(liveSocket);

  useEffect(() => {
    const { applyOperation } = operationsStore.getState();
    void fetchLists();
    return socket.subscribe(
      "operations",
      {
        "operation:created": applyOperation,
        "operation:updated": applyOperation,
        "operation:finished": applyOperation,
      },
      {
        // The first subscription closes the gap between the first read and the first event; later ones a loss.
        onSubscribed: ({ first, recovered }) => {
          if (first || !recovered) void fetchLists();
        },
      },
    );
  }, [socket]);

  useFallbackPolling(fetchLists);
}
