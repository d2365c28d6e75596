import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useHosts } from "@/hooks/useHosts";
import { useRemoteMachine } from "@/hooks/useRemoteMachine";
import { useSystemMonitorWebSocket } from "@/hooks/useSystemMonitorWebSocket";
import { Poller } from "@/lib/poller";
import type { HostInfo } from "@/lib/types/system";
import { isChannelStale } from "@/stores/machineReadings";
import { createRemoteMachineStore, type RemoteMachineStore } from "@/stores/remoteMachineStore";
import { connectionHealth, systemMonitorStore } from "@/stores/systemMonitorStore";
import { Peer } from "../support/peer";
import { cpu, gpu, host, memory } from "../support/samples";

vi.setConfig({ testTimeout: 30_000 });

const BASE = ["hosts/box2/cpu", "hosts/box2/disk", "hosts/box2/memory", "hosts/box2/network"];

let peer: Peer;
let store: RemoteMachineStore;
let second = 0;

const there = (percent: number) => ({ ...cpu((second += 2), percent), host: "box2" });
const asked = (path: string) => peer.requests.filter((request) => request === `GET ${path}`).length;
const remoteChannels = () => peer.client.subscriptions().filter((name) => name.startsWith("hosts/")).sort();
const health = () => connectionHealth(systemMonitorStore.getState());
/** Live data of the server's own machine, and none of the other. */
const sample = () => {
  peer.publish("system/cpu", "system:metrics", cpu((second += 2), 10));
};
const chart = () => Array.from(store.getState().history["system/cpu"]?.lines[0] ?? [], (value) => (Number.isNaN(value) ? null : value));

beforeEach(async () => {
  // The interval is the server's; a short one keeps the test short.
  systemMonitorStore.setState({ ...systemMonitorStore.getInitialState(), sampleInterval: 0.1, updateInterval: 0.05, waitingSince: performance.now() }, true);
  store = createRemoteMachineStore("box2");
  peer = new Peer();
  await peer.start();
  peer.rest.set("/system/metrics", (query: URLSearchParams) =>
    query.get("host") === "box2" ? { "hosts/box2/cpu": there(70), "hosts/box2/gpu-0": gpu(second, { host: "box2" }), gpu_reason: "" } : { "system/cpu": cpu((second += 2), 20), gpu_reason: "no driver" },
  );
  peer.rest.set("/system/history", { interval_seconds: 0.1, channels: {} });
});
afterEach(async () => {
  await peer.stop();
});

function mount(info: HostInfo = host("box2")) {
  return renderHook(
    ({ info }: { info: HostInfo }) => {
      useSystemMonitorWebSocket();
      useRemoteMachine(store, info);
    },
    { initialProps: { info } },
  );
}

