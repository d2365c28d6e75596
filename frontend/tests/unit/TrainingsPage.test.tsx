import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TrainingsPage } from "@/features/trainings/TrainingsPage";
import { api, ApiError } from "@/lib/api";
import type { Training } from "@/lib/types/training";
import { operationsStore } from "@/stores/operationsStore";
import { referencesStore } from "@/stores/referencesStore";
import { trainingTableStore } from "@/stores/trainingTableStore";
import { Peer } from "../support/peer";
import { operation, progress, training } from "../support/samples";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
vi.setConfig({ testTimeout: 30_000 });
let peer: Peer;

function make(i: number, changes: Partial<Training> = {}): Training {
  return training({ id: `trn_${i}`, job_id: `job_${i}`, name: `run ${i}`, created_at: at(i % 60), loss: i, status: "completed", progress: 100, ...changes });
}

function serve(trainings: Training[]) {
  peer.rest.set("/trainings", { items: trainings, next_cursor: null });
}

beforeEach(async () => {
  window.history.replaceState(null, "", "/trainings");
  operationsStore.setState({ ...operationsStore.getInitialState(), load: "ready" }, true);
  trainingTableStore.setState(trainingTableStore.getInitialState(), true);
  referencesStore.setState(referencesStore.getInitialState(), true);
  peer = new Peer();
  await peer.start();
  peer.rest.set("/trainings/curves", { items: [] });
  peer.rest.set("/extractions", { items: [{ id: "ext_1", name: "gpt2 · L6", model_id: "mdl_1", dataset_id: "dst_1", status: "completed", layers: [0], vectors: 100 }] });
  peer.rest.set("/models", { items: [{ id: "mdl_1", name: "pythia" }] });
  peer.rest.set("/datasets", { items: [{ id: "dst_1", name: "kjv" }] });
});
afterEach(async () => {
  await peer.stop();
});

const names = () => screen.getAllByTestId("training-row").map((row) => within(row).getByRole("link").textContent);
const box = (name: string) => screen.getByRole("checkbox", { name: `Select ${name}` });
const bar = () => screen.getByTestId("bulk-bar");
const ready = () => screen.findByText(/^\d[\d,]* trainings?$/);

