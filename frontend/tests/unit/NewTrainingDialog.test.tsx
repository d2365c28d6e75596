import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { NewTrainingDialog } from "@/features/trainings/NewTrainingDialog";
import { api, ApiError } from "@/lib/api";
import type { TrainingEstimate } from "@/lib/types/estimate";
import type { JsonObject } from "@/lib/types/job";
import type { Extraction } from "@/lib/types/model";
import { referencesStore } from "@/stores/referencesStore";
import { operation, training } from "../support/samples";

vi.setConfig({ testTimeout: 30_000 });

const EXTRACTION = { id: "ext_1", name: "gpt2 · L0", model_id: "mdl_1", dataset_id: "dst_1", status: "completed", layers: [0, 1], hooks: ["residual"], vectors: 6144, width: 128 } as Extraction;

function estimate(changes: Partial<TrainingEstimate> = {}): TrainingEstimate {
  return {
    memory_bytes: 32 * 1024 * 1024,
    memory_available_bytes: 1024 ** 3,
    disk_bytes: 10 * 1024 * 1024,
    disk_free_bytes: 1024 ** 4,
    seconds: null,
    fits: true,
    reason: null,
    suggestion: null,
    params: { architecture: "topk", n_features: 1024, k: 32, batch_size: 1024, total_steps: 1500, layers: [0, 1] },
    basis: { host: "box", width: 128, layers: 2, threads: 2, checkpoints: 3, memory: "what is allocated; this host's workers take it", disk: "3 checkpoints", seconds: "no run yet", runs: [] },
    ...changes,
  };
}

const asked: JsonObject[] = [];
let answer: (body: JsonObject) => TrainingEstimate = () => estimate();

beforeEach(() => {
  window.history.replaceState(null, "", "/trainings?new=1");
  asked.length = 0;
  answer = () => estimate();
  referencesStore.setState({
    extractions: new Map([
      ["ext_1", EXTRACTION],
      ["ext_2", { ...EXTRACTION, id: "ext_2", name: "unfinished", status: "running" }],
    ]),
    modelNames: new Map([["mdl_1", "gpt2"]]),
    datasetNames: new Map([["dst_1", "kjv"]]),
    load: "ready",
  });
  vi.spyOn(api, "estimateTraining").mockImplementation(async (body) => {
    asked.push(body);
    return await Promise.resolve(answer(body));
  });
});

const panel = () => screen.getByTestId("estimate");
const isCurrent = () =>
  waitFor(() => {
    expect(panel()).toHaveAttribute("data-current", "true");
  });
const open = (from: string | null = null, onClose = vi.fn()) => {
  render(<NewTrainingDialog from={from} onClose={onClose} />);
  return onClose;
};
const refuse = (field: string, message: string) => new ApiError(message, 422, "validation", field);

