import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProgressHistoryChart } from "@/features/progress-history/ProgressHistoryChart";
import { operationsStore } from "@/stores/operationsStore";
import { progressHistoryStore } from "@/stores/progressHistoryStore";
import { Peer } from "../../support/peer";
import { AT, snapshot } from "../../support/progress";
import { operation } from "../../support/samples";

vi.mock("uplot", () => import("../../support/uplot"));

let peer: Peer;
let told: Record<string, unknown[] | undefined>;
beforeEach(async () => {
  window.history.replaceState(null, "", "/");
  operationsStore.setState(operationsStore.getInitialState(), true);
  progressHistoryStore.setState(progressHistoryStore.getInitialState(), true);
  told = {};
  peer = new Peer();
  await peer.start();
  peer.rest.set("/progress-history", (query: URLSearchParams) => {
    const items = told[query.get("entity_id") ?? ""];
    return items === undefined ? undefined : { rule: { step_percent: 5, interval_seconds: 60 }, items, next_cursor: null };
  });
});
afterEach(async () => {
  await peer.stop();
});

const points = () => Number(screen.getByTestId("chart-progress").getAttribute("data-points"));
const half = { elapsed: 10, tenths: [2, 2, 2, 2, 2, 0, 0, 0, 0, 0], phases: [{ name: "loading", seconds: 2 }, { name: "training", seconds: 8 }] };

describe("ProgressHistoryChart", () => {
  it("shows that it reads, then the curve, with its phases and pauses in words", async () => {
    told["trn_1"] = [snapshot(0, 0), snapshot(10, 50, { ...half, status: "paused" }), snapshot(70, 50, half)];
    render(<ProgressHistoryChart entityIds={["trn_1"]} />);
    expect(screen.getByRole("status", { name: "Loading the history" })).toBeInTheDocument();
    await screen.findByTestId("chart-progress");
    expect(points()).toBeGreaterThan(6);
    expect(screen.getByRole("list", { name: "What the curves say" })).toHaveTextContent(
      "ran 10 s up to its last snapshot · loading 2.0 s, training 8.0 s · paused once, 1 min 00 s in all",
    );
  });

  it("says why there is nothing, and draws as soon as the job begins", async () => {
    told["trn_1"] = [];
    render(<ProgressHistoryChart entityIds={["trn_1"]} />);
    expect(await screen.findByText("No snapshot yet")).toBeInTheDocument();
    expect(screen.getByText(/one every 5.%, but no more than one in 1.min 00.s\./)).toBeInTheDocument();
    told["trn_1"] = [snapshot(0, 0)];
    act(() => {
      operationsStore.getState().applyOperation(operation({ progress: 0, updated_at: new Date(AT).toISOString() }));
    });
    await screen.findByTestId("chart-progress");
  });

  it("appends a running job's reports without asking for everything again", async () => {
    told["trn_1"] = [snapshot(0, 0)];
    render(<ProgressHistoryChart entityIds={["trn_1"]} />);
    await screen.findByTestId("chart-progress");
    const job = (second: number, progress: number) => operation({ progress, version: 20 + second, updated_at: new Date(AT + second * 1000).toISOString() });
    act(() => {
      operationsStore.getState().applyOperation(job(1, 5));
    });
    await vi.waitFor(() => {
      expect(points()).toBe(2);
      expect(peer.requests.filter((request) => request.includes("start_time"))).toHaveLength(1);
    });
    act(() => {
      operationsStore.getState().applyOperation(job(2, 10));
    });
    await vi.waitFor(() => {
      expect(points()).toBe(3);
    });
    expect(screen.getByTestId("chart-progress")).toHaveTextContent("10.0");
    expect(peer.requests).toHaveLength(2);
  });

  it("says at a run that its history can't be read, and shows the other", async () => {
    told["trn_1"] = [snapshot(0, 0), snapshot(10, 50, half)];
    render(<ProgressHistoryChart entityIds={["trn_1", "trn_gone"]} labels={new Map([["trn_1", "quick"], ["trn_gone", "gone"]])} />);
    expect(await screen.findByRole("alert")).toHaveTextContent("The history of gone can't be read: nothing at /progress-history");
    expect(screen.getByTestId("chart-progress")).toHaveTextContent(/quick.*50\.0/);
  });

  it("keeps the axis in the address", async () => {
    told["trn_1"] = [snapshot(0, 0), snapshot(10, 50, half)];
    render(<ProgressHistoryChart entityIds={["trn_1"]} />);
    await screen.findByTestId("chart-progress");
    await userEvent.click(screen.getByRole("button", { name: "Clock" }));
    expect(window.location.search).toBe("?progress=clock");
    expect(screen.getByRole("button", { name: "Clock" })).toHaveAttribute("aria-pressed", "true");
    await userEvent.click(screen.getByRole("button", { name: "Running time" }));
    expect(window.location.search).toBe("");
  });
});
