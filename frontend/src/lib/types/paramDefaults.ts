// Made from schema/openapi.json by `make docs`.
import type { JsonValue } from "./job";

export interface ParamSpec {
  /** What is taken if it isn't given; absent: there is no one value. */
  value?: JsonValue;
  meaning: string;
}

export const PARAM_SPECS: Record<string, Record<string, ParamSpec>> = {
  train_sae: {
    layers: { meaning: "One autoencoder each; default: every layer extracted." },
    hook: { value: "residual", meaning: "Which activations." },
    architecture: { value: "topk", meaning: "TopK, or ReLU with an L1 penalty." },
    n_features: { value: 1024, meaning: "Width of the autoencoder." },
    k: { value: 32, meaning: "Topk: active features a vector." },
    l1_coefficient: { value: 1, meaning: "Standard: weight of the sparsity penalty." },
    learning_rate: { value: 0.001, meaning: "Adam's, after warm-up." },
    warmup_steps: { value: 100, meaning: "Linear warm-up." },
    decay_fraction: { value: 0.2, meaning: "Last part of the steps with linear decay." },
    batch_size: { value: 1024, meaning: "Vectors a step." },
    total_steps: { value: 1500, meaning: "Steps a layer." },
    holdout_fraction: { value: 0.1, meaning: "Last part of the vectors, for evaluation." },
    log_every: { value: 10, meaning: "Steps between metric rows." },
    checkpoint_every: { value: 500, meaning: "Steps between checkpoints." },
    seed: { value: 0, meaning: "Of the random generator." },
    threads: { value: 0, meaning: "0: as many as the job may use." },
  },
  extract: {
    dataset_id: { meaning: "" },
    layers: { meaning: "Block indices, from 0." },
    hooks: { value: ["residual"], meaning: "What to record in each layer." },
    context_length: { value: 128, meaning: "Tokens a row." },
    max_samples: { value: 0, meaning: "Rows at most; 0: all." },
    batch_size: { value: 32, meaning: "Rows a forward pass." },
    dtype: { value: "f32", meaning: "Of the activations written." },
    shard_rows: { value: 65536, meaning: "Vectors a shard at most." },
    threads: { value: 0, meaning: "0: as many as the job may use." },
  },
  tokenize: {
    model_id: { meaning: "" },
    format: { value: "auto", meaning: "How the corpus is written." },
    text_field: { value: "text", meaning: "JSONL: the member that holds the text." },
    max_documents: { value: 0, meaning: "Documents at most; 0: all." },
    separator: { meaning: "Token id written before every document." },
    shard_tokens: { value: 16777216, meaning: "Tokens a shard at most." },
    threads: { value: 0, meaning: "0: as many as the job may use." },
  },
};
