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
  created_at: string;
  updated_at: string;
}