describe("useRemoteMachine", () => {
  it("subscribes that machine's channels and those of its GPUs, and releases exactly them", async () => {
    renderHook(() => { useSystemMonitorWebSocket(); });
    const { unmount } = renderHook(() => { useRemoteMachine(store, host("box2", { gpus: [1] })); });
    await vi.waitFor(() => {
      // One that the list tells of, one that the readings do.
      expect(remoteChannels()).toEqual([...BASE, "hosts/box2/gpu-0", "hosts/box2/gpu-1"].sort());
      expect(peer.subscribes.map(({ channel }) => channel)).toEqual(expect.arrayContaining([...BASE, "hosts/box2/gpu-0", "hosts/box2/gpu-1"]));
    });
    const others = peer.client.subscriptions().filter((name) => !name.startsWith("hosts/"));
    unmount();
    expect(remoteChannels()).toEqual([]);
    await vi.waitFor(() => {
      expect([...new Set(peer.unsubscribes)].sort()).toEqual([...BASE, "hosts/box2/gpu-0", "hosts/box2/gpu-1"].sort());
    });
    expect(peer.client.subscriptions()).toEqual(others);
  });

  it("starts its charts from that machine's history and goes on live, in a store of its own", async () => {
    const ago = (seconds: number, percent: number) => ({ ...there(percent), ts: new Date(Date.now() - seconds * 1000).toISOString() });
    peer.rest.set("/system/history", (query: URLSearchParams) => ({
      interval_seconds: 2,
      channels: query.get("host") === "box2" ? { "hosts/box2/cpu": [ago(4, 1), ago(2, 2)], "hosts/box2/memory": [memory(second)] } : {},
    }));
    peer.rest.set("/system/metrics", { gpu_reason: "no NVML there" });
    mount();
    await vi.waitFor(() => {
      expect(store.getState()).toMatchObject({ historyLoad: "ready", sampleInterval: 2, gpuReason: "no NVML there", memory: { ram: { total: 100 } } });
      expect(peer.subscribes.map(({ channel }) => channel)).toContain("hosts/box2/cpu");
    });
    peer.publish("hosts/box2/cpu", "system:metrics", { ...cpu(0, 3), host: "box2" });
    await vi.waitFor(() => {
      expect(store.getState().cpu).toMatchObject({ percent: 3, host: "box2" });
    });
    expect(chart()).toEqual([1, 2, 3]);
    expect(systemMonitorStore.getState().cpu?.host).not.toBe("box2");
    expect(asked("/system/history?window=900&host=box2")).toBe(1);
  });

  it("has no part in whether the page is live, whether it speaks or is silent", async () => {
    mount();
    await vi.waitFor(() => {
      sample();
      expect(health()).toBe("live");
    });
    // It is silent: its channel says so, and the page stays live.
    await vi.waitFor(() => {
      sample();
      expect(peer.client.ages().find(({ name }) => name === "hosts/box2/cpu")?.stale).toBe(true);
      expect(isChannelStale({ ...systemMonitorStore.getState(), ...store.getState() }, "system/cpu", performance.now())).toBe(true);
      expect(health()).toBe("live");
      expect(systemMonitorStore.getState().consecutiveWebSocketFailures).toBe(0);
    });
    // It speaks, and the server's own machine doesn't: that is a failure all the same.
    await vi.waitFor(
      () => {
        peer.publish("hosts/box2/cpu", "system:metrics", there(5));
        expect(systemMonitorStore.getState().isPolling).toBe(true);
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(systemMonitorStore.getState().lastLiveAt).not.toBeNull();
  });

  it("is asked for while live data is away, and not when it is back", async () => {
    mount();
    await vi.waitFor(() => {
      sample();
      expect(health()).toBe("live");
    });
    const before = asked("/system/metrics?host=box2");
    peer.refuseSockets(true);
    peer.cut();
    await vi.waitFor(() => {
      expect(health()).toBe("polling");
      expect(asked("/system/metrics?host=box2")).toBeGreaterThan(before + 3);
      expect(store.getState().cpu?.percent).toBe(70);
    });
    peer.refuseSockets(false);
    let last = -1;
    await vi.waitFor(
      () => {
        sample();
        const now = asked("/system/metrics?host=box2");
        const quiet = now === last;
        last = now;
        expect(quiet && health() === "live").toBe(true);
      },
      { timeout: 10_000, interval: 200 },
    );
  });

  it("reads its last minutes again from a server that has lost its state [13]", async () => {
    mount();
    await vi.waitFor(() => {
      sample();
      expect(health()).toBe("live");
      expect(asked("/system/history?window=900&host=box2")).toBe(1);
      expect(peer.subscribes.map(({ channel }) => channel)).toContain("hosts/box2/cpu");
    });
    peer.loseState("epoch-2");
    peer.cut();
    await vi.waitFor(() => {
      expect(asked("/system/history?window=900&host=box2")).toBe(2);
    });
  });

  it("is read anew when it comes back, and forgets a GPU that it has come back without", async () => {
    const { rerender } = mount(host("box2", { live: false, gpus: [0] }));
    await vi.waitFor(() => {
      expect(store.getState().gpus[0]?.utilization).toBe(37);
    });
    peer.rest.set("/system/metrics", { gpu_reason: "no driver" });
    rerender({ info: host("box2") });
    await vi.waitFor(() => {
      expect(store.getState()).toMatchObject({ gpus: {}, gpuReason: "no driver" });
    });
    expect(remoteChannels()).toEqual(BASE);
  });

  it("shows at once what it has held back when the update interval is a shorter one", async () => {
    systemMonitorStore.setState({ updateInterval: 30 });
    mount();
    await vi.waitFor(() => {
      expect(store.getState().cpu?.percent).toBe(70);
    });
    store.getState().updateFromWebSocket("system/cpu", there(71), false);
    expect(store.getState().cpu?.percent).toBe(70);
    systemMonitorStore.getState().setUpdateInterval(2);
    expect(store.getState().cpu?.percent).toBe(71);
  });
});

describe("useHosts", () => {
  const lists = () => asked("/system/hosts");

  it("asks at once, again when the connection is back, and not in a hidden tab", async () => {
    peer.rest.set("/system/hosts", { items: [host("box", { server: true })] });
    const { result, unmount } = renderHook(() => useHosts());
    await vi.waitFor(() => {
      expect(result.current.hosts).toHaveLength(1);
      expect(peer.client.state).toBe("connected");
    });
    expect(lists()).toBe(1);
    peer.rest.set("/system/hosts", { items: [host("box", { server: true }), host("box2")] });
    peer.cut();
    await vi.waitFor(() => {
      expect(result.current.hosts).toHaveLength(2);
    });
    expect(lists()).toBe(2);
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    peer.refuseSockets(true);
    peer.cut();
    await vi.waitFor(() => {
      expect(peer.client.state).toBe("disconnected");
    });
    peer.refuseSockets(false);
    await vi.waitFor(() => {
      expect(peer.client.state).toBe("connected");
    });
    expect(lists()).toBe(2);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => {
      expect(lists()).toBe(3);
    });
    unmount();
  });

  it("asks every ten seconds", async () => {
    peer.rest.set("/system/hosts", { items: [host("box", { server: true })] });
    const started = vi.spyOn(Poller.prototype, "start");
    const { result, unmount } = renderHook(() => useHosts());
    await vi.waitFor(() => {
      expect(result.current.hosts).toHaveLength(1);
    });
    // That it comes again after that long is the poller's own test: other parts of this process set timers of ten seconds, too.
    expect((started.mock.contexts as Poller[]).map((poller) => poller["intervalMs"]())).toEqual([10_000]);
    unmount();
  });
});
