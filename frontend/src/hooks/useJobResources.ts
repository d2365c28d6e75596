/** What each of these jobs uses of the machine, live. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { operationsStore } from "@/stores/operationsStore";

export function useJobResources(jobIds: string[]): void {
  const [socket] = useState(liveSocket);
  const key = [...jobIds].sort().join(" ");

  useEffect(() => {
    const { updateResourceUsage } = operationsStore.getState();
    const releases = key
      .split(" ")
      .filter((id) => id !== "")
      .map((id) =>
        socket.subscribe(`jobs/${id}/resources`, {
          "job:resources": (payload) => {
            updateResourceUsage(id, payload);
          },
        }),
      );
    return () => {
      for (const release of releases) release();
    };
  }, [socket, key]);
}