describe("TrainingsPage", () => {
  it("says how to start where there is none", async () => {
    serve([]);
    render(<TrainingsPage />);
    expect(await screen.findByText("No training yet")).toBeInTheDocument();
  });

  it("says why it can't be read, and reads again", async () => {
    render(<TrainingsPage />);
    expect(await screen.findByRole("alert")).toHaveTextContent("nothing at /trainings");
    serve([make(1)]);
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findByText("1 training")).toBeInTheDocument();
  });

  it("sorts by a click, tells it to screen readers, and keeps it in the address", async () => {
    serve([make(1), make(2), make(3, { loss: null })]);
    render(<TrainingsPage />);
    await ready();
    expect(names()).toEqual(["run 3", "run 2", "run 1"]);
    expect(screen.getByRole("columnheader", { name: /Created/ })).toHaveAttribute("aria-sort", "descending");
    await userEvent.click(screen.getByRole("button", { name: "Loss" }));
    expect(names()).toEqual(["run 1", "run 2", "run 3"]);
    expect(window.location.search).toBe("?sort=loss");
    await userEvent.click(screen.getByRole("button", { name: "Loss" }));
    expect(names()).toEqual(["run 2", "run 1", "run 3"]);
    expect(screen.getByRole("columnheader", { name: /^Loss.?$/ })).toHaveAttribute("aria-sort", "descending");
    expect(screen.getByRole("columnheader", { name: /Created/ })).toHaveAttribute("aria-sort", "none");
  });

  it("filters by words, state, model and data, and the address says so", async () => {
    serve([make(1), make(2, { status: "failed" }), make(3, { extraction_id: null, params: { model_id: "mdl_2" } })]);
    render(<TrainingsPage />);
    await ready();
    await userEvent.keyboard("/");
    await userEvent.keyboard("run trn_2");
    expect(names()).toEqual(["run 2"]);
    expect(screen.getByTestId("row-count")).toHaveTextContent("1 of 3 trainings");
    expect(window.location.search).toBe("?q=run+trn_2");
    await userEvent.clear(screen.getByRole("searchbox"));
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "State" }), "failed");
    expect(names()).toEqual(["run 2"]);
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "State" }), "");
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Model" }), "pythia");
    expect(names()).toEqual(["run 2", "run 1"]);
    await userEvent.selectOptions(screen.getByRole("combobox", { name: "Data" }), "gpt2 · L6");
    expect(window.location.search).toBe("?model=mdl_1&data=ext_1");
    await userEvent.type(screen.getByRole("searchbox"), "nothing like it");
    expect(screen.getByText("No training matches")).toBeInTheDocument();
    await userEvent.click(screen.getByRole("button", { name: "Show all 3" }));
    expect(names()).toHaveLength(3);
    expect(window.location.search).toBe("");
  });

  it("shows the columns that were chosen, remembers them, and writes them into the address", async () => {
    serve([make(1)]);
    const first = render(<TrainingsPage />);
    await ready();
    await userEvent.click(screen.getByRole("button", { name: "Columns" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Batch" }));
    await userEvent.click(screen.getByRole("checkbox", { name: "Loss curve" }));
    expect(screen.getByRole("columnheader", { name: "Batch" })).toBeInTheDocument();
    expect(screen.queryByRole("columnheader", { name: "Loss curve" })).not.toBeInTheDocument();
    expect(window.location.search).toContain("cols=name%2Cstatus%2Cprogress%2Closs%2Cl0%2Cev%2Cfeatures%2Cbatch%2Cdata%2Ccreated");
    await userEvent.keyboard("{Escape}");
    expect(screen.getByRole("button", { name: "Columns" })).toHaveFocus();
    first.unmount();
    window.history.replaceState(null, "", "/trainings");
    render(<TrainingsPage />);
    expect(await screen.findByRole("columnheader", { name: "Batch" })).toBeInTheDocument();
    expect(window.location.search).toContain("cols=");
    await userEvent.click(screen.getByRole("button", { name: "Columns" }));
    await userEvent.click(screen.getByRole("button", { name: "The usual ones" }));
    expect(window.location.search).toBe("");
    expect(localStorage.length).toBe(0);
  });

  it("holds the order while values change, and sorts again when asked", async () => {
    serve([make(1, { status: "running", progress: 10 }), make(2)]);
    window.history.replaceState(null, "", "/trainings?sort=loss");
    render(<TrainingsPage />);
    await ready();
    expect(names()).toEqual(["run 1", "run 2"]);
    act(() => {
      trainingTableStore.getState().applyProgress(progress({ training_id: "trn_1", ts: at(59), loss: 7 }));
    });
    expect(names()).toEqual(["run 1", "run 2"]);
    expect(screen.getAllByTestId("training-row")[0]).toHaveTextContent("7.000");
    await userEvent.click(screen.getByRole("button", { name: "Loss has changed: sort again" }));
    expect(names()).toEqual(["run 2", "run 1"]);
  });

  it("follows the rows in sight live, and their state by the jobs", async () => {
    serve([make(1, { status: "running", progress: 10, updated_at: at(1) }), make(2)]);
    render(<TrainingsPage />);
    await ready();
    await vi.waitFor(() => {
      expect(peer.subscribes.map(({ channel }) => channel)).toContain("trainings/trn_1/progress");
    });
    expect(peer.subscribes.map(({ channel }) => channel)).not.toContain("trainings/trn_2/progress");
    const row = screen.getAllByTestId("training-row").find((each) => each.textContent.includes("run 1"));
    expect(row).toHaveTextContent("10.0");
    peer.publish("trainings/trn_1/progress", "training:progress", { training_id: "trn_1", current_step: 600, total_steps: 1500, progress: 40, loss: 0.375 });
    await vi.waitFor(() => {
      expect(row).toHaveTextContent("0.3750");
    });
    act(() => {
      operationsStore.getState().applyOperation(operation({ id: "job_1", entity_id: "trn_1", status: "stalled", updated_at: new Date(Date.now() + 1000).toISOString() }));
    });
    expect(row).toHaveTextContent("stalled");
  });

  it("has only what is in sight in the document, and says of how many it is a part", async () => {
    serve(Array.from({ length: 900 }, (_, i) => make(i, { created_at: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString() })));
    render(<TrainingsPage />);
    await screen.findByText("900 trainings");
    const rows = screen.getAllByTestId("training-row");
    expect(rows.length).toBeLessThan(60);
    expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "901");
    expect(rows[0]).toHaveAttribute("aria-rowindex", "2");
    expect(names()[0]).toBe("run 899");
    expect(peer.requests.filter((line) => line.includes("/trainings/curves")).length).toBeLessThanOrEqual(2);
  });

  it("moves by j and k, chooses by x, opens by Enter", async () => {
    serve([make(1), make(2), make(3)]);
    render(<TrainingsPage />);
    await ready();
    await userEvent.keyboard("jj");
    expect(screen.getByRole("link", { name: "run 2" })).toHaveFocus();
    expect(screen.getByRole("row", { current: true })).toHaveTextContent("run 2");
    await userEvent.keyboard("x");
    expect(box("run 2")).toBeChecked();
    await userEvent.keyboard("kk");
    expect(screen.getByRole("link", { name: "run 3" })).toHaveFocus();
    await userEvent.keyboard("{Enter}");
    expect(window.location.pathname).toBe("/trainings/trn_3");
  });

  it("chooses ranges and all that are shown, keeps the choice in the address, and compares", async () => {
    serve([1, 2, 3, 4, 5].map((i) => make(i)));
    render(<TrainingsPage />);
    await ready();
    const user = userEvent.setup();
    await user.click(box("run 4"));
    await user.keyboard("{Shift>}");
    await user.click(box("run 2"));
    await user.keyboard("{/Shift}");
    expect(screen.getByTestId("selected-count")).toHaveTextContent("3 selected");
    expect(window.location.search).toBe("?sel=trn_4%2Ctrn_3%2Ctrn_2");
    const all = screen.getByRole<HTMLInputElement>("checkbox", { name: "Select all 5 shown" });
    expect(all.indeterminate).toBe(true);
    await user.click(all);
    expect(screen.getByTestId("selected-count")).toHaveTextContent("5 selected");
    await user.click(within(bar()).getByRole("button", { name: "Clear" }));
    expect(window.location.search).toBe("");
    await user.click(box("run 1"));
    expect(within(bar()).getByRole("button", { name: "Compare" })).toBeDisabled();
    await user.click(box("run 2"));
    await user.click(within(bar()).getByRole("button", { name: "Compare" }));
    expect(window.location.pathname + window.location.search).toBe("/compare?ids=trn_1,trn_2");
  });

  it("cancels many after asking once, and says what came of each", async () => {
    serve([make(1, { status: "queued", progress: 0 }), make(2, { status: "running", progress: 5 }), make(3, { status: "running", progress: 9 }), make(4)]);
    const control = vi.spyOn(api, "controlJob").mockImplementation((id) => {
      if (id === "job_3") return Promise.reject(new ApiError("a job that is completed can't be cancelled", 409, "conflict"));
      return Promise.resolve(operation({ id, entity_id: id.replace("job", "trn"), status: id === "job_1" ? "cancelled" : "cancelling" }));
    });
    render(<TrainingsPage />);
    await ready();
    await userEvent.click(screen.getByRole("checkbox", { name: "Select all 4 shown" }));
    await userEvent.click(within(bar()).getByRole("button", { name: "Cancel 3" }));
    expect(control).not.toHaveBeenCalled();
    expect(bar()).toHaveTextContent("Cancel 3 trainings? Their checkpoints stay.");
    await userEvent.click(within(bar()).getByRole("button", { name: "Cancel 3" }));
    expect(await screen.findByText("1 cancelled, 1 being cancelled, 1 refused: it had completed")).toBeInTheDocument();
    expect(control).toHaveBeenCalledTimes(3);
    await userEvent.click(within(screen.getByTestId("bulk-outcome")).getByRole("button", { name: "OK" }));
    expect(screen.getByTestId("bulk-outcome")).toBeEmptyDOMElement();
  });

  it("takes a dismissal of many back", async () => {
    serve([make(1, { status: "failed" }), make(2, { status: "failed" })]);
    const dismiss = vi.spyOn(api, "dismissJob").mockImplementation((id) => Promise.resolve(operation({ id, entity_id: null, entity_type: null, status: "failed" })));
    render(<TrainingsPage />);
    await ready();
    await userEvent.click(screen.getByRole("checkbox", { name: "Select all 2 shown" }));
    await userEvent.click(within(bar()).getByRole("button", { name: "Dismiss 2" }));
    await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
    expect(await screen.findByText("2 back in the list")).toBeInTheDocument();
    expect(dismiss.mock.calls.filter(([, undo]) => undo === true)).toHaveLength(2);
  });
});
