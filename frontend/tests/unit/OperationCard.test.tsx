import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { OperationCard } from "@/features/operations/OperationCard";
import type { Operation } from "@/lib/types/job";
import { operation } from "../support/samples";

const NOW = Date.parse("2026-01-01T12:01:00.000Z");

function show(changes: Partial<Operation> = {}, onControl = vi.fn()) {
  render(<OperationCard operation={operation(changes)} now={NOW} stale={false} onControl={onControl} />);
  return { card: screen.getByTestId("operation-card"), onControl };
}
const text = (element: HTMLElement) => (element.textContent ?? "").replace(/\u202f/g, " ");

describe("OperationCard", () => {
  it("shows progress with its value for those who can't see the bar", () => {
    const { card } = show();
    const bar = within(card).getByRole("progressbar", { name: "Progress of sae layer 2" });
    expect(bar).toHaveAttribute("aria-valuenow", "62.4");
    expect(text(card)).toContain("62.4 %");
    expect(text(card)).toContain("936 / 1,500 steps");
    expect(text(card)).toContain("10–12 s left");
  });

  it("invents no percentage for a job that reports none [29]", () => {
    const { card } = show({ kind: "command", progress: null, done: 17, total: null, unit: "prompts" });
    expect(within(card).getByRole("progressbar")).not.toHaveAttribute("aria-valuenow");
    expect(text(card)).toContain("17 prompts");
    expect(text(card)).not.toContain("%");
  });

  it("says since when a stalled job is silent", () => {
    const { card } = show({ status: "stalled", last_report_at: "2026-01-01T11:59:30.000Z" });
    expect(text(card)).toContain("last report 90 s ago");
    expect(text(card)).not.toContain("left");
  });

  it("measures the time from the start, not from submission [30]", () => {
    const { card } = show();
    expect(text(card)).toContain("55 s");
  });

  it("says that resources are not known, and when they are estimated", () => {
    const { card } = show({ resources: null });
    expect(text(card)).toContain("CPU –");
    const resources = { job_id: "job_1", processes: 1, cpu_percent: 98, rss_bytes: 1024, read_bytes_per_s: null, write_bytes_per_s: null, gpus: [] };
    render(
      <OperationCard
        operation={operation({ id: "job_2", resources: { ...resources, source: "estimated" } })}
        now={NOW}
        stale={false}
        onControl={vi.fn()}
      />,
    );
    expect(text(screen.getAllByTestId("operation-resources")[1] as HTMLElement)).toBe("CPU 98 % · 1.0 KiB");
    expect(screen.getAllByTestId("resources-source").map(text)).toEqual(["not known", "estimated"]);
  });

  it("names what a job without readings is expected to use, and no number", () => {
    const nothing = { processes: null, cpu_percent: null, rss_bytes: null, read_bytes_per_s: null, write_bytes_per_s: null, gpus: null };
    show({ resources: { job_id: "job_1", source: "estimated", expected: ["gpu", "disk"], ...nothing } });
    expect(text(screen.getByTestId("operation-resources"))).toBe("GPU, disk");
    expect(text(screen.getByTestId("resources-source"))).toBe("estimated");
  });

  it("cancels, and shows that it is stopping", async () => {
    const { onControl } = show();
    await userEvent.click(screen.getByRole("button", { name: "Cancel sae layer 2" }));
    expect(onControl).toHaveBeenCalledWith("job_1", "cancel");
    render(<OperationCard operation={operation({ name: "other", status: "cancelling" })} now={NOW} stale={false} onControl={onControl} />);
    expect(screen.getByText("stopping…")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Cancel other" })).not.toBeInTheDocument();
  });

  it("pauses, resumes and finishes early where that can be, and says what is asked for", async () => {
    const { onControl } = show();
    await userEvent.click(screen.getByRole("button", { name: "Pause sae layer 2" }));
    await userEvent.click(screen.getByRole("button", { name: "Finish sae layer 2" }));
    expect(onControl.mock.calls).toEqual([
      ["job_1", "pause"],
      ["job_1", "stop"],
    ]);
    expect(screen.queryByRole("button", { name: /^Resume/ })).not.toBeInTheDocument();
  });

  it("offers a paused job to go on, and one on its way to a pause not to pause again [22]", () => {
    show({ status: "paused" });
    expect(screen.getByRole("button", { name: "Resume sae layer 2" })).toBeInTheDocument();
    render(<OperationCard operation={operation({ name: "other", control: "pause" })} now={NOW} stale={false} onControl={vi.fn()} />);
    expect(screen.getByText("pausing…")).toBeInTheDocument();
    expect(screen.queryByRole("button", { name: "Pause other" })).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Resume other" })).toBeInTheDocument();
  });

  it.each(["starting", "stalled"] as const)("withdraws the pause of a job that is %s", (status) => {
    show({ status, control: "pause" });
    expect(screen.getByRole("button", { name: "Resume sae layer 2" })).toBeInTheDocument();
  });

  it("can only cancel a command that runs where it was called", () => {
    show({ kind: "command", entity_type: null, attached: true });
    expect(screen.getAllByRole("button")).toHaveLength(1);
    expect(screen.getByRole("button", { name: "Cancel sae layer 2" })).toBeInTheDocument();
  });
});
