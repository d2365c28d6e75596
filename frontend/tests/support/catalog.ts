/** Models and datasets as the contract writes them; tests change what they are about. */
import type { DatasetProgress, ModelProgress } from "@/lib/types/events";
import type { Dataset } from "@/lib/types/dataset";
import type { Extraction, Model } from "@/lib/types/model";
import { ENVELOPE } from "./samples";

export function model(changes: Partial<Model> = {}): Model {
  return {
    id: "mdl_1",
    name: "gpt2-tiny",
    path: "/models/gpt2-tiny",
    status: "ready",
    architecture: "gpt2",
    n_layers: 4,
    width: 128,
    n_heads: 4,
    context_length: 256,
    vocab_size: 4096,
    parameters: 1_350_400,
    dtype: "BF16",
    size_bytes: 2_705_920,
    has_tokenizer: true,
    job_id: null,
    repo_id: null,
    revision: null,
    commit: null,
    error_type: null,
    error_message: null,
    created_at: "2026-01-01T12:00:00.000Z",
    updated_at: "2026-01-01T12:00:00.000Z",
    ...changes,
  };
}

/** One that is on its way. */
export function coming(changes: Partial<Model> = {}): Model {
  return model({
    status: "downloading",
    architecture: null,
    n_layers: null,
    width: null,
    n_heads: null,
    context_length: null,
    vocab_size: null,
    parameters: null,
    dtype: null,
    size_bytes: null,
    has_tokenizer: false,
    job_id: "job_1",
    repo_id: "test/gpt2-tiny",
    revision: "main",
    ...changes,
  });
}

export function dataset(changes: Partial<Dataset> = {}): Dataset {
  return {
    id: "dst_1",
    name: "kjv",
    path: "/data/kjv.jsonl.gz",
    status: "tokenized",
    format: "jsonl",
    compressed: true,
    size_bytes: 1_400_000,
    text_field: "text",
    documents: 1189,
    tokens: 100_000,
    vocab_size: 4096,
    tokens_path: "/data/tokens",
    tokenize_job_id: "job_2",
    download_job_id: null,
    repo_id: null,
    revision: null,
    commit: null,
    split: null,
    error_type: null,
    error_message: null,
    created_at: "2026-01-01T12:00:00.000Z",
    updated_at: "2026-01-01T12:00:00.000Z",
    ...changes,
  };
}

export function extraction(changes: Partial<Extraction> = {}): Extraction {
  return {
    id: "ext_1",
    job_id: "job_3",
    model_id: "mdl_1",
    dataset_id: "dst_1",
    name: "extract gpt2-tiny",
    layers: [0, 1],
    hooks: ["residual"],
    context_length: 128,
    dtype: "f32",
    status: "completed",
    progress: 100,
    rows: 48,
    vectors: 6144,
    width: 128,
    size_bytes: 6_291_456,
    activations_path: "/data/activations/ext_1",
    error_type: null,
    error_message: null,
    created_at: "2026-01-01T12:00:00.000Z",
    finished_at: "2026-01-01T12:01:00.000Z",
    ...changes,
  };
}

export function modelProgress(changes: Partial<ModelProgress> = {}): ModelProgress {
  return {
    ...ENVELOPE,
    model_id: "mdl_1",
    status: "downloading",
    progress: 40,
    bytes_done: 400,
    bytes_total: 1000,
    bytes_per_second: 100,
    file: "model.safetensors",
    file_index: 2,
    file_count: 4,
    eta_seconds: 6,
    message: "file 2 of 4: model.safetensors",
    ...changes,
  };
}

export function datasetProgress(changes: Partial<DatasetProgress> = {}): DatasetProgress {
  return {
    ...ENVELOPE,
    dataset_id: "dst_1",
    operation: "tokenize",
    phase: "encoding",
    progress: 55,
    done: 300,
    total: 1000,
    unit: "bytes",
    rate: 200,
    eta_seconds: 3,
    message: null,
    ...changes,
  };
}
