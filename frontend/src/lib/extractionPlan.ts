/** What an extraction will write, told before it starts: rows × tokens × width, for each layer and place. */
export interface PlanInput {
  /** Of the dataset; null: not known. */
  tokens: number | null;
  width: number | null;
  layers: number;
  hooks: number;
  contextLength: number;
  /** Rows at most; 0: all. */
  maxSamples: number;
  dtype: "f32" | "f16";
}

export interface Plan {
  samples: number;
  vectors: number;
  bytes: number;
}

/** Null where something it depends on isn't known, or isn't chosen yet. Headers and metadata, a few KiB, are left out. */
export function planExtraction({ tokens, width, layers, hooks, contextLength, maxSamples, dtype }: PlanInput): Plan | null {
  if (tokens === null || width === null || !Number.isInteger(contextLength) || contextLength < 1) return null;
  if (!Number.isInteger(maxSamples) || maxSamples < 0 || layers === 0 || hooks === 0) return null;
  const there = Math.floor(tokens / contextLength);
  const samples = maxSamples === 0 ? there : Math.min(maxSamples, there);
  const vectors = samples * contextLength;
  return { samples, vectors, bytes: vectors * width * (dtype === "f16" ? 2 : 4) * layers * hooks };
}
