import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useTrainingWebSocket } from "@/hooks/useTrainingWebSocket";
import { trainingsStore } from "@/stores/trainingsStore";
import { Peer } from "../support/peer";
import { metricRow, progress, training } from "../support/samples";

const channel = (id: string) => `trainings/${id}/progress`;
let peer: Peer;

function knows(id: string, step = 150): void {
  peer.rest.set(`/trainings/${id}`, training({ id, current_step: step, updated_at: new Date().toISOString() }));
  peer.rest.set(`/trainings/${id}/metrics`, { training_id: id, items: [metricRow(0), metricRow(step)] });
  peer.rest.set(`/trainings/${id}/checkpoints`, { items: [], next_cursor: null });
}

const step = (id: string) => trainingsStore.getState().trainings[id]?.current_step;
const subscribed = () => peer.subscribes.map((request) => request.channel);

beforeEach(async () => {
  trainingsStore.setState(trainingsStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  knows("trn_1");
  knows("trn_2");
});
afterEach(async () => {
  await peer.stop();
});

async function mounted(id = "trn_1") {
  const hook = renderHook(({ trainingId }) => useTrainingWebSocket(trainingId), { initialProps: { trainingId: id } });
  await vi.waitFor(() => {
    expect(subscribed()).toContain(channel(id));
    expect(trainingsStore.getState().curves[id]?.series.x).toEqual([0, 150]);
  });
  return hook;
}

describe("useTrainingWebSocket", () => {
  it("subscribes on mount", async () => {
    await mounted();
    await vi.waitFor(() => {
      expect(subscribed()).toEqual([channel("trn_1"), "trainings/trn_1/checkpoints"]);
    });
  });

  it("unsubscribes on unmount", async () => {
    const { unmount } = await mounted();
    unmount();
    await vi.waitFor(() => {
      expect(peer.unsubscribes.sort()).toEqual(["trainings/trn_1/checkpoints", channel("trn_1")]);
    });
    expect(peer.client.subscriptions()).toEqual([]);
  });

  it("updates the store on a message", async () => {
    await mounted();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 320, loss: 0.125 }));
    await vi.waitFor(() => {
      expect(trainingsStore.getState().trainings["trn_1"]).toMatchObject({ current_step: 320, loss: 0.125 });
    });
    expect(trainingsStore.getState().curves["trn_1"]?.series.x).toEqual([0, 150, 320]);
  });

  it("resubscribes when the training's id changes", async () => {
    const { rerender } = await mounted();
    rerender({ trainingId: "trn_2" });
    await vi.waitFor(() => {
      expect(subscribed()).toContain(channel("trn_2"));
      expect(peer.unsubscribes).toContain(channel("trn_1"));
    });
    expect(peer.client.subscriptions().sort()).toEqual(["trainings/trn_2/checkpoints", channel("trn_2")]);
  });

  it("shows the end that came before it subscribed [4]", async () => {
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 1490 }));
    peer.publish(channel("trn_1"), "training:completed", { training_id: "trn_1", progress: 100, final_loss: 0.01, duration_seconds: 3 });
    renderHook(() => useTrainingWebSocket("trn_1"));
    await vi.waitFor(() => {
      expect(trainingsStore.getState().trainings["trn_1"]).toMatchObject({ status: "completed", progress: 100 });
    });
  });
});

describe("reconnection", () => {
  it("attempts to reconnect", async () => {
    await mounted();
    const states: string[] = [];
    peer.client.onState((state) => states.push(state));
    peer.cut();
    await vi.waitFor(() => {
      expect(states).toEqual(["disconnected", "connected"]);
    });
  });

  it("subscribes again, once for each channel", async () => {
    await mounted();
    peer.cut();
    await vi.waitFor(() => {
      expect(subscribed().length).toBeGreaterThanOrEqual(4);
    });
    expect(subscribed()).toHaveLength(4);
    expect(subscribed().filter((name) => name === channel("trn_1"))).toHaveLength(2);
  });

  it("resynchronises with the latest progress", async () => {
    await mounted();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 200 }));
    await vi.waitFor(() => {
      expect(step("trn_1")).toBe(200);
    });
    peer.cut();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 300 }), { lose: true });
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 400 }), { lose: true });
    await vi.waitFor(() => {
      expect(trainingsStore.getState().curves["trn_1"]?.series.x).toEqual([0, 150, 200, 300, 400]);
    });
  });

  it("reads everything again when the server has lost its state [13]", async () => {
    await mounted();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 200 }));
    await vi.waitFor(() => {
      expect(step("trn_1")).toBe(200);
    });
    knows("trn_1", 900);
    peer.loseState("epoch-2");
    peer.cut();
    await vi.waitFor(() => {
      expect(step("trn_1")).toBe(900);
      expect(trainingsStore.getState().curves["trn_1"]?.series.x).toContain(900);
    });
  });
});
