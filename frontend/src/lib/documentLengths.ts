/** The lengths of a corpus's documents, as the result of its tokenization tells them. */
import type { JsonObject } from "./types/job";

export interface LengthClass {
  /** Tokens, both ends included. */
  from: number;
  to: number;
  documents: number;
}

export interface DocumentLengths {
  min: number;
  max: number;
  /** null: longer than lengths are counted one by one. */
  median: number | null;
  p95: number | null;
  histogram: LengthClass[];
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function isClass(value: unknown): value is LengthClass {
  return isRecord(value) && isNumber(value["from"]) && isNumber(value["to"]) && isNumber(value["documents"]);
}

/** null: a tokenization of an earlier version, or without documents, tells none. */
export function lengthsOf(result: JsonObject | null): DocumentLengths | null {
  const told: unknown = result?.["document_lengths"];
  if (!isRecord(told)) return null;
  const { min, max, median, p95, histogram } = told;
  if (!isNumber(min) || !isNumber(max) || !Array.isArray(histogram) || histogram.length === 0 || !histogram.every(isClass)) return null;
  return { min, max, median: isNumber(median) ? median : null, p95: isNumber(p95) ? p95 : null, histogram };
}
