import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { JobPage } from "@/features/jobs/JobPage";
import { api } from "@/lib/api";
import type { Operation } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { eventually } from "../support/eventually";
import { Peer } from "../support/peer";
import { operation } from "../support/samples";

const USAGE = { source: "measured" as const, seconds: 60, cpu_percent: { mean: 90, peak: 150 }, rss_bytes: { mean: 1024, peak: 2048 }, read_bytes: 0, write_bytes: null, gpus: [{ gpu_id: 0, memory_bytes: { mean: 1, peak: 4096 }, utilization: null }] };
const command: Partial<Operation> = { kind: "command", name: "render", entity_type: null, entity_id: null, attached: true };
let peer: Peer;

beforeEach(async () => {
  window.history.replaceState(null, "", "/jobs/job_1");
  operationsStore.setState(operationsStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  peer.rest.set("/jobs/job_1/logs", { items: [], next_after: 0, next_before: null });
  peer.rest.set("/jobs/job_1/timeline", { job_id: "job_1", items: [], phases_left_out: false });
  peer.rest.set("/trainings/trn_1/checkpoints", { items: [], next_cursor: null });
});
afterEach(async () => {
  await peer.stop();
});

async function show(changes: Partial<Operation>) {
  peer.rest.set("/jobs/job_1", operation({ params: { argv: ["a"] }, result: null, ...changes }));
  render(<JobPage jobId="job_1" />);
  await screen.findByTestId("job-page");
}
const words = (element: HTMLElement) => (element.textContent ?? "").replace(/\u202f/g, " ");

describe("JobPage", () => {
  it("shows a command: how far, where, what it uses, what it was given", async () => {
    await show({ ...command, progress: null, done: 7, total: null, unit: "files", resources: { job_id: "job_1", source: "measured", processes: 2, cpu_percent: 120, rss_bytes: 2048, read_bytes_per_s: 0, write_bytes_per_s: null, gpus: [{ gpu_id: 1, memory_bytes: 1024, utilization: 5 }] } });
    expect(screen.getByTestId("job-progress")).toHaveTextContent("7 files");
    expect(words(screen.getByTestId("job-cpu"))).toBe("120 %");
    expect(words(screen.getByTestId("job-resources"))).toContain("GPU 11.0 KiB · 5 %");
    expect(screen.getByTestId("job-parameters")).toHaveTextContent('argv["a"]');
    expect(screen.getByTestId("job-result")).toHaveTextContent("It comes with the end.");
    expect(screen.getAllByRole("button", { name: /render$/ })).toHaveLength(1);
    expect(await screen.findByText(/from before its timeline was kept/)).toBeInTheDocument();
  });

  it("says of one that failed why, leads to its retry, and can be dismissed and that undone", async () => {
    await show({ status: "failed", error_type: "TIMEOUT", error_message: "limit of 60 s", progress: 40, finished_at: "2026-01-01T12:01:00.000Z", retry_of: "job_0", time_limit_seconds: 60, usage: USAGE, result: { steps: 5, note: "x" } });
    expect(screen.getAllByRole("alert")[0]).toHaveTextContent("Timed out — limit of 60 s");
    expect(screen.getByRole("link", { name: "job_0" })).toHaveAttribute("href", "/jobs/job_0");
    expect(screen.getByRole("link", { name: "curves and checkpoints" })).toHaveAttribute("href", "/trainings/trn_1");
    expect(words(screen.getByTestId("job-resources"))).toContain("Memory, peak2.0 KiB");
    expect(words(screen.getByTestId("job-resources"))).toContain("Over all attempts: measured for 1 min 00 s");
    expect(screen.getByTestId("job-result")).toHaveTextContent("steps5notex");
    vi.spyOn(api, "dismissJob").mockImplementation((_, undo) => Promise.resolve(operation({ status: "failed", dismissed: undo !== true, version: 30 })));
    await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));
    await userEvent.click(await screen.findByRole("button", { name: "Undo dismissal" }));
    await screen.findByRole("button", { name: "Dismiss" });
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(screen.getByRole("dialog")).toBeInTheDocument();
    await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Close" }));
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("asks a training to pause, and says why that was refused", async () => {
    await show({});
    vi.spyOn(api, "controlJob").mockRejectedValue(new Error("the job has ended"));
    await userEvent.click(screen.getByRole("button", { name: "Pause sae layer 2" }));
    expect(await screen.findByText("the job has ended")).toBeInTheDocument();
  });

  it("says what isn't known of what it used", async () => {
    await show({ ...command, status: "cancelled", finished_at: "2026-01-01T12:01:00.000Z", usage: null, retried_by: "job_2" });
    expect(screen.getByTestId("job-resources")).toHaveTextContent("What it used is not known");
    expect(screen.getByTestId("job-result")).toHaveTextContent("It left none.");
    expect(screen.getByRole("link", { name: "job_2" })).toBeInTheDocument();
  });

  it("names what such a job uses where it sends no readings", async () => {
    await show({ resources: { job_id: "job_1", source: "estimated", expected: ["gpu", "disk"], processes: null, cpu_percent: null, rss_bytes: null, read_bytes_per_s: null, write_bytes_per_s: null, gpus: null } });
    expect(screen.getByTestId("job-resources")).toHaveTextContent("Such a job uses: GPU, disk. It sends no readings.");
  });

  it("shows the way in one bar and in words, with many moments the newest", async () => {
    const item = (i: number, event: string, name: string) => ({ seq: i, at: new Date(Date.UTC(2026, 0, 1, 12, 0, i)).toISOString(), attempt: 1, event, name, text: null });
    const items = [item(1, "status", "queued"), item(2, "status", "running"), ...Array.from({ length: 50 }, (_, i) => item(i + 3, "phase", `p${i}`)), item(55, "status", "completed")];
    peer.rest.set("/jobs/job_1/timeline", { job_id: "job_1", items, phases_left_out: true });
    await show({ status: "completed", finished_at: "2026-01-01T12:01:00.000Z" });
    await eventually(() => {
      expect(screen.getAllByTestId("moment")).toHaveLength(40);
    });
    expect(screen.getByTestId("timeline")).toHaveTextContent("later phases were too many to be kept");
    expect(screen.getByRole("img", { name: /^In all 54\u202fs: queued 1.0\u202fs, running 53\u202fs$/ })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Show 13 earlier" }));
    expect(screen.getAllByTestId("moment")).toHaveLength(53);
  });

  it("says why a job can't be shown", async () => {
    render(<JobPage jobId="job_9" />);
    expect(await screen.findByText("This job can't be shown")).toBeInTheDocument();
    expect(screen.getByText("nothing at /jobs/job_9")).toBeInTheDocument();
  });
});
