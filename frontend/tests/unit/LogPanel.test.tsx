import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LogPanel } from "@/components/log/LogPanel";
import { api } from "@/lib/api";
import type { LogLine } from "@/lib/types/job";
import { operationsStore } from "@/stores/operationsStore";
import { eventually } from "../support/eventually";
import { Peer } from "../support/peer";
import { operation } from "../support/samples";

const line = (seq: number, text: string, stream: LogLine["stream"] = "stdout"): LogLine => ({ seq, ts: "2026-01-01T12:00:00.000Z", stream, text });
let peer: Peer;
let items: LogLine[];
let before: number | null;

beforeEach(async () => {
  window.history.replaceState(null, "", "/jobs/job_1");
  operationsStore.setState(operationsStore.getInitialState(), true);
  before = null;
  peer = new Peer();
  await peer.start();
  peer.rest.set("/jobs/job_1/logs", () => ({ items, next_after: items.at(-1)?.seq ?? 0, next_before: before }));
});
afterEach(async () => {
  await peer.stop();
});

async function shown(text: string) {
  await eventually(() => {
    expect(screen.getByTestId("log")).toHaveTextContent(text);
  });
}
const rows = () => screen.queryAllByTestId("log-row").map((row) => row.textContent?.slice(8));

describe("LogPanel", () => {
  it("draws only what is in sight of ten thousand lines [35]", async () => {
    items = Array.from({ length: 2000 }, (_, i) => line(i + 1, `line ${i + 1}`));
    before = 1;
    render(<LogPanel jobId="job_1" />);
    await shown("the newest 2,000+ lines");
    expect(screen.getByTestId("log-lines")).toHaveAttribute("data-rows", "2000");
    expect(screen.getAllByTestId("log-row").length).toBeLessThan(100);
    expect(screen.getByRole("button", { name: "Read earlier lines" })).toBeInTheDocument();
  });

  it("says why the job ended, above what it wrote [26]", async () => {
    items = [line(1, "Traceback", "stderr")];
    operationsStore.getState().applyOperation(operation({ status: "failed", error_type: "OOM", error_message: "killed by the kernel", attempt: 2, finished_at: "2026-01-01T12:01:00.000Z" }));
    render(<LogPanel jobId="job_1" />);
    await shown("Traceback");
    expect(screen.getByTestId("exit-cause")).toHaveTextContent(/Out of memory — killed by the kernel · ended .* · attempt 2/);
  });

  it("counts the matches, marks them, goes from one to the next, and keeps the search in the address", async () => {
    items = [line(1, "loss 3"), line(2, "step"), line(3, "\u001b[31mloss\u001b[0m 2 loss 1")];
    render(<LogPanel jobId="job_1" />);
    await shown("loss 3");
    await userEvent.type(screen.getByLabelText("Search the log"), "LOSS");
    const current = () => screen.getAllByText("loss", { selector: "mark" }).findIndex((mark) => mark.dataset["current"] === "true");
    expect(screen.getByTestId("log-matches")).toHaveTextContent("3 of 3");
    expect(current()).toBe(2);
    await userEvent.keyboard("{Enter}");
    expect(screen.getByTestId("log-matches")).toHaveTextContent("1 of 3");
    await userEvent.keyboard("{Shift>}{Enter}{/Shift}");
    expect(screen.getByTestId("log-matches")).toHaveTextContent("3 of 3");
    await userEvent.click(screen.getByRole("button", { name: "The match before" }));
    expect(current()).toBe(1);
    await userEvent.click(screen.getByRole("button", { name: "The next match" }));
    expect(current()).toBe(2);
    expect(window.location.search).toBe("?find=LOSS");
    await userEvent.click(screen.getByLabelText("Search the log"));
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByTestId("log-matches")).not.toBeInTheDocument();
  });

  it("holds on to a match while more is written", async () => {
    items = [line(1, "loss 1"), line(2, "loss 2")];
    render(<LogPanel jobId="job_1" />);
    await shown("loss 2");
    await userEvent.type(screen.getByLabelText("Search the log"), "loss");
    act(() => {
      peer.publish("jobs/job_1/logs", "log:lines", { job_id: "job_1", lines: [line(3, "loss 3")] });
    });
    await eventually(() => {
      expect(screen.getByTestId("log-matches")).toHaveTextContent("2 of 3");
    });
  });

  it("shows one stream alone, and says so where it has nothing", async () => {
    items = [line(1, "out"), line(2, "err", "stderr")];
    render(<LogPanel jobId="job_1" />);
    await shown("out");
    await userEvent.selectOptions(screen.getByLabelText("Stream"), "stderr");
    expect(rows()).toEqual(["err"]);
    await userEvent.selectOptions(screen.getByLabelText("Stream"), "log");
    expect(screen.getByTestId("log-empty")).toHaveTextContent("Nothing of the stream log is among these lines.");
    expect(window.location.search).toBe("?stream=log");
  });

  it("marks where lines were not kept, and reads earlier ones", async () => {
    items = [line(10, "before"), line(5000, "… 4,990 lines (2.0 MiB) are not kept …", "log"), line(5001, "after")];
    before = 10;
    render(<LogPanel jobId="job_1" />);
    await shown("after");
    expect(screen.getAllByTestId("log-row")[1]).toHaveClass("bg-amber-soft");
    const older = vi.spyOn(api, "jobLogsBefore").mockResolvedValue({ items: [line(9, "older")], next_after: 9, next_before: null });
    await userEvent.click(screen.getByRole("button", { name: "Read earlier lines" }));
    await shown("older");
    expect(older).toHaveBeenCalledWith("job_1", 10, 2000);
    expect(screen.queryByRole("button", { name: "Read earlier lines" })).not.toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Follow" })).toHaveAttribute("aria-pressed", "false");
    await userEvent.click(screen.getByRole("button", { name: "Follow" }));
    expect(screen.getByRole("button", { name: "Follow" })).toHaveAttribute("aria-pressed", "true");
  });

  it("says that nothing was written, and why nothing can be read", async () => {
    items = [];
    const { unmount } = render(<LogPanel jobId="job_1" />);
    await shown("Nothing was written.");
    unmount();
    peer.rest.delete("/jobs/job_1/logs");
    render(<LogPanel jobId="job_1" />);
    await shown("nothing at /jobs/job_1/logs");
  });

  it("takes the whole log along, and says when that failed", async () => {
    items = [line(1, "out")];
    render(<LogPanel jobId="job_1" />);
    await shown("out");
    URL.createObjectURL = () => "blob:log";
    URL.revokeObjectURL = () => undefined;
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    await userEvent.click(await screen.findByRole("button", { name: "Download the log" }));
    await eventually(() => {
      expect(click).toHaveBeenCalledTimes(1);
    });
    peer.rest.delete("/jobs/job_1/logs");
    await userEvent.click(await screen.findByRole("button", { name: "Download the log" }));
    await screen.findByText("failed");
  });
});
