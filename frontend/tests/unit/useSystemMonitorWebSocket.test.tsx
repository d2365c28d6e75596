import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useSystemMonitorWebSocket } from "@/hooks/useSystemMonitorWebSocket";
import { connectionHealth, systemMonitorStore } from "@/stores/systemMonitorStore";
import { Peer } from "../support/peer";
import { cpu } from "../support/samples";

let peer: Peer;
let second = 0;

const health = () => connectionHealth(systemMonitorStore.getState());
const polls = () => peer.requests.filter((request) => request === "GET /system/metrics").length;
const sample = () => {
  second += 2;
  peer.publish("system/cpu", "system:metrics", cpu(second, 10));
};

beforeEach(async () => {
  // The interval is the server's; a short one keeps the test short.
  systemMonitorStore.setState({ ...systemMonitorStore.getInitialState(), sampleInterval: 0.1, updateInterval: 0.05, waitingSince: performance.now() }, true);
  peer = new Peer();
  await peer.start();
  peer.rest.set("/system/metrics", () => ({ "system/cpu": cpu((second += 2), 20), gpu_reason: "no driver" }));
  peer.rest.set("/system/history", { interval_seconds: 0.1, channels: {} });
});
afterEach(async () => {
  await peer.stop();
});

async function live() {
  const hook = renderHook(() => {
    useSystemMonitorWebSocket();
  });
  await vi.waitFor(() => {
    sample();
    expect(health()).toBe("live");
  });
  return hook;
}

describe("useSystemMonitorWebSocket", () => {
  it("subscribes each channel of the machine, and those of the GPUs it learns of", async () => {
    await live();
    expect(peer.client.subscriptions().sort()).toEqual(["system/cpu", "system/disk", "system/memory", "system/network"]);
    systemMonitorStore.getState().updateGPUMetricsFromWebSocket({
      ...{ ts: "2026-01-01T12:00:00.000Z", gpu_id: 1, name: null, utilization: null, memory_used: null, memory_total: null },
      ...{ memory_percent: null, temperature: null, power_usage: null, power_limit: null, fan_speed: null, clock_sm: null },
      ...{ clock_memory: null, processes: null },
    });
    await vi.waitFor(() => {
      expect(peer.client.subscriptions()).toContain("system/gpu/1");
    });
  });

  it("polls while the socket is cut and stops when live data is back", async () => {
    const { unmount } = await live();
    peer.refuseSockets(true);
    peer.cut();
    await vi.waitFor(() => {
      expect(health()).toBe("polling");
      expect(polls()).toBeGreaterThan(3);
    });
    expect(systemMonitorStore.getState().consecutiveWebSocketFailures).toBeGreaterThan(0);
    peer.refuseSockets(false);
    await vi.waitFor(() => {
      sample();
      expect(health()).toBe("live");
    });
    // A request under way may still end; after that there is none, for longer than several of its intervals.
    const deadline = performance.now() + 400;
    let before = polls();
    await vi.waitFor(
      () => {
        sample();
        const now = polls();
        const quiet = now === before;
        before = now;
        expect(quiet && performance.now() > deadline).toBe(true);
      },
      { timeout: 3000, interval: 100 },
    );
    unmount();
  });

  it("polls when the socket is open but brings nothing [7]", async () => {
    await live();
    const before = polls();
    await vi.waitFor(
      () => {
        expect(systemMonitorStore.getState()).toMatchObject({ isWebSocketConnected: true, isPolling: true });
        expect(polls()).toBeGreaterThan(before + 2);
      },
      { timeout: 5000 },
    );
    expect(health()).toBe("polling");
  });

  it("does not poll in a hidden tab [34]", async () => {
    await live();
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    const before = polls();
    peer.refuseSockets(true);
    peer.cut();
    await vi.waitFor(() => {
      expect(systemMonitorStore.getState().isPolling).toBe(true);
    });
    expect(polls()).toBe(before);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => {
      expect(polls()).toBeGreaterThan(before);
    });
  });

  it("resynchronises at once when a hidden tab is shown again", async () => {
    await live();
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    peer.refuseSockets(true);
    peer.cut();
    await vi.waitFor(() => {
      expect(systemMonitorStore.getState().isWebSocketConnected).toBe(false);
    });
    for (let i = 0; i < 3; i += 1) peer.publish("system/cpu", "system:metrics", cpu((second += 2), 60 + i), { lose: true });
    peer.refuseSockets(false);
    const asked = peer.subscribes.length;
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => {
      expect(systemMonitorStore.getState().cpu?.percent).toBe(62);
    });
    expect(peer.subscribes.slice(asked).every((request) => request.since !== undefined || request.channel !== "system/cpu")).toBe(true);
  });

  it("asks again for a channel that has fallen silent when the tab is shown", async () => {
    await live();
    const asked = peer.subscribes.filter((request) => request.channel === "system/cpu").length;
    await vi.waitFor(
      () => {
        expect(peer.client.ages().some(({ name, stale }) => name === "system/cpu" && stale)).toBe(true);
      },
      { timeout: 5000 },
    );
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.waitFor(() => {
      expect(peer.subscribes.filter((request) => request.channel === "system/cpu").length).toBe(asked + 1);
    });
  });

  it("reads the last minutes again from a server that has lost its state [13]", async () => {
    await live();
    const reads = () => peer.requests.filter((request) => request.startsWith("GET /system/history")).length;
    await vi.waitFor(() => {
      expect(reads()).toBe(1);
    });
    peer.loseState("epoch-2");
    peer.cut();
    await vi.waitFor(() => {
      expect(reads()).toBe(2);
    });
  });

  it("connects as soon as the server answers again", async () => {
    await live();
    peer.refuseSockets(true);
    peer.rest.delete("/system/metrics");
    peer.cut();
    await vi.waitFor(() => {
      expect(health()).toBe("offline");
    });
    const woken = vi.spyOn(peer.client, "wake");
    peer.rest.set("/system/metrics", () => ({ "system/cpu": cpu((second += 2), 20), gpu_reason: null }));
    await vi.waitFor(() => {
      expect(woken).toHaveBeenCalled();
    });
    expect(health()).toBe("polling");
  });
});
