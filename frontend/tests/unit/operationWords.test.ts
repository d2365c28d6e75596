import { describe, expect, it } from "vitest";
import * as words from "@/lib/operationWords";
import type { Operation } from "@/lib/types/job";
import { operation } from "../support/samples";

const NOW = Date.parse("2026-01-01T12:01:00.000Z");
const plain = (text: string | null | undefined) => (text ?? "").replace(/\u202f/g, " ");
const said = (changes: Partial<Operation>) => plain(words.situation(operation(changes), NOW));

describe("what is said of a job under way", () => {
  it("names the state and since when", () => {
    expect(said({ status: "stalled", status_since: "2026-01-01T12:00:40.000Z" })).toMatch(/^stalled since \d\d:\d\d:40 · 20 s · last report 30 s ago · its worker may be lost$/);
    expect(said({ status: "paused", status_since: "2026-01-01T11:58:00.000Z" })).toMatch(/^paused since \d\d:\d\d:00 · 3 min 00 s$/);
    expect(said({ status: "paused", control: "resume" })).toMatch(/asked to go on$/);
    expect(said({ status: "cancelling", status_since: "2026-01-01T12:00:48.000Z" })).toBe("stopping for 12 s · waits for its process to end");
    expect(said({ status: "starting", status_since: "2026-01-01T12:00:49.000Z" })).toBe("starting for 11 s · waits for its first report");
  });

  it("leaves out a time that isn't known", () => {
    expect(said({ status: "stalled", status_since: null, last_report_at: null, attached: true })).toBe("stalled · it never reported · the program or its connection may be lost");
    expect(said({ status: "cancelling", status_since: null })).toContain("stopping for –");
  });

  it("says the phase, its message, what is asked, and that reports have become rare", () => {
    expect(said({ phase: "extracting", phase_index: 2, phase_count: 3, message: "shard 4", last_report_at: "2026-01-01T12:00:59.000Z" })).toBe("phase 2 of 3: extracting · shard 4");
    expect(said({ control: "pause", status_text: "asked to pause at the next safe point", phase: null })).toBe("asked to pause at the next safe point · last report 30 s ago");
    expect(said({ phase: null, last_report_at: "2026-01-01T12:00:59.000Z" })).toBe("–");
  });

  it("says for what a queued job waits: its place, its time, its next attempt, a worker", () => {
    const queued = (changes: Partial<Operation>) => said({ status: "queued", ...changes });
    expect(queued({})).toBe("waits for a free cpu place");
    expect(queued({ not_before: "2026-01-01T12:01:30.000Z" })).toMatch(/^begins at \d\d:\d\d:30, in 30 s$/);
    expect(queued({ not_before: "2026-01-01T12:01:30.000Z", attempt: 2, status_text: "waits until x for attempt 2; no worker serves the class gpu" })).toMatch(
      /^attempt 2 begins at \d\d:\d\d:30, in 30 s · no worker serves the class gpu$/,
    );
  });

  it("tells attempts, that it was tried again, and the limit of its time", () => {
    const again = operation({ attempt: 2, max_attempts: 3, time_limit_seconds: 60 });
    expect(words.attemptText(again)).toBe("attempt 2 of 3");
    expect(words.attemptText(operation({ attempt: 3 }))).toBe("attempt 3");
    expect(words.attemptText(operation())).toBeNull();
    expect(words.triedAgainText(again, NOW)).toMatch(/^tried again at \d\d:\d\d$/);
    expect(plain(words.limitText(again, NOW))).toBe("limit 1 min 00 s, 5.0 s left");
    expect(plain(words.limitText({ ...again, status: "queued", started_at: null }, NOW))).toBe("limit 1 min 00 s");
    expect(plain(words.limitText(again, NOW + 60_000))).toContain("reached");
    expect(words.limitText(operation(), NOW)).toBeNull();
  });

  it("gives a range once there is one, and says until then that there is none", () => {
    expect(plain(words.remainingText(operation()))).toBe("10–12 s left");
    expect(words.remainingText(operation({ eta_low: null, eta_high: null }))).toBe("no estimate yet");
    expect(words.remainingText(operation({ eta_low: null, eta_high: null, progress: null }))).toBe("");
    expect(words.remainingText(operation({ status: "paused" }))).toBe("");
  });

  it("tells the age of the last report where one is to be expected", () => {
    expect(plain(words.reportAge(operation(), NOW)?.text)).toBe("report 30 s ago");
    expect(words.reportAge(operation(), NOW)?.late).toBe(true);
    expect(words.reportAge(operation({ last_report_at: "2026-01-01T12:00:59.500Z" }), NOW)).toEqual({ text: "reported just now", late: false });
    expect(words.reportAge(operation({ status: "paused" }), NOW)).toBeNull();
  });

  it("counts nothing that hasn't been counted", () => {
    expect(words.countText(operation({ done: 0, total: null, unit: null }))).toBe("");
    expect(words.countText(operation())).toBe("936 / 1,500 steps");
  });

  it("says where readings come from, and that those of a stalled job are old", () => {
    const resources = { job_id: "job_1", source: "measured" as const, processes: 2, cpu_percent: 140, rss_bytes: 1024, read_bytes_per_s: 0, write_bytes_per_s: null, gpus: [{ gpu_id: 1, memory_bytes: 2048, utilization: null }] };
    expect(plain(words.resourcesLine(resources))).toBe("GPU 1 2.0 KiB · CPU 140 % · 1.0 KiB");
    expect(plain(words.resourcesTitle(resources))).toBe("measured, 2 processes: reads 0 B/s, writes –");
    expect(words.resourcesSource(operation({ resources }))).toBe("measured");
    expect(words.resourcesSource(operation({ resources, status: "stalled" }))).toBe("as of its last report");
    expect(words.resourcesSource(operation())).toBe("not known");
    expect(words.resourcesTitle(null)).toBe("What this job uses is not known");
  });
});
