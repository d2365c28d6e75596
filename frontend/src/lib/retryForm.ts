/** The form of a retry: which parameters can be changed, what is suggested, and what is sent. */
import type { JsonObject, JsonValue } from "./types/job";

export interface RetryField {
  name: string;
  /** What the job ran with; undefined: the job does not say. */
  was: JsonValue | undefined;
  /** What the failure suggests instead. */
  suggested: JsonValue | undefined;
  kind: "number" | "boolean" | "text" | "json";
}

function kindOf(value: JsonValue | undefined): RetryField["kind"] {
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "text" : "json";
}

/** Suggested ones first. What a job works on stays as it is: another dataset is another job. */
export function retryFields(params: JsonObject | null | undefined, suggested: JsonObject | null | undefined): RetryField[] {
  const names = [...new Set([...Object.keys(suggested ?? {}), ...Object.keys(params ?? {}).sort()])];
  return names
    .filter((name) => !name.endsWith("_id"))
    .map((name) => ({
      name,
      was: params?.[name],
      suggested: suggested?.[name],
      kind: kindOf(suggested?.[name] ?? params?.[name]),
    }));
}

export function fieldText(value: JsonValue | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function initialTexts(fields: readonly RetryField[]): Record<string, string> {
  return Object.fromEntries(fields.map((field) => [field.name, fieldText(field.suggested ?? field.was)]));
}

/** What was written, as JSON if it is that, else as text: the server says what it takes. */
export function parseField(field: RetryField, text: string): JsonValue {
  if (field.kind === "text") return text;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** Only what differs from what the job ran with; null: nothing does. */
export function changedParams(fields: readonly RetryField[], texts: Record<string, string>): JsonObject | null {
  const changed = fields.flatMap((field): [string, JsonValue][] => {
    const text = texts[field.name] ?? "";
    return text === fieldText(field.was) ? [] : [[field.name, parseField(field, text)]];
  });
  return changed.length === 0 ? null : Object.fromEntries(changed);
}
