import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SubscriptionInfo } from "@/lib/socket";
import type { TrainingProgress } from "@/lib/types/events";
import { Peer } from "../support/peer";
import { progress } from "../support/samples";

const CHANNEL = "trainings/trn_1/progress";
let peer: Peer;

beforeEach(async () => {
  peer = new Peer();
  await peer.start();
});
afterEach(async () => {
  await peer.stop();
});

/** Subscribes and keeps what comes. */
function listen() {
  const steps: (number | null)[] = [];
  const infos: SubscriptionInfo[] = [];
  const release = peer.client.subscribe(
    CHANNEL,
    { "training:progress": (payload: TrainingProgress) => steps.push(payload.current_step) },
    { onSubscribed: (info) => infos.push(info) },
  );
  return { steps, infos, release };
}

const send = (step: number, how = {}) => {
  peer.publish(CHANNEL, "training:progress", progress({ current_step: step }), how);
};

describe("LiveSocket", () => {
  it("subscribes a channel once for two listeners and unsubscribes with the last", async () => {
    const a = listen();
    const b = listen();
    await vi.waitFor(() => {
      expect(a.infos).toHaveLength(1);
    });
    send(1);
    await vi.waitFor(() => {
      expect([a.steps, b.steps]).toEqual([[1], [1]]);
    });
    expect(peer.subscribes).toHaveLength(1);
    a.release();
    a.release();
    send(2);
    await vi.waitFor(() => {
      expect(b.steps).toEqual([1, 2]);
    });
    expect(a.steps).toEqual([1]);
    expect(peer.unsubscribes).toEqual([]);
    b.release();
    await vi.waitFor(() => {
      expect(peer.unsubscribes).toEqual([CHANNEL]);
    });
    expect(peer.client.subscriptions()).toEqual([]);
  });

  it("sends nothing for a channel that was taken and released before it connected", async () => {
    const early = listen();
    early.release();
    const other = peer.client.subscribe("operations", {});
    await vi.waitFor(() => {
      expect(peer.subscribes.map((request) => request.channel)).toEqual(["operations"]);
    });
    other();
    expect(peer.unsubscribes).not.toContain(CHANNEL);
  });

  it("tells a first subscriber the present state from the snapshot", async () => {
    send(1);
    send(2);
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(steps).toEqual([2]);
    });
    expect(infos).toEqual([{ first: true, recovered: true }]);
  });

  it("delivers each event once after three reconnects [6]", async () => {
    const { steps, infos } = listen();
    for (let round = 1; round <= 3; round += 1) {
      await vi.waitFor(() => {
        expect(infos).toHaveLength(round);
      });
      peer.cut();
    }
    await vi.waitFor(() => {
      expect(infos).toHaveLength(4);
    });
    send(7);
    await vi.waitFor(() => {
      expect(steps).toEqual([7]);
    });
    send(8);
    await vi.waitFor(() => {
      expect(steps).toEqual([7, 8]);
    });
  });

  it("asks for what it missed with since, and gets it in order", async () => {
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    send(1);
    await vi.waitFor(() => {
      expect(steps).toEqual([1]);
    });
    peer.cut();
    send(2, { lose: true });
    send(3, { lose: true });
    await vi.waitFor(() => {
      expect(steps).toEqual([1, 2, 3]);
    });
    expect(peer.subscribes[1]).toMatchObject({ channel: CHANNEL, since: { epoch: "epoch-1", seq: 1 } });
    expect(infos[1]).toEqual({ first: false, recovered: true });
  });

  it("says so when the server could not bring what was missed [13]", async () => {
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    send(1);
    await vi.waitFor(() => {
      expect(steps).toEqual([1]);
    });
    peer.cut();
    peer.loseState("epoch-2");
    await vi.waitFor(() => {
      expect(infos[1]).toEqual({ first: false, recovered: false });
    });
    send(40);
    await vi.waitFor(() => {
      expect(steps).toEqual([1, 40]);
    });
  });

  it("closes an unexplained jump in seq by asking from the last event it has", async () => {
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    send(1);
    send(2, { lose: true });
    send(3);
    await vi.waitFor(() => {
      expect(steps).toEqual([1, 2, 3]);
    });
    expect(peer.subscribes[1]?.since).toEqual({ epoch: "epoch-1", seq: 1 });
  });

  it("takes a jump that conflated explains", async () => {
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    send(1);
    send(2, { lose: true });
    peer.conflate(CHANNEL, 1);
    send(3);
    await vi.waitFor(() => {
      expect(steps).toEqual([1, 3]);
    });
    expect(peer.subscribes).toHaveLength(1);
  });

  it("asks again on a silent connection and takes up where it was", async () => {
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    send(1, { lose: true });
    peer.client.refresh();
    await vi.waitFor(() => {
      expect(steps).toEqual([1]);
    });
    expect(infos[1]).toEqual({ first: false, recovered: true });
  });

  it("opens the events of a batch", async () => {
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    const data = (seq: number) => ({ ...progress({ current_step: seq }), channel: CHANNEL, epoch: "epoch-1", seq });
    peer.emitRaw("batch", { events: [1, 2].map((seq) => ({ event: "training:progress", data: data(seq) })) });
    await vi.waitFor(() => {
      expect(steps).toEqual([1, 2]);
    });
  });

  it("tells a listener that comes later the present state, and asks the server for nothing", async () => {
    const first = listen();
    await vi.waitFor(() => {
      expect(first.infos).toHaveLength(1);
    });
    send(1);
    send(2);
    await vi.waitFor(() => {
      expect(first.steps).toEqual([1, 2]);
    });
    const late = listen();
    await vi.waitFor(() => {
      expect(late.steps).toEqual([2]);
    });
    expect(late.infos).toEqual([{ first: true, recovered: true }]);
    send(3);
    await vi.waitFor(() => {
      expect([first.steps, late.steps]).toEqual([[1, 2, 3], [2, 3]]);
    });
    expect(first.infos).toHaveLength(1);
    expect(peer.subscribes).toHaveLength(1);
  });

  it("tells nothing more once it is released, though events wait for their turn", async () => {
    const kept = listen();
    const gone = listen();
    await vi.waitFor(() => {
      expect(gone.infos).toHaveLength(1);
    });
    const release = peer.client.subscribe("notes/1", { "training:progress": () => gone.release() });
    await vi.waitFor(() => {
      expect(peer.subscribes).toHaveLength(2);
    });
    peer.publish("notes/1", "training:progress", progress());
    send(1);
    await vi.waitFor(() => {
      expect(kept.steps).toEqual([1]);
    });
    expect(gone.steps).toEqual([]);
    release();
  });

  it("knows how long each channel has been silent, and which should not be", async () => {
    const release = peer.client.subscribe(CHANNEL, {}, { every: () => 0.5 });
    const quiet = peer.client.subscribe("operations", {});
    await vi.waitFor(() => {
      expect(peer.subscribes).toHaveLength(2);
    });
    const age = (name: string) => peer.client.ages().find((each) => each.name === name);
    expect(age(CHANNEL)).toMatchObject({ heardAt: null, every: 0.5, stale: false });
    send(1);
    await vi.waitFor(() => {
      expect(age(CHANNEL)?.heardAt).not.toBeNull();
    });
    const later = performance.now() + 1600;
    vi.spyOn(performance, "now").mockReturnValue(later);
    expect(age(CHANNEL)?.stale).toBe(true);
    expect(age("operations")).toMatchObject({ every: null, stale: false });
    vi.restoreAllMocks();
    release();
    quiet();
  });

  it("asks again only for the channels that are wanted", async () => {
    const { infos } = listen();
    const release = peer.client.subscribe("operations", {});
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
      expect(peer.subscribes).toHaveLength(2);
    });
    peer.client.refresh((name) => name === "operations");
    await vi.waitFor(() => {
      expect(peer.subscribes).toHaveLength(3);
    });
    expect(peer.subscribes[2]?.channel).toBe("operations");
    release();
  });

  it("tries at once to connect when it is woken, and comes back with what it missed", async () => {
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    peer.refuseSockets(true);
    peer.cut();
    await vi.waitFor(() => {
      expect(peer.client.state).toBe("disconnected");
    });
    send(1, { lose: true });
    peer.refuseSockets(false);
    peer.client.wake();
    await vi.waitFor(() => {
      expect(steps).toEqual([1]);
    });
    // A connection that is open is left alone.
    peer.client.wake();
    expect(peer.client.state).toBe("connected");
  });

  it("tells what had come before it tells the loss", async () => {
    const told: string[] = [];
    const release = peer.client.subscribe(CHANNEL, { "training:progress": () => told.push("event") }, { onSubscribed: () => told.push("subscribed") });
    await vi.waitFor(() => {
      expect(told).toEqual(["subscribed"]);
    });
    peer.client.onState((state) => told.push(state));
    for (const step of [1, 2, 3]) send(step);
    peer.cut();
    await vi.waitFor(() => {
      expect(told).toContain("connected");
    });
    expect(told.slice(0, 5)).toEqual(["subscribed", "event", "event", "event", "disconnected"]);
    release();
  });

  it("is told a refusal of its own channel, and goes on with others", async () => {
    const errors: string[] = [];
    const release = peer.client.subscribe(CHANNEL, {}, { onError: (error) => errors.push(error.code) });
    const { steps, infos } = listen();
    await vi.waitFor(() => {
      expect(infos).toHaveLength(1);
    });
    peer.emitRaw("error", { code: "invalid", message: "no", channel: CHANNEL });
    peer.emitRaw("error", { code: "invalid", message: "no" });
    send(1);
    await vi.waitFor(() => {
      expect(steps).toEqual([1]);
    });
    expect(errors).toEqual(["invalid"]);
    release();
  });
});
