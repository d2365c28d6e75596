/**
 * How far something is that brings or makes files: a download, a tokenization. Three sources tell the same: the model's or
 * dataset's own channel, the job, and the list of jobs read over REST. The newest counts.
 */
import * as f from "./format";
import type { DatasetProgress, ModelProgress } from "./types/events";
import type { Operation } from "./types/job";

export interface Transfer {
  /** When the server said so. */
  at: string;
  operation: "download" | "tokenize";
  phase: string | null;
  progress: number | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  rate: number | null;
  eta_seconds: number | null;
  file: string | null;
  file_index: number | null;
  file_count: number | null;
}

/** "file 2 of 4: model.safetensors", as a download's message says it. */
export function fileOf(message: string | null | undefined): Pick<Transfer, "file" | "file_index" | "file_count"> {
  const found = /^file (\d+) of (\d+): (.+)$/s.exec(message ?? "");
  if (found === null) return { file: null, file_index: null, file_count: null };
  return { file: found[3] ?? null, file_index: Number(found[1]), file_count: Number(found[2]) };
}

export function transferOfModel(payload: ModelProgress): Transfer {
  return {
    at: payload.ts,
    operation: "download",
    phase: null,
    progress: payload.progress,
    done: payload.bytes_done,
    total: payload.bytes_total,
    unit: "bytes",
    rate: payload.bytes_per_second,
    eta_seconds: payload.eta_seconds,
    file: payload.file,
    file_index: payload.file_index,
    file_count: payload.file_count,
  };
}

export function transferOfDataset(payload: DatasetProgress): Transfer {
  const { operation, phase, progress, done, total, unit, rate, eta_seconds } = payload;
  return { at: payload.ts, operation, phase, progress, done, total, unit, rate, eta_seconds, ...fileOf(payload.message) };
}

export function transferOfJob(job: Operation): Transfer {
  const { phase, progress, done, total, unit, rate, eta_seconds } = job;
  const operation = job.kind.startsWith("download") ? "download" : "tokenize";
  return { at: job.updated_at, operation, phase, progress, done, total, unit, rate, eta_seconds, ...fileOf(job.message) };
}

/** What the channel told last, unless the job is known to be further, as it is while the socket is away. */
export function newestTransfer(live: Transfer | undefined, job: Operation | undefined): Transfer | undefined {
  if (job === undefined) return live;
  const told = transferOfJob(job);
  return live === undefined || live.at < told.at ? told : live;
}

/** "12.4 MiB / 48 MiB · 3.2 MiB/s · 11 s left"; what is not known is left out. */
export function transferLine(transfer: Transfer, moving: boolean): string {
  const parts = [f.amount(transfer.done, transfer.total, transfer.unit)];
  if (moving && transfer.rate !== null) parts.push(f.rate(transfer.rate, transfer.unit));
  if (moving && transfer.eta_seconds !== null) parts.push(f.eta(null, null, transfer.eta_seconds));
  return parts.filter((part) => part !== f.UNKNOWN).join(" · ");
}

/** "file 2 of 4 · model.safetensors", or the phase. */
export function placeLine(transfer: Transfer): string {
  if (transfer.file !== null) return `file ${f.count(transfer.file_index)} of ${f.count(transfer.file_count)} · ${transfer.file}`;
  return transfer.phase ?? "";
}
