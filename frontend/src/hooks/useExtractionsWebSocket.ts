/** Feeds the models' store with the extraction that runs on each of these models. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { modelsStore } from "@/stores/modelsStore";

export function useExtractionsWebSocket(modelIds: string[]): void {
  const [socket] = useState(liveSocket);
  const key = [...modelIds].sort().join(" ");

  useEffect(() => {
    const store = modelsStore.getState();
    const releases = key
      .split(" ")
      .filter((id) => id !== "")
      .map((id) =>
        socket.subscribe(`models/${id}/extraction`, {
          "extraction:progress": (payload) => {
            store.updateExtractionProgress(id, payload);
          },
          "extraction:completed": (payload) => {
            store.completeExtraction(id, payload);
          },
          "extraction:failed": (payload) => {
            store.failExtraction(id, payload);
          },
        }),
      );
    return () => {
      for (const release of releases) release();
    };
  }, [socket, key]);
}
