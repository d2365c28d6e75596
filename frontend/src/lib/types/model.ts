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
  created_at: string;
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
  created_at: string;
  finished_at: string | null;
}
