import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { DownloadFailure } from "@/components/EntityState";
import { TransferView } from "@/components/TransferView";
import type { JobHandle } from "@/hooks/useJobControl";
import { transferOfModel } from "@/lib/transfer";
import { modelProgress } from "../support/catalog";
import { operation } from "../support/samples";

const job = operation({ kind: "download_model", entity_type: "model", unit: "bytes", updated_at: "2025-01-01T00:00:00.000Z" });
const handle = (changes: Partial<JobHandle> = {}): JobHandle => ({ jobId: "job_1", job, pending: undefined, refused: undefined, control: vi.fn(), retry: vi.fn(), ...changes });
const text = () => (document.body.textContent ?? "").replace(/\u202f/g, " ");

describe("TransferView", () => {
  it("shows how far, how fast and which file", () => {
    render(<TransferView name="gpt2" run={handle()} live={transferOfModel(modelProgress({ bytes_done: 2048, bytes_total: 8192, bytes_per_second: 1024 }))} />);
    expect(screen.getByRole("progressbar", { name: "Download of gpt2" })).toHaveAttribute("aria-valuenow", "40");
    expect(text()).toContain("file 2 of 4 · model.safetensors");
    expect(text()).toContain("2.0 KiB / 8.0 KiB · 1.0 KiB/s · 6 s left");
  });

  it("says that it waits, and shows no pace, while it is queued for another attempt", () => {
    render(<TransferView name="gpt2" run={handle({ job: { ...job, status: "queued", attempt: 2, status_text: "tried again in 3 s" } })} live={transferOfModel(modelProgress())} />);
    expect(screen.getByTestId("transfer")).toHaveAttribute("data-status", "queued");
    expect(text()).toContain("tried again in 3 s · attempt 2");
    expect(text()).not.toContain("left");
  });

  it("can be cancelled, and says what was refused", async () => {
    const run = handle({ refused: "it has ended" });
    render(<TransferView name="gpt2" run={run} live={undefined} />);
    await userEvent.click(screen.getByRole("button", { name: "Cancel the download of gpt2" }));
    expect(run.control).toHaveBeenCalledWith("job_1", "cancel");
    expect(screen.getByRole("alert")).toHaveTextContent("it has ended");
  });
});

describe("DownloadFailure", () => {
  it("says why in words, and tries again", async () => {
    const run = handle();
    render(<DownloadFailure name="gpt2" status="failed" type="NOT_FOUND" message="the hub has nothing there (404)" run={run} path="/data/models/mdl_1" remove={vi.fn()} />);
    expect(text()).toContain("Not found — the hub has nothing there (404)");
    await userEvent.click(screen.getByRole("button", { name: "Download gpt2 again" }));
    expect(run.retry).toHaveBeenCalled();
  });

  it("blames nobody for a cancel", () => {
    render(<DownloadFailure name="gpt2" status="cancelled" type={null} message={null} run={handle({ refused: "tried already" })} path="/data/models/mdl_1" remove={vi.fn()} />);
    expect(text()).toContain("The download was cancelled. What has come is kept.");
    expect(text()).toContain("tried already");
  });

  it("asks once more before it is removed, and says why that was refused", async () => {
    const remove = vi.fn().mockResolvedValueOnce("it is downloading").mockResolvedValueOnce(null);
    render(<DownloadFailure name="gpt2" status="failed" type="NETWORK" message={null} run={handle()} path="/data/models/mdl_1" remove={remove} />);
    await userEvent.click(screen.getByRole("button", { name: "Remove gpt2" }));
    expect(remove).not.toHaveBeenCalled();
    expect(screen.getByRole("dialog")).toHaveTextContent("/data/models/mdl_1");
    await userEvent.click(screen.getByRole("button", { name: "Remove" }));
    expect(await screen.findByRole("alert")).toHaveTextContent("it is downloading");
    await userEvent.click(screen.getByRole("button", { name: "Remove" }));
    expect(remove).toHaveBeenCalledTimes(2);
    expect(screen.queryByRole("dialog")).toBeNull();
  });
});
