/** Feeds the stores with how far the downloads of these models, or what runs on these datasets, is. An end is read over REST. */
import { useEffect, useState } from "react";
import { liveSocket } from "@/lib/socket";
import { datasetsStore } from "@/stores/datasetsStore";
import { modelsStore } from "@/stores/modelsStore";

function useEach(ids: string[], subscribe: (id: string) => () => void): void {
  const key = [...ids].sort().join(" ");
  useEffect(() => {
    const releases = key
      .split(" ")
      .filter((id) => id !== "")
      .map(subscribe);
    return () => {
      for (const release of releases) release();
    };
  }, [key, subscribe]);
}

export function useModelDownloads(modelIds: string[]): void {
  const [subscribe] = useState(() => (id: string) => {
    const store = modelsStore.getState();
    const ended = () => {
      store.clearDownload(id);
      void store.fetchModel(id);
    };
    return liveSocket().subscribe(
      `models/${id}/progress`,
      {
        "model:progress": (payload) => {
          store.updateDownload(id, payload);
        },
        // The end that a snapshot tells may be that of an earlier attempt.
        "model:completed": (_payload, { snapshot }) => {
          if (!snapshot) ended();
        },
        "model:failed": (_payload, { snapshot }) => {
          if (!snapshot) ended();
        },
      },
      {
        onSubscribed: ({ first, recovered }) => {
          // It may have ended between the list's reading and the first event.
          if (first || !recovered) void store.fetchModel(id);
        },
      },
    );
  });
  useEach(modelIds, subscribe);
}

export function useDatasetTransfers(datasetIds: string[]): void {
  const [subscribe] = useState(() => (id: string) => {
    const store = datasetsStore.getState();
    const ended = () => {
      store.clearTransfer(id);
      void store.fetchDataset(id);
    };
    return liveSocket().subscribe(
      `datasets/${id}/progress`,
      {
        "dataset:progress": (payload) => {
          store.updateTransfer(id, payload);
        },
        "dataset:completed": (_payload, { snapshot }) => {
          if (!snapshot) ended();
        },
        "dataset:failed": (_payload, { snapshot }) => {
          if (!snapshot) ended();
        },
      },
      {
        onSubscribed: ({ first, recovered }) => {
          if (first || !recovered) void store.fetchDataset(id);
        },
      },
    );
  });
  useEach(datasetIds, subscribe);
}
