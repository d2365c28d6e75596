/** Keeps the list of machines up to date while it is shown: a hidden tab rests, and a connection that is back asks at once. */
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { Poller } from "@/lib/poller";
import { liveSocket } from "@/lib/socket";
import { hostsStore, type HostsState } from "@/stores/hostsStore";

const EVERY_MS = 10_000;

export function useHosts(): HostsState {
  const [socket] = useState(liveSocket);
  useEffect(() => {
    const { fetchHosts } = hostsStore.getState();
    const poller = new Poller(fetchHosts, () => EVERY_MS);
    poller.start();
    let lost = socket.state === "disconnected";
    const release = socket.onState((state) => {
      if (state === "connected" && lost && !document.hidden) void fetchHosts();
      lost = state === "disconnected";
    });
    return () => {
      release();
      poller.stop();
    };
  }, [socket]);
  return useStore(hostsStore);
}
