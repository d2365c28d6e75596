import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OperationsDashboard } from "@/features/operations/OperationsDashboard";
import { operationsStore } from "@/stores/operationsStore";
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
    await vi.waitFor(() => {
      expect(peer.subscribes.map((request) => request.channel)).toContain("trainings/trn_1/progress");
    });
    peer.publish("trainings/trn_1/progress", "training:progress", { training_id: "trn_1", current_step: 10, total_steps: 20, loss: 0.125, l0_sparsity: 31 });
    await vi.waitFor(() => {
      expect(screen.getByTestId("card-loss")).toHaveTextContent("0.1250");
      expect(screen.getByTestId("card-l0")).toHaveTextContent("31.0");
    });
  });
});
