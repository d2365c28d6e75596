import { renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useTrainingWebSocket } from "@/hooks/useTrainingWebSocket";
import { trainingsStore } from "@/stores/trainingsStore";
import { encodeColumns } from "../support/columns";
import { Peer } from "../support/peer";
import { progress, training } from "../support/samples";

/** A loaded machine takes its time; what is waited for comes nearly at once. */
const soon = (holds: () => void) => vi.waitFor(holds, { timeout: 10_000 });
const channel = (id: string) => `trainings/${id}/progress`;
let peer: Peer;
/** What REST has of each training's curve: the steps. */
const rows = new Map<string, number[]>();

/** A row that changed a second ago: what is published from now on is newer. */
function knows(id: string, step = 150, at = Date.now() - 1000): void {
  peer.rest.set(`/trainings/${id}`, training({ id, current_step: step, updated_at: new Date(at).toISOString() }));
  rows.set(id, [0, step]);
  peer.rest.set(`/trainings/${id}/metrics`, (query: URLSearchParams) => {
    const since = Number(query.get("since_step") ?? -1);
    const steps = (rows.get(id) ?? []).filter((each) => each > since);
    return encodeColumns({ step: steps, metrics: { loss: steps.map((at) => 1 / (1 + at)) } });
  });
  peer.rest.set(`/trainings/${id}/checkpoints`, { items: [], next_cursor: null });
}

const step = (id: string) => trainingsStore.getState().trainings[id]?.current_step;
const steps = (id: string) => trainingsStore.getState().curves[id]?.layers["all"]?.step;
const subscribed = () => peer.subscribes.map((request) => request.channel);

vi.setConfig({ testTimeout: 30_000 });
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
  await soon(() => {
    expect(subscribed()).toContain(channel(id));
    expect(steps(id)).toEqual([0, 150]);
  });
  return hook;
}

describe("useTrainingWebSocket", () => {
  it("subscribes on mount", async () => {
    await mounted();
    await soon(() => {
      expect(subscribed()).toEqual([channel("trn_1"), "trainings/trn_1/checkpoints"]);
    });
  });

  it("unsubscribes on unmount", async () => {
    const { unmount } = await mounted();
    unmount();
    await soon(() => {
      expect(peer.unsubscribes.sort()).toEqual(["trainings/trn_1/checkpoints", channel("trn_1")]);
    });
    expect(peer.client.subscriptions()).toEqual([]);
  });

  it("a training that is deleted is no longer shown, and the page says why", async () => {
    await mounted();
    peer.rest.delete("/trainings/trn_1");
    peer.publish(channel("trn_1"), "training:deleted", { training_id: "trn_1", job_id: "job_1" });
    await soon(() => {
      expect(trainingsStore.getState().trainings["trn_1"]).toBeUndefined();
    });
    expect(trainingsStore.getState().curves["trn_1"]).toBeUndefined();
    expect(trainingsStore.getState().errors["trn_1"]).toBe("the training trn_1 was deleted");
  });

  it("updates the store on a message", async () => {
    await mounted();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 320, loss: 0.125 }));
    await soon(() => {
      expect(trainingsStore.getState().trainings["trn_1"]).toMatchObject({ current_step: 320, loss: 0.125 });
    });
    expect(steps("trn_1")).toEqual([0, 150, 320]);
  });

  it("asks for the rows that came since, and for those alone, with what events don't carry [33]", async () => {
    await mounted();
    rows.set("trn_1", [0, 150, 310, 320]);
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 320, loss: 0.125 }));
    await soon(() => {
      expect(steps("trn_1")).toEqual([0, 150, 310, 320]);
    });
    const asked = peer.requests.filter((request) => request.includes("/metrics"));
    expect(asked[asked.length - 1]).toContain("since_step=150");
    expect(asked.filter((request) => !request.includes("since_step"))).toHaveLength(asked.length - 1);
  });

  it("resubscribes when the training's id changes", async () => {
    const { rerender } = await mounted();
    rerender({ trainingId: "trn_2" });
    await soon(() => {
      expect(subscribed()).toContain(channel("trn_2"));
      expect(peer.unsubscribes).toContain(channel("trn_1"));
    });
    expect(peer.client.subscriptions().sort()).toEqual(["trainings/trn_2/checkpoints", channel("trn_2")]);
  });

  it("shows the end that came before it subscribed [4]", async () => {
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 1490 }));
    peer.publish(channel("trn_1"), "training:completed", { training_id: "trn_1", progress: 100, final_loss: 0.01, duration_seconds: 3 });
    renderHook(() => useTrainingWebSocket("trn_1"));
    await soon(() => {
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
    await soon(() => {
      expect(states).toEqual(["disconnected", "connected"]);
    });
  });

  it("subscribes again, once for each channel", async () => {
    await mounted();
    peer.cut();
    await soon(() => {
      expect(subscribed().length).toBeGreaterThanOrEqual(4);
    });
    expect(subscribed()).toHaveLength(4);
    expect(subscribed().filter((name) => name === channel("trn_1"))).toHaveLength(2);
  });

  it("resynchronises with the latest progress", async () => {
    await mounted();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 200 }));
    await soon(() => {
      expect(step("trn_1")).toBe(200);
    });
    peer.cut();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 300 }), { lose: true });
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 400 }), { lose: true });
    await soon(() => {
      expect(steps("trn_1")).toEqual([0, 150, 200, 300, 400]);
    });
  });

  it("reads everything again when the server has lost its state [13]", async () => {
    await mounted();
    peer.publish(channel("trn_1"), "training:progress", progress({ current_step: 200 }));
    await soon(() => {
      expect(step("trn_1")).toBe(200);
    });
    knows("trn_1", 900, Date.now());
    peer.loseState("epoch-2");
    peer.cut();
    await soon(() => {
      expect(step("trn_1")).toBe(900);
      expect(steps("trn_1")).toContain(900);
    });
  });
});
