import { act, configure, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ProgressComparisonView } from "@/features/compare/ProgressComparisonView";
import { comparisonStore } from "@/stores/comparisonStore";
import { operationsStore } from "@/stores/operationsStore";
import { progressHistoryStore } from "@/stores/progressHistoryStore";
import type { Operation } from "@/lib/types/job";
import type { MetricRow, Training } from "@/lib/types/training";
import { Peer } from "../../support/peer";
import { comparedRun, comparison } from "../../support/progress";
import { metricRow, operation, training } from "../../support/samples";

// The page reads from a real server over sockets; a busy machine needs more than the default second.
const DEADLINE_MS = 8000;
configure({ asyncUtilTimeout: DEADLINE_MS });
vi.setConfig({ testTimeout: 30_000 });
const soon = (what: () => void) => vi.waitFor(what, DEADLINE_MS);

vi.mock("uplot", () => import("../../support/uplot"));

let peer: Peer;
const rows: Record<string, MetricRow[]> = {};

function knows(n: number, name: string, changes: Partial<Training> = {}, job: Partial<Operation> = {}): void {
  const id = `trn_${n}`;
  rows[id] = [metricRow(10), metricRow(20)];
  peer.rest.set(`/trainings/${id}`, training({ id, job_id: `job_${n}`, name, status: "completed", progress: 100, final_loss: 0.1 * n, params: { learning_rate: 0.001 * n, k: 16 }, ...changes }));
  peer.rest.set(`/jobs/job_${n}`, operation({ id: `job_${n}`, entity_id: id, name, status: "completed", progress: 100, ...job }));
  peer.rest.set(`/trainings/${id}/metrics`, (query: URLSearchParams) => ({ items: (rows[id] ?? []).filter(({ step }) => step > Number(query.get("since_step") ?? -1)) }));
}

function at(search: string) {
  window.history.replaceState(null, "", `/compare${search}`);
  return render(<ProgressComparisonView />);
}

const row = (id: string) => screen.getAllByTestId("compared-run").find((each) => each.dataset["runId"] === id) ?? document.body;
const sentence = () => screen.getByTestId("insight-sentence").textContent;

