import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Poller } from "@/lib/poller";

let poller: Poller | null = null;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  poller?.stop();
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);
const show = (hidden: boolean) => {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
};

describe("Poller", () => {
  it("asks at once, and again an interval after each answer", async () => {
    let answer: () => void = () => {};
    const tick = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)));
    poller = new Poller(tick, () => 2000);
    poller.start();
    poller.start();
    expect(tick).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(tick).toHaveBeenCalledTimes(1);
    answer();
    await vi.advanceTimersByTimeAsync(1999);
    expect(tick).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(tick).toHaveBeenCalledTimes(2);
  });

  it("rests in a hidden tab, and asks at once when it is shown [34]", async () => {
    const tick = vi.fn(() => Promise.resolve());
    poller = new Poller(tick, () => 1000);
    poller.start();
    await settle();
    show(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(tick).toHaveBeenCalledTimes(1);
    show(false);
    expect(tick).toHaveBeenCalledTimes(2);
  });

  it("does nothing once it is stopped, whatever is under way", async () => {
    let answer: () => void = () => {};
    const tick = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)));
    poller = new Poller(tick, () => 10);
    poller.start();
    poller.stop();
    answer();
    await vi.advanceTimersByTimeAsync(1000);
    show(false);
    expect(tick).toHaveBeenCalledTimes(1);
  });
});