describe("NewTrainingDialog", () => {
  it("begins with extractions that can be trained on, and shows the server's defaults", async () => {
    open();
    expect(screen.getByLabelText("Activations")).toHaveFocus();
    expect(within(screen.getByLabelText("Activations")).getAllByRole("option")).toHaveLength(1);
    await isCurrent();
    expect(asked).toEqual([{ extraction_id: "ext_1" }]);
    expect(screen.getByLabelText("Features")).toHaveAttribute("placeholder", "1024");
    expect(screen.getByText("From gpt2 on kjv, 128 wide.")).toBeInTheDocument();
  });

  it("tells memory, disk and time, and that there is no run to judge by", async () => {
    open();
    await isCurrent();
    expect(panel()).toHaveTextContent(/Memory32\.0.MiB3 % of 1\.0.GiB free/);
    expect(panel()).toHaveTextContent(/Disk10\.0.MiBless than 1 % of 1\.0.TiB free/);
    expect(panel()).toHaveTextContent("Time–no run to judge by yet");
    expect(panel()).toHaveTextContent("It fits on box.");
    answer = () => estimate({ seconds: { low: 12, high: 19 }, basis: { ...estimate().basis, runs: ["trn_1", "trn_2"] } });
    await userEvent.type(screen.getByLabelText("Steps"), "9");
    await waitFor(() => {
      expect(panel()).toHaveTextContent(/12–19.sby 2 runs of like size/);
    });
    expect(asked[asked.length - 1]).toEqual({ extraction_id: "ext_1", total_steps: 9 });
  });

  it("offers the value that would fit where it doesn't, and takes it over", async () => {
    answer = ({ batch_size: batch }) =>
      batch === undefined ? estimate({ fits: false, reason: "it needs 4 GiB of memory; 1 GiB are free", suggestion: { field: "batch_size", value: 512 } }) : estimate();
    open();
    await isCurrent();
    expect(panel()).toHaveTextContent("It doesn’t fit: it needs 4 GiB of memory; 1 GiB are free.");
    expect(panel()).toHaveTextContent("Batch size 512 would fit.");
    await userEvent.click(screen.getByRole("button", { name: "Use it" }));
    expect(screen.getByLabelText("Batch size")).toHaveValue("512");
    await waitFor(() => {
      expect(panel()).toHaveTextContent("It fits on box.");
    });
  });

  it("says where it can't be told, and where no one value would do", async () => {
    answer = () => estimate({ fits: null, memory_available_bytes: null, basis: { ...estimate().basis, memory: "what is allocated; no worker is there" } });
    open();
    await isCurrent();
    expect(panel()).toHaveTextContent("Whether it fits isn’t known: no worker is there.");
    expect(panel()).toHaveTextContent("what is free isn't known");
    answer = () => estimate({ fits: false, reason: "it writes 4 GiB", memory_available_bytes: 0 });
    await userEvent.type(screen.getByLabelText("Steps"), "9");
    await waitFor(() => {
      expect(panel()).toHaveTextContent("No one value would make it fit.");
    });
    expect(panel()).toHaveTextContent("many times");
  });

  it("shows the server's words at the field, while the last estimate is marked as old", async () => {
    answer = (body) => {
      if (body["k"] !== undefined) throw refuse("k", "k is 4096, but there are only 1024 features (n_features)");
      return estimate();
    };
    open();
    await isCurrent();
    await userEvent.type(screen.getByLabelText("Active at once (k)"), "4096");
    expect(await screen.findByRole("alert")).toHaveTextContent("k is 4096, but there are only 1024 features");
    expect(screen.getByLabelText("Active at once (k)")).toBeInvalid();
    expect(screen.getByLabelText("Active at once (k)")).toHaveAccessibleDescription(/there are only 1024 features/);
    expect(panel()).toHaveAttribute("data-current", "false");
    expect(panel()).toHaveTextContent("Of the last values that could work.");
  });

  it("stays open with the refusal at its field, unfolded and focused, until that is changed", async () => {
    const create = vi.spyOn(api, "createTraining").mockRejectedValue(refuse("seed", "seed is -1; 0 to 9 is accepted"));
    const onClose = open();
    await isCurrent();
    await userEvent.click(screen.getByRole("button", { name: "Train" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("seed is -1");
    expect(screen.getByLabelText("Seed").closest("details")).toHaveAttribute("open");
    expect(screen.getByLabelText("Seed")).toHaveFocus();
    expect(onClose).not.toHaveBeenCalled();
    await userEvent.type(screen.getByLabelText("Seed"), "1");
    expect(screen.queryByRole("alert")).not.toBeInTheDocument();
    await userEvent.clear(screen.getByLabelText("Seed"));
    expect(screen.getByLabelText("Seed").closest("details")).toHaveAttribute("open");
    create.mockRejectedValue(new ApiError("The server can't be reached.", 0, "unreachable"));
    await userEvent.click(screen.getByRole("button", { name: "Train" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("The server can't be reached.");
  });

  it("asks once however often it is sent, and again with the same key after a lost answer", async () => {
    let release: () => void = () => {};
    const create = vi.spyOn(api, "createTraining").mockImplementationOnce(
      () => new Promise((_, reject) => (release = () => reject(new ApiError("No answer", 0, "timeout")))),
    );
    const onClose = open();
    await isCurrent();
    const button = screen.getByRole("button", { name: "Train" });
    await userEvent.dblClick(button);
    expect(create).toHaveBeenCalledTimes(1);
    expect(screen.getByRole("button", { name: "Starting…" })).toBeDisabled();
    release();
    await screen.findByRole("alert");
    // The server has made it after all, and answers with its job.
    create.mockResolvedValueOnce(operation({ entity_id: "trn_7" }));
    await userEvent.click(screen.getByRole("button", { name: "Train" }));
    await waitFor(() => {
      expect(window.location.pathname).toBe("/trainings/trn_7");
    });
    const keys = create.mock.calls.map(([body]) => body["idempotency_key"]);
    expect(keys[0]).toBe(keys[1]);
    expect(onClose).toHaveBeenCalled();
  });

  it("fills in a template, and another training's parameters", async () => {
    vi.spyOn(api, "training").mockResolvedValue(training({ name: "the old one", params: { extraction_id: "ext_1", k: 16, layers: [1], total_steps: 900 } }));
    const create = vi.spyOn(api, "createTraining").mockResolvedValue(training({ id: "trn_9" }));
    open("trn_1");
    expect(await screen.findByRole("heading", { name: "New training from the old one" })).toBeInTheDocument();
    expect(screen.getByLabelText("Active at once (k)")).toHaveValue("16");
    expect(screen.getByLabelText("Layers")).toHaveValue("1");
    await isCurrent();
    expect(asked).toEqual([{ extraction_id: "ext_1", k: 16, layers: [1], total_steps: 900 }]);
    await userEvent.click(screen.getByRole("button", { name: "Quick look" }));
    expect(screen.getByLabelText("Steps")).toHaveValue("300");
    expect(screen.getByLabelText("Active at once (k)")).toHaveValue("16");
    await userEvent.selectOptions(screen.getByLabelText("Architecture"), "standard");
    expect(screen.queryByLabelText("Active at once (k)")).not.toBeInTheDocument();
    expect(screen.getByLabelText("L1 coefficient")).toBeInTheDocument();
    await userEvent.type(screen.getByLabelText("Name"), "mine");
    await userEvent.click(screen.getByRole("button", { name: "Train" }));
    await waitFor(() => {
      expect(window.location.pathname).toBe("/trainings/trn_9");
    });
    expect(create.mock.calls[0]?.[0]).toMatchObject({ name: "mine", architecture: "standard", layers: [1], total_steps: 300 });
  });

  it("says why another training's parameters can't be taken", async () => {
    vi.spyOn(api, "training").mockResolvedValue(training({ name: "tuned", extraction_id: null }));
    open("trn_1");
    expect(await screen.findByRole("alert")).toHaveTextContent("The parameters of tuned can’t be taken: it was not trained on extracted activations");
    vi.spyOn(api, "training").mockRejectedValue(new ApiError("there is no training trn_2", 404, "not_found"));
    open("trn_2");
    expect(await screen.findByText(/there is no training trn_2/)).toBeInTheDocument();
  });
});
