import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ageOf, forgetServerTime, noteServerTime, serverNow } from "@/lib/clock";

const at = (offset: number) => new Date(Date.now() + offset).toISOString();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "Date"] });
  forgetServerTime();
});
afterEach(() => {
  vi.useRealTimers();
  forgetServerTime();
});

describe("the server's clock", () => {
  it("is the browser's while nothing is known, and then no age is invented", () => {
    expect(serverNow()).toBe(Date.now());
    expect(ageOf(at(-3_600_000))).toBe(0);
  });

  it("goes by the least late of what came", () => {
    noteServerTime(at(5000));
    noteServerTime(at(4200));
    expect(serverNow() - Date.now()).toBe(5000);
    expect(ageOf(at(2000))).toBe(3000);
  });

  it("is not set back by a burst of old events told again", () => {
    noteServerTime(at(0));
    for (let i = 300; i > 0; i -= 1) noteServerTime(at(-1000 * i));
    expect(serverNow()).toBe(Date.now());
  });

  it("follows a clock that was set back within a minute", () => {
    noteServerTime(at(60_000));
    for (let second = 0; second < 62; second += 2) {
      vi.advanceTimersByTime(2000);
      noteServerTime(at(0));
    }
    expect(serverNow()).toBe(Date.now());
  });

  it("does not mind what is no time", () => {
    noteServerTime("yesterday");
    expect(ageOf("yesterday")).toBe(0);
    expect(serverNow()).toBe(Date.now());
  });
});