beforeEach(async () => {
  comparisonStore.setState(comparisonStore.getInitialState(), true);
  operationsStore.setState(operationsStore.getInitialState(), true);
  progressHistoryStore.setState(progressHistoryStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  knows(1, "slow");
  knows(2, "quick");
  peer.rest.set("/progress-history", { items: [], next_cursor: null });
  peer.rest.set("/progress-history/compare", (query: URLSearchParams) =>
    comparison((query.get("entity_ids") ?? "").split(",").map((id, i) => comparedRun(id, { name: id === "trn_1" ? "slow" : id, duration_seconds: 10 + i }))),
  );
});
afterEach(async () => {
  await peer.stop();
});

describe("ProgressComparisonView", () => {
  it("says what to do when nothing is chosen, and takes a run from the list", async () => {
    peer.rest.set("/trainings", { items: [training({ id: "trn_1", name: "slow" }), training({ id: "trn_2", name: "quick" })], next_cursor: null });
    peer.rest.set("/jobs", { items: [operation({ id: "job_7", kind: "tokenize", name: "words", entity_type: "dataset", entity_id: "dst_1" })], next_cursor: null });
    at("");
    expect(screen.getByText("Nothing to compare yet")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Choose runs" }));
    const dialog = screen.getByRole("dialog", { name: "Runs to compare" });
    expect(await within(dialog).findAllByRole("checkbox")).toHaveLength(3);
    await userEvent.type(within(dialog).getByRole("searchbox"), "tokenization words");
    expect(within(dialog).getAllByRole("checkbox")).toHaveLength(1);
    await userEvent.clear(within(dialog).getByRole("searchbox"));
    await userEvent.click(within(dialog).getByRole("checkbox", { name: /quick/ }));
    await userEvent.click(within(dialog).getByRole("checkbox", { name: /slow/ }));
    expect(window.location.search).toBe("?ids=trn_2,trn_1");
    await userEvent.type(within(dialog).getByRole("searchbox"), "ext_faraway");
    await userEvent.click(within(dialog).getByRole("button", { name: "Add ext_faraway" }));
    expect(window.location.search).toBe("?ids=trn_2,trn_1,ext_faraway");
    await userEvent.click(within(dialog).getByRole("button", { name: "Done" }));
    expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
  });

  it("shows what differs, all settings when asked, and the server's sentence", async () => {
    at("?ids=trn_1,trn_2");
    await soon(() => {
      expect(sentence()).toBe("slow was 30 % faster than quick; most of it between 40 % and 60 %.");
    });
    const settings = screen.getByTestId("settings");
    await within(settings).findByTestId("setting");
    expect(within(settings).getAllByTestId("setting").map((each) => each.dataset["setting"])).toEqual(["learning_rate"]);
    await userEvent.click(within(settings).getByRole("button", { name: "All" }));
    expect(within(settings).getAllByTestId("setting").map((each) => each.dataset["setting"])).toEqual(["k", "kind", "learning_rate"]);
    expect(window.location.search).toContain("settings=all");
    expect(await screen.findByTestId("compare-loss")).toHaveAttribute("data-points", "2");
    expect(screen.getByTestId("phases")).toHaveTextContent("training");
    expect(screen.getByTestId("tenths")).toHaveTextContent("from 40 % to 60 % quick lost 90 % of what it lost against slow");
  });

  it("sets results against the pinned baseline, in the address until it is unpinned", async () => {
    at("?ids=trn_1,trn_2");
    await userEvent.click(await screen.findByRole("button", { name: "Pin slow as the baseline" }));
    expect(window.location.search).toBe("?ids=trn_1,trn_2&baseline=trn_1");
    expect(within(row("trn_2")).getByText("+100 %", { normalizer: (text) => text.replace("\u202f", " ") })).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Baseline: slow" }));
    expect(window.location.search).toBe("?ids=trn_1,trn_2");
  });

  it("says at a run that does not exist that it doesn't, and compares the others", async () => {
    at("?ids=trn_1,trn_none,trn_2");
    await soon(() => {
      expect(sentence()).toContain("slow was 30 % faster");
    });
    expect(within(row("trn_none")).getByRole("alert")).toHaveTextContent("There is no run with the id trn_none.");
    expect(peer.requests.filter((request) => request.includes("compare"))).toEqual(["GET /progress-history/compare?entity_ids=trn_1,trn_2"]);
    await userEvent.click(screen.getByRole("button", { name: "Remove trn_none" }));
    expect(window.location.search).toBe("?ids=trn_1,trn_2&looks=0,2");
  });

  it("needs a second run to say something of speed", async () => {
    at("?ids=trn_1");
    await soon(() => {
      expect(sentence()).toContain("Two runs at least are needed");
    });
    expect(screen.getByTestId("settings")).toHaveTextContent("With a second run, what differs stands here.");
  });

  it("follows a run that goes on: its new rows alone, its end at once", async () => {
    knows(2, "quick", { status: "running", final_loss: null }, { status: "running", progress: 40, version: 5 });
    at("?ids=trn_1,trn_2");
    await soon(() => {
      expect(screen.getByTestId("compare-loss")).toHaveAttribute("data-points", "2");
      expect(sentence()).toContain("faster");
    });
    rows["trn_2"]?.push(metricRow(30));
    act(() => {
      operationsStore.getState().applyOperation(operation({ id: "job_2", entity_id: "trn_2", status: "running", progress: 60, version: 6, updated_at: "2026-01-01T12:00:31.000Z" }));
    });
    await soon(() => {
      expect(screen.getByTestId("compare-loss")).toHaveAttribute("data-points", "3");
    });
    expect(peer.requests.filter((request) => request.includes("trn_2/metrics"))).toHaveLength(2);
    expect(row("trn_2")).toHaveTextContent("60.0");
    knows(2, "quick", { status: "completed", final_loss: 0.03125 });
    act(() => {
      operationsStore.getState().applyOperation(operation({ id: "job_2", entity_id: "trn_2", status: "completed", progress: 100, version: 7, updated_at: "2026-01-01T12:00:32.000Z" }));
    });
    await soon(() => {
      expect(row("trn_2")).toHaveTextContent("completed");
      expect(row("trn_2")).toHaveTextContent("0.0313");
      expect(peer.requests.filter((request) => request.includes("compare"))).toHaveLength(2);
    });
  });

  it("reads everything again when the connection was away", async () => {
    at("?ids=trn_1,trn_2");
    await soon(() => {
      expect(sentence()).toContain("faster");
      expect(peer.connections).toBe(1);
    });
    knows(1, "slow, renamed");
    peer.cut();
    await soon(() => {
      expect(row("trn_1")).toHaveTextContent("slow, renamed");
    });
  });

  it("shows other metrics when asked, and says that jobs of other kinds have none", async () => {
    at("?ids=trn_1,trn_2");
    await userEvent.click(await screen.findByRole("button", { name: "Gradient norm" }));
    expect(window.location.search).toContain("more=grad_norm");
    expect(screen.getByTestId("compare-grad_norm")).toBeInTheDocument();
    await userEvent.click(within(screen.getByRole("group", { name: "Horizontal axis" })).getByRole("button", { name: "Clock" }));
    expect(window.location.search).toContain("x=time");
  });

  it("compares jobs that report no metric by their progress", async () => {
    for (const n of [8, 9]) peer.rest.set(`/jobs/job_${n}`, operation({ id: `job_${n}`, name: `words ${n}`, kind: "tokenize", entity_type: "dataset", entity_id: "dst_1", status: "completed", params: { max_documents: n } }));
    at("?ids=job_8,job_9");
    expect(await screen.findByText(/Only trainings report metrics/)).toBeInTheDocument();
    expect(await within(screen.getByTestId("settings")).findByTestId("setting")).toHaveTextContent("max_documents89");
  });
});
