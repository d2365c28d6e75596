import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { useJobLogs } from "@/hooks/useJobLogs";
import { api } from "@/lib/api";
import type { LogLine, LogPage } from "@/lib/types/job";
import { Peer } from "../support/peer";

const channel = "jobs/job_1/logs";
const line = (seq: number): LogLine => ({ seq, ts: "2026-11-25T10:00:00.000Z", stream: "stdout", text: `line ${seq}` });
const lines = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => line(from + i));
let peer: Peer;
let written: number;

beforeEach(async () => {
  peer = new Peer();
  await peer.start();
  peer.rest.set("/jobs/job_1/logs", (query: URLSearchParams) => {
    const tail = Number(query.get("tail") ?? 0);
    const after = Number(query.get("after") ?? 0);
    const from = tail > 0 ? Math.max(1, written - tail + 1) : after + 1;
    const items = lines(from, tail > 0 ? written : Math.min(written, from + Number(query.get("limit")) - 1));
    return { items, next_after: items.at(-1)?.seq ?? after, next_before: from > 1 ? from : null };
  });
});
afterEach(async () => {
  await peer.stop();
});

const reads = () => peer.requests.filter((it) => it.includes("/logs"));

async function mounted() {
  const hook = renderHook(() => useJobLogs("job_1"));
  await vi.waitFor(() => {
    expect(hook.result.current.load).toBe("ready");
    expect(peer.subscribes.map((it) => it.channel)).toContain(channel);
  });
  return hook;
}

describe("useJobLogs", () => {
  it("opens a log of five million lines at its end, with one request [35]", async () => {
    written = 5_000_000;
    const { result } = await mounted();
    expect(result.current.lines.length).toBe(2000);
    expect(result.current.lines.at(-1)?.seq).toBe(5_000_000);
    expect(result.current.cut).toBe(true);
    expect(reads()).toEqual(["GET /jobs/job_1/logs?tail=2000"]);
  });

  it("shows a short log whole, and adds what comes live", async () => {
    written = 3;
    const { result } = await mounted();
    expect(result.current.cut).toBe(false);
    act(() => {
      peer.publish(channel, "log:lines", { job_id: "job_1", lines: lines(4, 5) });
    });
    await vi.waitFor(() => {
      expect(result.current.lines.map((it) => it.seq)).toEqual([1, 2, 3, 4, 5]);
    });
    expect(reads().length).toBe(1);
  });

  it("reads what a flood left out, once however many gaps there were", async () => {
    written = 3;
    const { result } = await mounted();
    written = 40;
    for (const seq of [20, 30, 40]) peer.publish(channel, "log:lines", { job_id: "job_1", lines: [line(seq)] });
    await vi.waitFor(
      () => {
        expect(result.current.lines.map((it) => it.seq)).toEqual(lines(1, 40).map((it) => it.seq));
      },
      { timeout: 5000 },
    );
    expect(reads()).toEqual(["GET /jobs/job_1/logs?tail=2000", "GET /jobs/job_1/logs?tail=2000"]);
  });

  it("reads what there was before, when it could not at first", async () => {
    written = 40;
    const page = peer.rest.get("/jobs/job_1/logs");
    peer.rest.delete("/jobs/job_1/logs");
    const { result } = renderHook(() => useJobLogs("job_1"));
    await vi.waitFor(() => {
      expect(result.current.load).toBe("error");
      expect(peer.subscribes.map((it) => it.channel)).toContain(channel);
    });
    peer.rest.set("/jobs/job_1/logs", page);
    peer.publish(channel, "log:lines", { job_id: "job_1", lines: [line(40)] });
    await vi.waitFor(
      () => {
        expect(result.current.lines).toEqual(lines(1, 40));
      },
      { timeout: 5000 },
    );
  });

  it("shows nothing of the job before, however late its answer comes", async () => {
    let answer: (page: LogPage) => void = () => undefined;
    const late = new Promise<LogPage>((resolve) => (answer = resolve));
    const asked = vi.spyOn(api, "jobLogTail").mockImplementation((id) =>
      id === "job_1" ? late : Promise.resolve({ items: lines(1, 2), next_after: 2, next_before: null }),
    );
    const { result, rerender } = renderHook(({ id }) => useJobLogs(id), { initialProps: { id: "job_1" } });
    rerender({ id: "job_2" });
    await vi.waitFor(() => {
      expect(result.current.lines.length).toBe(2);
    });
    await act(async () => {
      answer({ items: lines(900, 999), next_after: 999, next_before: 900 });
      await late;
    });
    expect(result.current).toMatchObject({ jobId: "job_2", lines: lines(1, 2), cut: false });
    asked.mockRestore();
  });
});
