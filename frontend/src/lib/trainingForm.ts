/**
 * The form that starts a training: its fields in words, templates, and the request that they make. Defaults and limits are the server's: a
 * field left empty is not sent, and what it then is comes back with the estimate.
 */
import type { JsonObject, JsonValue } from "./types/job";
import type { Extraction } from "./types/model";

export interface ParamField {
  name: string;
  label: string;
  unit?: string;
  /** What it does, in a sentence. */
  about: string;
  kind: "number" | "list" | "choice";
  options?: { value: string; word: string }[];
  /** Only with this architecture. */
  only?: "topk" | "standard";
}

export interface FieldGroup {
  title: string;
  fields: ParamField[];
  /** Behind a fold, while nothing in it has been set. */
  folded?: boolean;
}

const number = (name: string, label: string, unit: string, about: string, more: Partial<ParamField> = {}): ParamField => ({ name, label, unit, about, kind: "number", ...more });

export const GROUPS: FieldGroup[] = [
  {
    title: "Autoencoder",
    fields: [
      {
        name: "architecture",
        label: "Architecture",
        about: "How features are kept few: a fixed number of them, or a price for each.",
        kind: "choice",
        options: [
          { value: "topk", word: "TopK: the k strongest features" },
          { value: "standard", word: "Standard: ReLU with an L1 penalty" },
        ],
      },
      number("n_features", "Features", "in all", "How many directions the autoencoder may learn; memory and time grow with it."),
      number("k", "Active at once (k)", "a vector", "How many features may describe one vector.", { only: "topk" }),
      number("l1_coefficient", "L1 coefficient", "weight", "The price of an active feature: higher is sparser and less exact.", { only: "standard" }),
      { name: "layers", label: "Layers", unit: "such as 0, 2", about: "One autoencoder for each; empty is every layer that was extracted.", kind: "list" },
    ],
  },
  {
    title: "Course",
    fields: [
      number("total_steps", "Steps", "a layer", "How long it learns; time and curve grow with it."),
      number("batch_size", "Batch size", "vectors a step", "How many vectors each step averages over; larger is steadier and takes more memory."),
      number("learning_rate", "Learning rate", "Adam's", "How far each step goes; too high and the loss jumps or diverges."),
      number("checkpoint_every", "Checkpoint every", "steps", "How often its state is kept on the disk, to go on from and to look at."),
    ],
  },
  {
    title: "Data, schedule, records and running",
    folded: true,
    fields: [
      { name: "hook", label: "Activations of", about: "Which of the extracted activations it learns.", kind: "choice", options: [] },
      number("holdout_fraction", "Held out", "0.001 to 0.9", "The last part of the vectors, never trained on, by which the result is judged."),
      number("warmup_steps", "Warm-up", "steps", "The learning rate climbs to its height over so many steps."),
      number("decay_fraction", "Decay", "0 to 1 of the steps", "Over the last part of the steps the learning rate falls to nothing."),
      number("log_every", "Log every", "steps", "How often a point of the curves is kept."),
      number("seed", "Seed", "a number", "The same seed and parameters give the same result."),
      number("threads", "Threads", "0: all", "How many processors it uses at once."),
      number("priority", "Priority", "-1000 to 1000", "Of queued jobs, higher ones begin first."),
    ],
  },
];

const HOOK_WORDS: Record<string, string> = { residual: "the residual stream", mlp: "the MLP's output", attention: "the attention's output" };

export function hookOptions(extraction: Extraction | undefined): { value: string; word: string }[] {
  return (extraction?.hooks ?? []).map((value) => ({ value, word: HOOK_WORDS[value] ?? value }));
}

export const FIELD_NAMES: readonly string[] = GROUPS.flatMap(({ fields }) => fields.map(({ name }) => name));

/** What is typed, by field; "" is the server's default. */
export type FormValues = Record<string, string>;

export interface Template {
  key: string;
  word: string;
  about: string;
  values: (extraction: Extraction | undefined) => FormValues;
}

export const TEMPLATES: Template[] = [
  {
    key: "quick",
    word: "Quick look",
    about: "A few hundred steps: whether the loss falls at all",
    values: () => ({ total_steps: "300", batch_size: "512", n_features: "512", warmup_steps: "30", checkpoint_every: "300" }),
  },
  { key: "normal", word: "Normal", about: "The server's defaults", values: () => ({}) },
  {
    key: "long",
    word: "Long",
    about: "Eight features to each dimension, and time to learn them",
    values: (extraction) => ({
      total_steps: "20000",
      batch_size: "2048",
      ...(extraction?.width === null || extraction === undefined ? {} : { n_features: String(8 * extraction.width) }),
      warmup_steps: "1000",
      log_every: "50",
      checkpoint_every: "5000",
    }),
  },
];

/** A template replaces what templates are about and leaves the rest. */
export function withTemplate(values: FormValues, template: Template, extraction: Extraction | undefined): FormValues {
  const about = new Set(TEMPLATES.flatMap((each) => Object.keys(each.values({ width: 1 } as Extraction))));
  return { ...Object.fromEntries(Object.entries(values).filter(([name]) => !about.has(name))), ...template.values(extraction) };
}

/** Another training's parameters, as they would be typed. */
export function valuesOf(params: JsonObject | null): FormValues {
  const values: FormValues = {};
  for (const name of FIELD_NAMES) {
    const value = params?.[name];
    if (value === null || value === undefined) continue;
    values[name] = Array.isArray(value) ? value.join(", ") : String(value);
  }
  return values;
}

/** What isn't a number goes as it was typed: the server says what is wrong with it. */
function parsed(field: ParamField, text: string): JsonValue {
  const asNumber = (part: string): JsonValue => (part !== "" && Number.isFinite(Number(part)) ? Number(part) : part);
  if (field.kind === "number") return asNumber(text.replace(/(?<=\d)[ ,](?=\d{3}\b)/g, ""));
  if (field.kind === "list") return text.split(/[\s,]+/).filter((part) => part !== "").map(asNumber);
  return text;
}

export function appliesTo(field: ParamField, values: FormValues): boolean {
  return field.only === undefined || field.only === (values["architecture"] === "standard" ? "standard" : "topk");
}

export function requestBody(extractionId: string, name: string, values: FormValues): JsonObject {
  const body: JsonObject = { extraction_id: extractionId };
  if (name.trim() !== "") body["name"] = name.trim();
  for (const field of GROUPS.flatMap(({ fields }) => fields)) {
    const text = (values[field.name] ?? "").trim();
    if (text !== "" && appliesTo(field, values)) body[field.name] = parsed(field, text);
  }
  return body;
}

/** A value of the server's as it is typed and shown. */
export function shown(value: JsonValue | undefined): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.join(", ");
  return typeof value === "object" ? "" : String(value);
}

/**
 * The key that makes asking twice for the same training make one: it stays while the request stays the same, however often it is sent,
 * and is another for another request.
 */
export class RequestKey {
  private body = "";
  private key = "";

  of(body: JsonObject): string {
    const text = JSON.stringify(body);
    if (text !== this.body || this.key === "") {
      this.body = text;
      // randomUUID is not there on pages that came over plain HTTP from another host.
      this.key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return this.key;
  }
}
