import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OperationsDashboard } from "@/features/operations/OperationsDashboard";
import { api } from "@/lib/api";
import { operationsStore } from "@/stores/operationsStore";
import { eventually } from "../support/eventually";
import { Peer } from "../support/peer";
import { operation } from "../support/samples";

const EMPTY = { items: [], next_cursor: null, counts: {}, workers: [], server_time: "2026-01-01T12:00:00.000Z" };
let peer: Peer;

beforeEach(async () => {
  window.history.replaceState(null, "", "/operations");
  operationsStore.setState({ ...operationsStore.getInitialState(), load: "ready" }, true);
  peer = new Peer();
  await peer.start();
  peer.rest.set("/operations", EMPTY);
  peer.rest.set("/trainings/trn_1/metrics", { training_id: "trn_1", items: [] });
});
afterEach(async () => {
  await peer.stop();
});

const { applyOperation } = operationsStore.getState();

describe("OperationsDashboard", () => {
  it("says how to start when there is no job", () => {
    render(<OperationsDashboard />);
    expect(screen.getByText("No job yet")).toBeInTheDocument();
    expect(screen.getByRole("link", { name: "Import a model" })).toHaveAttribute("href", "/models");
  });

  it("shows no count before the first answer", () => {
    operationsStore.setState({ load: "loading" });
    render(<OperationsDashboard />);
    expect(screen.getByTestId("count-running")).toHaveTextContent("Running–");
    expect(screen.queryByText("No job yet")).not.toBeInTheDocument();
  });

  it("keeps the filter in the address", async () => {
    applyOperation(operation({ id: "a", name: "alpha" }));
    applyOperation(operation({ id: "b", name: "beta", entity_id: "trn_2" }));
    render(<OperationsDashboard />);
    await userEvent.keyboard("/");
    await userEvent.keyboard("alp");
    expect(screen.getAllByTestId("operation-card")).toHaveLength(1);
    expect(window.location.search).toBe("?q=alp");
    await userEvent.keyboard("{Escape}");
    expect(screen.getAllByTestId("operation-card")).toHaveLength(2);
    expect(window.location.search).toBe("");
  });

  it("says of a finished job what it did, from its result where that tells", () => {
    const ended = { status: "completed", progress: 100, done: 2, total: 2, unit: "steps", finished_at: "2026-01-01T12:01:00.000Z" } as const;
    applyOperation(operation({ ...ended, id: "a", kind: "extract", result: { rows: 2, vectors: 6144 } }));
    applyOperation(operation({ ...ended, id: "b", kind: "command", result: null, done: 7, unit: "files" }));
    render(<OperationsDashboard />);
    const rows = screen.getAllByTestId("finished-operation").map((row) => row.textContent);
    expect(rows.find((row) => row.includes("Extraction"))).toContain("6,144 vectors");
    expect(rows.find((row) => row.includes("Command"))).toContain("7 files");
  });

  it("shows what failed, why, and retries with the suggested parameters", async () => {
    const failed = operation({
      status: "failed",
      progress: 37,
      error_type: "OOM",
      error_message: "killed by the kernel",
      suggested_retry_params: { batch_size: 512 },
    });
    applyOperation({ ...failed, params: { batch_size: 1024, seed: 1 } });
    const retry = vi.fn().mockResolvedValue(null);
    operationsStore.setState({ retry });
    render(<OperationsDashboard />);
    const row = screen.getByTestId("failed-operation");
    expect(row).toHaveTextContent("Out of memory — killed by the kernel");
    await userEvent.click(within(row).getByRole("button", { name: "Retry sae layer 2" }));
    const field = screen.getByLabelText("batch_size · suggested; it was 1024");
    expect(field).toHaveValue("512");
    await userEvent.clear(field);
    await userEvent.type(field, "256");
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(retry).toHaveBeenCalledWith("job_1", { params: { batch_size: 256 } });
  });

  it("shows live loss on a training's card, from the training's own channel", async () => {
    applyOperation(operation());
    render(<OperationsDashboard />);
    await eventually(() => {
      expect(peer.subscribes.map((request) => request.channel)).toContain("trainings/trn_1/progress");
    });
    peer.publish("trainings/trn_1/progress", "training:progress", { training_id: "trn_1", current_step: 10, total_steps: 20, loss: 0.125, l0_sparsity: 31 });
    await eventually(() => {
      expect(screen.getByTestId("card-loss")).toHaveTextContent("0.1250");
      expect(screen.getByTestId("card-l0")).toHaveTextContent("31.0");
    });
  });

  it("lays many out in rows, the first of them, and as the user wants", async () => {
    // By text: roles are slow to find among so many.
    for (let i = 0; i < 40; i += 1) applyOperation(operation({ id: `j${i}`, name: `job ${i}`, entity_type: null, entity_id: null }));
    render(<OperationsDashboard />);
    expect(screen.getByTestId("under-way")).toHaveAttribute("data-layout", "rows");
    expect(screen.getAllByTestId("operation-card")).toHaveLength(30);
    await userEvent.click(screen.getByText("Show 10 of 10 more"));
    expect(screen.getAllByTestId("operation-card")).toHaveLength(40);
    await userEvent.click(screen.getByText("Rows"));
    expect(screen.getByTestId("under-way")).toHaveAttribute("data-layout", "cards");
    expect(window.location.search).toBe("?as=cards");
  });

  it("narrows by kind and by host, in the address too", async () => {
    applyOperation(operation({ id: "a", name: "alpha" }));
    applyOperation(operation({ id: "b", name: "beta", kind: "extract", host: "other", entity_type: null }));
    render(<OperationsDashboard />);
    await userEvent.selectOptions(screen.getByLabelText("Kind"), "extract");
    expect(screen.getAllByTestId("operation-card").map((card) => card.dataset["jobId"])).toEqual(["b"]);
    await userEvent.selectOptions(screen.getByLabelText("Host"), "box");
    expect(screen.getByText(/Nothing here matches/)).toBeInTheDocument();
    expect(window.location.search).toBe("?kind=extract&host=box");
    await userEvent.click(screen.getByRole("button", { name: "Show everything" }));
    expect(screen.getAllByTestId("operation-card")).toHaveLength(2);
    expect(window.location.search).toBe("");
  });

  it("says what is queued in which place, for what it waits, and what to do where nobody takes it [14]", () => {
    applyOperation(operation({ id: "a", name: "first", status: "queued", priority: 5 }));
    applyOperation(operation({ id: "b", name: "second", status: "queued" }));
    applyOperation(operation({ id: "c", name: "nobody's", status: "queued", queue: "night", status_text: "no worker serves the queue night" }));
    operationsStore.setState({ unserved: [{ queue: "night", resource_class: "cpu", jobs: 1 }] });
    render(<OperationsDashboard />);
    const rows = within(screen.getByTestId("queued-list")).getAllByTestId("operation-card").map((row) => row.textContent ?? "");
    expect(rows.find((row) => row.includes("first"))).toMatch(/^1\..*waits for a free cpu place.*priority 5/);
    expect(rows.find((row) => row.includes("second"))).toMatch(/^2\./);
    expect(rows.find((row) => row.includes("nobody's"))).toContain("no worker serves the queue night");
    expect(screen.getByTestId("unserved")).toHaveTextContent(/No worker takes 1 job of the queue night.*headway worker --server .* --queues night --slots cpu=1/);
  });

  it("shows what ended though what is under way can't be read, and the reverse [31]", () => {
    operationsStore.setState({ load: "error", error: "timed out" });
    applyOperation(operation({ id: "f", status: "failed", finished_at: "2026-01-01T12:01:00.000Z" }));
    operationsStore.setState((state) => ({ ended: { ...state.ended, finished: { ...state.ended.finished, load: "error", error: "the disk is full" } } }));
    render(<OperationsDashboard />);
    expect(screen.getByText(/What is under way can’t be read: timed out/)).toBeInTheDocument();
    expect(screen.getByTestId("failed-operation")).toBeInTheDocument();
    expect(screen.getByTestId("finished-list")).toHaveTextContent("the disk is full");
  });

  it("dismisses all that is shown as failed, and takes it back", async () => {
    for (const id of ["a", "b"]) applyOperation(operation({ id, name: id, status: "failed" }));
    const dismissed = vi.spyOn(api, "dismissJob").mockImplementation((id, undo) => Promise.resolve(operation({ id, name: id, status: "failed", dismissed: undo !== true })));
    render(<OperationsDashboard />);
    await userEvent.click(screen.getByRole("button", { name: "Dismiss 2" }));
    expect(await screen.findByText("2 failures dismissed")).toBeInTheDocument();
    expect(screen.queryByTestId("failed-operation")).not.toBeInTheDocument();
    expect(screen.getByTestId("finished-list")).toHaveTextContent("dismissed");
    await userEvent.click(screen.getByRole("button", { name: "Undo" }));
    expect(await screen.findAllByTestId("failed-operation")).toHaveLength(2);
    expect(dismissed).toHaveBeenCalledTimes(4);
  });

  it("reads older ones on", async () => {
    applyOperation(operation({ id: "e", status: "completed", finished_at: "2026-01-01T12:01:00.000Z" }));
    operationsStore.setState((state) => ({ ended: { ...state.ended, finished: { ...state.ended.finished, load: "ready", cursor: "next" } }, counts: { ...state.counts, finished: 7 } }));
    render(<OperationsDashboard />);
    expect(screen.getByTestId("finished-list")).toHaveTextContent("1 of 7");
    await userEvent.click(screen.getByRole("button", { name: "Show older" }));
    await eventually(() => {
      expect(peer.requests).toContain("GET /operations?state=finished&limit=50&cursor=next");
    });
  });

  it("shows a job that is pointed at among the resources and the cards, and both as a table", async () => {
    const used = { job_id: "job_1", source: "measured" as const, processes: 1, cpu_percent: 50, rss_bytes: 1024, read_bytes_per_s: 0, write_bytes_per_s: 0, gpus: [] };
    applyOperation(operation({ resources: used }));
    operationsStore.setState({
      systemResources: {
        host: "box",
        cpu: { used_percent: 100, total_percent: 200, jobs: [{ job_id: "job_1", cpu_percent: 50, source: "measured" }], unattributed_percent: 50 },
        memory: { used: null, total: null, jobs: [], unattributed_bytes: null },
        disk: { read_bytes_per_s: null, write_bytes_per_s: null, jobs: [], unattributed_read_bytes_per_s: null, unattributed_write_bytes_per_s: null },
        gpus: [],
      },
    });
    render(<OperationsDashboard />);
    const panel = screen.getByTestId("resources");
    const words = (text: string | null) => (text ?? "").replace(/\u202f/g, " ");
    expect(words(within(panel).getAllByRole("img")[0]?.getAttribute("aria-label") ?? "")).toBe("CPU: 100 % of 200 %; sae layer 2 50 %, unattributed 50 %");
    expect(within(panel).getByRole("img", { name: /^Memory: not known/ })).toBeInTheDocument();
    const segment = () => within(screen.getByTestId("level-cpu")).getAllByTestId("segment")[0];
    await userEvent.hover(screen.getByTestId("operation-card"));
    expect(segment()).toHaveAttribute("data-highlighted", "true");
    await userEvent.unhover(screen.getByTestId("operation-card"));
    expect(segment()).toHaveAttribute("data-highlighted", "false");
    within(screen.getByTestId("level-cpu")).getByRole("link").focus();
    expect(await within(screen.getByTestId("level-cpu")).findAllByTestId("segment")).toHaveLength(2);
    expect(screen.getByTestId("operation-card")).toHaveClass("ring-2");
    await userEvent.click(screen.getByRole("button", { name: "Table" }));
    const row = within(screen.getByTestId("level-table")).getAllByRole("row")[1];
    expect(words(row?.textContent ?? "")).toBe("sae layer 250 %1.0 KiB0 B/s0 B/s");
    expect(window.location.search).toBe("?resources=table");
  });
});
