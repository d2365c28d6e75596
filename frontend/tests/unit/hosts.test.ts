import { afterEach, describe, expect, it, vi } from "vitest";
import { api } from "@/lib/api";
import { chosenHost, hostWord } from "@/lib/hosts";
import { channelOn, channelTold } from "@/lib/systemChannels";
import type { HostInfo } from "@/lib/types/system";
import { createHostsStore } from "@/stores/hostsStore";
import { host } from "../support/samples";

const BOX = host("box", { server: true });
const BOX2 = host("box2");

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a machine's channels", () => {
  it("are named after it, and the server's own after nobody", () => {
    expect([channelOn(null, "system/cpu"), channelOn(null, "system/gpu/0")]).toEqual(["system/cpu", "system/gpu/0"]);
    expect([channelOn("box2", "system/cpu"), channelOn("box2", "system/gpu/12")]).toEqual(["hosts/box2/cpu", "hosts/box2/gpu-12"]);
  });

  it("are read back, and no other's are", () => {
    for (const channel of ["system/cpu", "system/disk", "system/gpu/3"]) {
      expect(channelTold("box2", channelOn("box2", channel))).toBe(channel);
      expect(channelTold(null, channelOn(null, channel))).toBe(channel);
      expect(channelTold("box", channelOn("box2", channel))).toBeNull();
      expect(channelTold(null, channelOn("box2", channel))).toBeNull();
    }
    expect(channelTold(null, "gpu_reason")).toBeNull();
  });
});

describe("chosenHost", () => {
  it("is the server's own where the address names none, or names it", () => {
    expect(chosenHost("", null)).toEqual({ kind: "own" });
    expect(chosenHost("box", [BOX, BOX2])).toEqual({ kind: "own" });
  });

  it("is another one that reports, unknown if none of that name does, and open until the list is there", () => {
    expect(chosenHost("box2", [BOX, BOX2])).toEqual({ kind: "other", info: BOX2 });
    expect(chosenHost("box9", [BOX, BOX2])).toEqual({ kind: "unknown", name: "box9" });
    expect(chosenHost("box2", null)).toEqual({ kind: "waiting", name: "box2" });
  });
});

describe("hostWord", () => {
  const now = Date.parse("2026-01-01T12:00:00Z");
  it("says in words what its dot says, and claims nothing of what could not be read", () => {
    const silent: HostInfo = { ...BOX2, live: false, seen_at: "2026-01-01T11:40:00Z" };
    const words = [hostWord(BOX2, true, now), hostWord(silent, true, now), hostWord({ ...silent, seen_at: null }, true, now), hostWord(BOX2, false, now)];
    expect(words.map(({ word }) => word)).toEqual(["live", expect.stringMatching(/^no data since \d\d:40/), "no data yet", "not known now"]);
    expect(new Set(words.map(({ dot }) => dot)).size).toBe(3);
  });
});

describe("hostsStore", () => {
  it("keeps the answer to what was asked last, and the list beside the error that a later call met", async () => {
    const store = createHostsStore();
    let late: (answer: { items: HostInfo[] }) => void = () => {};
    const call = vi.spyOn(api, "systemHosts").mockReturnValueOnce(new Promise((resolve) => (late = resolve)));
    const first = store.getState().fetchHosts();
    call.mockResolvedValueOnce({ items: [BOX, BOX2] });
    await store.getState().fetchHosts();
    late({ items: [BOX] });
    await first;
    expect(store.getState()).toMatchObject({ hosts: [BOX, BOX2], error: null });
    call.mockRejectedValueOnce(new Error("gone"));
    await store.getState().fetchHosts();
    expect(store.getState()).toMatchObject({ hosts: [BOX, BOX2], error: "gone" });
  });
});
