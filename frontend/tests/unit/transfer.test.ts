import { describe, expect, it } from "vitest";
import { fileOf, newestTransfer, placeLine, transferLine, transferOfDataset, transferOfJob, transferOfModel } from "@/lib/transfer";
import { datasetProgress, modelProgress } from "../support/catalog";
import { operation } from "../support/samples";

const plain = (text: string) => text.replace(/\u202f/g, " ");
const job = operation({
  kind: "download_model",
  progress: 62,
  done: 620,
  total: 1000,
  unit: "bytes",
  rate: 50,
  eta_seconds: 8,
  message: "file 3 of 4: tokenizer.json",
  updated_at: "2026-01-01T12:00:30.000Z",
});

describe("transfer", () => {
  it("is the same from the channel as from the job", () => {
    const live = transferOfModel(modelProgress({ progress: 62, bytes_done: 620, bytes_per_second: 50, eta_seconds: 8, file: "tokenizer.json", file_index: 3 }));
    expect({ ...transferOfJob(job), at: "", phase: null }).toEqual({ ...live, at: "" });
  });

  it("tells what a dataset's event is about", () => {
    expect(transferOfDataset(datasetProgress({ operation: "download", phase: "downloading", message: "file 1 of 2: a/b.jsonl" }))).toMatchObject({
      operation: "download",
      file: "a/b.jsonl",
      file_index: 1,
      file_count: 2,
    });
    expect(transferOfJob(operation({ kind: "tokenize" })).operation).toBe("tokenize");
  });

  it("reads a file's place from a message, and nothing from another", () => {
    expect(fileOf("file 2 of 4: odd: name.json")).toEqual({ file: "odd: name.json", file_index: 2, file_count: 4 });
    for (const other of [null, undefined, "", "waiting", "file two of 4: x"]) expect(fileOf(other).file).toBeNull();
  });

  it("takes the newest of what was told", () => {
    const old = transferOfModel(modelProgress({ ts: "2026-01-01T12:00:00.000Z" }));
    const fresh = transferOfModel(modelProgress({ ts: "2026-01-01T12:00:31.000Z" }));
    expect(newestTransfer(old, job)?.done).toBe(620);
    expect(newestTransfer(fresh, job)?.done).toBe(400);
    expect(newestTransfer(old, undefined)).toBe(old);
    expect(newestTransfer(undefined, job)?.done).toBe(620);
    expect(newestTransfer(undefined, undefined)).toBeUndefined();
  });

  it("says bytes, rate and time left, and leaves out what is not known", () => {
    const told = transferOfModel(modelProgress({ bytes_done: 1_048_576, bytes_total: 4_194_304, bytes_per_second: 524_288, eta_seconds: 6 }));
    expect(plain(transferLine(told, true))).toBe("1.0 MiB / 4.0 MiB · 512 KiB/s · 6 s left");
    expect(plain(transferLine(told, false))).toBe("1.0 MiB / 4.0 MiB");
    const unknown = transferOfModel(modelProgress({ bytes_done: null, bytes_total: null, bytes_per_second: null, eta_seconds: null }));
    expect(transferLine(unknown, true)).toBe("");
  });

  it("names the file, or else the phase", () => {
    expect(placeLine(transferOfModel(modelProgress()))).toBe("file 2 of 4 · model.safetensors");
    expect(placeLine(transferOfDataset(datasetProgress()))).toBe("encoding");
    expect(placeLine(transferOfDataset(datasetProgress({ phase: null })))).toBe("");
  });
});
