/** Feeds another machine's store while it is shown: history once, then live events; polling while those are away. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { liveSocket, type LiveSocket } from "@/lib/socket";
import { channelOn } from "@/lib/systemChannels";
import type { HostInfo } from "@/lib/types/system";
import type { RemoteMachineStore } from "@/stores/remoteMachineStore";
import { systemMonitorStore } from "@/stores/systemMonitorStore";
import { useFallbackPolling } from "./useFallbackPolling";

const CHANNELS = ["system/cpu", "system/memory", "system/disk", "system/network"];

function subscribe(socket: LiveSocket, store: RemoteMachineStore, host: string, channel: string, onReturn: () => void = () => {}): () => void {
  return socket.subscribe(
    channelOn(host, channel),
    {
      "system:metrics": (payload, { snapshot }) => {
        store.getState().updateFromWebSocket(channel, payload, snapshot);
      },
    },
    {
      every: () => store.getState().sampleInterval,
      onSubscribed: ({ first, recovered }) => {
        if (!first && !recovered) onReturn();
      },
    },
  );
}

export function useRemoteMachine(store: RemoteMachineStore, { host, live, gpus }: HostInfo): void {
  const [socket] = useState(liveSocket);
  const { fetchMetrics } = store.getState();

  useEffect(() => {
    const { fetchHistory, showAll } = store.getState();
    void fetchHistory();
    const readAgain = () => {
      void fetchHistory();
      void fetchMetrics();
    };
    const releases = [
      ...CHANNELS.map((channel, i) => subscribe(socket, store, host, channel, i === 0 ? readAgain : undefined)),
      systemMonitorStore.subscribe((page, before) => {
        if (page.updateInterval !== before.updateInterval) showAll();
      }),
    ];
    return () => {
      for (const release of releases) release();
    };
  }, [socket, store, host, fetchMetrics]);

  // One that has come back, or has other GPUs, is read anew: what it has no longer no event says.
  const listed = gpus.join(",");
  useEffect(() => {
    void fetchMetrics();
  }, [fetchMetrics, live, listed]);

  const known = useStore(store, (state) => [...new Set([...gpus, ...Object.keys(state.gpus).map(Number)])].sort((a, b) => a - b).join(","));
  useEffect(() => {
    const releases = known
      .split(",")
      .filter((id) => id !== "")
      .map((id) => subscribe(socket, store, host, `system/gpu/${id}`));
    return () => {
      for (const release of releases) release();
    };
  }, [socket, store, host, known]);

  useFallbackPolling(fetchMetrics);
}
