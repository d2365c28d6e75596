/** A job's whole log as text, read page by page. */
import { stripAnsi } from "./ansi";
import { api } from "./api";
import type { LogLine } from "./types/job";

const PAGE = 5000;

export function logText(lines: readonly LogLine[]): string {
  return lines.map((line) => `${line.ts} ${line.stream.padEnd(6)} ${stripAnsi(line.text)}\n`).join("");
}

/** `onProgress` is told how many lines have been read; reading ends early when `signal` is aborted. */
export async function readWholeLog(jobId: string, signal: AbortSignal, onProgress: (lines: number) => void): Promise<string[]> {
  const parts: string[] = [];
  let after = 0;
  for (let lines = 0; !signal.aborted; ) {
    const page = await api.jobLogs(jobId, after, PAGE);
    if (page.items.length > 0) parts.push(logText(page.items));
    lines += page.items.length;
    onProgress(lines);
    if (page.items.length < PAGE || page.next_after === null || page.next_after <= after) break;
    after = page.next_after;
  }
  signal.throwIfAborted();
  return parts;
}

export function saveText(name: string, parts: string[]): void {
  const url = URL.createObjectURL(new Blob(parts, { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
