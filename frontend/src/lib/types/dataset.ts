export interface Dataset {
  id: string;
  name: string;
  path: string;
  status: string;
  format: string | null;
  compressed: boolean | null;
  size_bytes: number | null;
  text_field: string | null;
  documents: number | null;
  tokens: number | null;
  vocab_size: number | null;
  tokens_path: string | null;
  tokenize_job_id: string | null;
  /** Of its download; null for one that was imported, as are the next four. */
  download_job_id: string | null;
  repo_id: string | null;
  revision: string | null;
  commit: string | null;
  split: string | null;
  error_type: string | null;
  error_message: string | null;
  created_at: string;
  updated_at: string;
}

export interface DatasetDownload {
  repo_id: string;
  revision?: string;
  split?: string;
  name?: string;
}

export interface TokenizeRequest {
  model_id: string;
  max_documents?: number;
  text_field?: string;
}
