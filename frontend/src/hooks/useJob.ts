/** One job, whole: read once, kept up by the channel `operations`, read again after a loss and while live data is away. */
import { useCallback, useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { useFallbackPolling } from "./useFallbackPolling";
import { useOperations } from "./useStores";

export function useJob(jobId: string): { job: Operation | undefined; error: string | null } {
  const [socket] = useState(liveSocket);
  const job = useOperations((state) => state.operations[jobId]);
  const [error, setError] = useState<string | null>(null);

  const read = useCallback(async () => {
    setError(await operationsStore.getState().fetchJob(jobId));
  }, [jobId]);

  useEffect(() => {
    void read();
    // Its own channel tells of a loss; what changes comes by `operations`, to which the app listens.
    return socket.subscribe(
      `jobs/${jobId}/progress`,
      {
        // The end brings the result and what it used, which no update carries.
        "job:completed": () => void read(),
        "job:failed": () => void read(),
      },
      {
        onSubscribed: ({ first, recovered }) => {
          if (!first && !recovered) void read();
        },
      },
    );
  }, [socket, jobId, read]);

  useFallbackPolling(read);
  return { job, error };
}
