/** The hub's name and what else a download takes. */
export interface ModelDownload {
  repo_id: string;
  revision?: string;
  files?: string[];
  name?: string;
}

export interface Model {
  id: string;
  name: string;
  path: string;
  status: string;
  architecture: string | null;
  n_layers: number | null;
  width: number | null;
  n_heads: number | null;
  context_length: number | null;
  vocab_size: number | null;
  parameters: number | null;
  dtype: string | null;
  size_bytes: number | null;
  has_tokenizer: boolean;
  /** Of its download; null for one that was imported, as are the next three. */
  job_id: string | null;
  repo_id: string | null;
  revision: string | null;
  commit: string | null;
  error_type: string | null;
  error_message: string | null;
  created_at: string;
  updated_at: string;
}

export interface Extraction {
  id: string;
  job_id: string;
  name?: string | null;
  model_id: string;
  dataset_id: string;
  layers: number[];
  hooks: string[];
  context_length: number | null;
  dtype: string | null;
  status: string;
  progress: number | null;
  rows: number | null;
  vectors: number | null;
  width: number | null;
  size_bytes: number | null;
  activations_path: string | null;
  error_type: string | null;
  error_message: string | null;
  created_at: string;
  finished_at: string | null;
}

/** What an extraction's result says of the vectors of one layer and place. */
export interface ActivationStatistics {
  layer: number;
  hook: string;
  mean_norm: number;
  mean: number;
  std: number;
  min: number;
  max: number;
  vectors: number;
}
