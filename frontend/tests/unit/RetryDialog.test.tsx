import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { RetryDialog } from "@/components/RetryDialog";
import { api, ApiError } from "@/lib/api";
import { changedParams, initialTexts, retryFields } from "@/lib/retryForm";
import type { Checkpoint } from "@/lib/types/training";
import { operationsStore } from "@/stores/operationsStore";
import "../support/eventually";
import { operation } from "../support/samples";

const checkpoint = (step: number): Checkpoint => ({
  id: `ckp_${step}`, training_id: "trn_1", step, layer_idx: null, loss: null, is_best: false, storage_path: "/c", size_bytes: null, created_at: "2026-01-01T12:00:00.000Z",
});
const failed = operation({ status: "failed", params: { batch_size: 1024, seed: 1, freeze: false, hook: "mlp", extraction_id: "ext_1" }, suggested_retry_params: { batch_size: 512 } });

beforeEach(() => {
  operationsStore.setState(operationsStore.getInitialState(), true);
  vi.spyOn(api, "checkpoints").mockResolvedValue({ items: [], next_cursor: null });
});

function show(job = failed) {
  operationsStore.getState().applyOperation(job);
  const onClose = vi.fn();
  render(<RetryDialog jobId="job_1" name="sae layer 2" onClose={onClose} />);
  return onClose;
}

describe("the form of a retry", () => {
  it("has what is suggested first, leaves out what the job works on, and sends only what differs", () => {
    const fields = retryFields(failed.params, failed.suggested_retry_params);
    expect(fields.map((field) => field.name)).toEqual(["batch_size", "freeze", "hook", "seed"]);
    const texts = initialTexts(fields);
    expect(changedParams(fields, texts)).toEqual({ batch_size: 512 });
    expect(changedParams(fields, { ...texts, batch_size: "1024", freeze: "true", hook: "7", seed: "x" })).toEqual({ freeze: true, hook: "7", seed: "x" });
    expect(changedParams(fields, { ...texts, batch_size: "1024" })).toBeNull();
  });
});

describe("RetryDialog", () => {
  it("asks with the suggestion, and closes when the job is queued again", async () => {
    vi.spyOn(api, "retryJob").mockResolvedValue(operation({ id: "job_2", status: "queued", retry_of: "job_1" }));
    const onClose = show();
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(api.retryJob).toHaveBeenCalledWith("job_1", { params: { batch_size: 512 } });
    expect(onClose).toHaveBeenCalled();
    expect(operationsStore.getState().operations["job_1"]?.retried_by).toBe("job_2");
  });

  it("stays open with the refusal at the field that it names [18]", async () => {
    vi.spyOn(api, "retryJob").mockRejectedValue(new ApiError("seed is -1; 0 or more is accepted", 422, "validation", "seed"));
    const onClose = show();
    await userEvent.clear(screen.getByLabelText("seed"));
    await userEvent.type(screen.getByLabelText("seed"), "-1");
    await userEvent.selectOptions(screen.getByLabelText("freeze"), "true");
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("seed is -1");
    expect(screen.getByLabelText("seed")).toHaveAttribute("aria-invalid", "true");
    expect(screen.getByLabelText("seed")).toHaveValue("-1");
    expect(onClose).not.toHaveBeenCalled();
    expect(api.retryJob).toHaveBeenCalledWith("job_1", { params: { batch_size: 512, freeze: true, seed: -1 } });
  });

  it("says a refusal that names no field as a whole", async () => {
    vi.spyOn(api, "retryJob").mockRejectedValue(new ApiError("the job has been retried already, as job_9", 409, "conflict"));
    show();
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("retried already");
  });

  it("goes on from the newest checkpoint, unless that is not wanted", async () => {
    vi.spyOn(api, "checkpoints").mockResolvedValue({ items: [checkpoint(500), checkpoint(1500), checkpoint(1000)], next_cursor: null });
    vi.spyOn(api, "retryJob").mockResolvedValue(operation({ id: "job_2", status: "queued" }));
    show({ ...failed, suggested_retry_params: null });
    const box = await screen.findByLabelText("Go on from its newest checkpoint, step 1500");
    expect(box).toBeChecked();
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(api.retryJob).toHaveBeenLastCalledWith("job_1", { resume: true });
  });

  it("begins anew when the checkpoint is not wanted", async () => {
    vi.spyOn(api, "checkpoints").mockResolvedValue({ items: [checkpoint(500)], next_cursor: null });
    vi.spyOn(api, "retryJob").mockResolvedValue(operation({ id: "job_2", status: "queued" }));
    show({ ...failed, suggested_retry_params: null });
    await userEvent.click(await screen.findByLabelText(/Go on from its newest checkpoint/));
    await userEvent.click(screen.getByRole("button", { name: "Retry" }));
    expect(api.retryJob).toHaveBeenLastCalledWith("job_1", {});
  });

  it("reads parameters that no event has brought, and says when they can't be", async () => {
    const told = { ...failed, params: undefined };
    vi.spyOn(api, "job").mockResolvedValue({ ...failed, version: 18 });
    show(told);
    await screen.findByLabelText("hook");
    expect(api.job).toHaveBeenCalledWith("job_1");
  });

  it("says why parameters can't be shown", async () => {
    const told = { ...failed, params: undefined };
    vi.spyOn(api, "job").mockRejectedValue(new Error("The server can't be reached."));
    show(told);
    await waitFor(() => {
      expect(screen.getByRole("alert")).toHaveTextContent("can’t be shown: The server can't be reached.");
    });
  });
});
