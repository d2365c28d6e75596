-- Times are µs since 1970 UTC, JSON columns hold compact JSON text, NULL means "not known".

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    host TEXT,
    version TEXT,
    pid INTEGER,
    slots_gpu INTEGER NOT NULL,
    slots_cpu INTEGER NOT NULL,
    slots_io INTEGER NOT NULL,
    last_batch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL
);
CREATE INDEX workers_seen ON workers (last_seen_at);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'starting', 'running', 'paused', 'stalled', 'cancelling',
                                           'cancelled', 'completed', 'failed')),
    attempt INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    queue TEXT NOT NULL,
    resource_class TEXT NOT NULL,
    entity_type TEXT,
    entity_id TEXT,
    params TEXT NOT NULL,
    spec TEXT NOT NULL,
    output_dir TEXT,
    phase TEXT,
    phase_index INTEGER NOT NULL,
    phase_count INTEGER NOT NULL,
    phase_from REAL,
    phase_to REAL,
    progress REAL,
    done INTEGER,
    total INTEGER,
    unit TEXT,
    rate REAL,
    eta_seconds REAL,
    eta_low REAL,
    eta_high REAL,
    message TEXT,
    created_at INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    updated_at INTEGER NOT NULL,
    last_report_at INTEGER,
    worker_id TEXT,
    lease TEXT,
    lease_until INTEGER,
    pid INTEGER,
    log_seq INTEGER NOT NULL,
    version INTEGER NOT NULL,
    result TEXT,
    error_type TEXT,
    error_message TEXT,
    error_params TEXT,
    suggested_retry_params TEXT,
    retry_of TEXT,
    retried_by TEXT,
    idempotency_key TEXT,
    dismissed INTEGER NOT NULL,
    determinate INTEGER NOT NULL,
    CHECK (progress IS NULL OR progress BETWEEN 0 AND 100)
);
CREATE INDEX jobs_created ON jobs (created_at, id);
CREATE INDEX jobs_status ON jobs (status, created_at, id);
CREATE INDEX jobs_queued ON jobs (resource_class, priority DESC, queued_at, id) WHERE status = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX jobs_entity ON jobs (entity_type, entity_id) WHERE entity_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE job_logs (
    job_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    stream TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (job_id, seq)
) WITHOUT ROWID;

CREATE TABLE models (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    status TEXT NOT NULL,
    architecture TEXT,
    n_layers INTEGER,
    width INTEGER,
    n_heads INTEGER,
    context_length INTEGER,
    vocab_size INTEGER,
    parameters INTEGER,
    dtype TEXT,
    size_bytes INTEGER,
    has_tokenizer INTEGER NOT NULL,
    tokenizer_path TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER
);
CREATE INDEX models_created ON models (created_at, id);

CREATE TABLE datasets (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    status TEXT NOT NULL,
    format TEXT,
    compressed INTEGER NOT NULL,
    size_bytes INTEGER,
    text_field TEXT,
    documents INTEGER,
    tokens INTEGER,
    vocab_size INTEGER,
    tokens_path TEXT,
    tokenize_job_id TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER
);
CREATE INDEX datasets_created ON datasets (created_at, id);

CREATE TABLE extractions (
    id TEXT PRIMARY KEY,
    job_id TEXT,
    model_id TEXT,
    dataset_id TEXT,
    name TEXT,
    layers TEXT,
    hooks TEXT,
    context_length INTEGER,
    dtype TEXT,
    status TEXT NOT NULL,
    progress REAL,
    rows INTEGER,
    vectors INTEGER,
    width INTEGER,
    size_bytes INTEGER,
    activations_path TEXT,
    error_type TEXT,
    error_message TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    updated_at INTEGER
);
CREATE INDEX extractions_created ON extractions (created_at, id);
CREATE INDEX extractions_model ON extractions (model_id, created_at, id);

-- "key" is what training_metrics calls training_id: eight bytes at most instead of twenty in every row.
CREATE TABLE trainings (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    job_id TEXT,
    extraction_id TEXT,
    name TEXT,
    architecture TEXT,
    hook TEXT,
    layers TEXT,
    n_features INTEGER,
    k INTEGER,
    l1_coefficient REAL,
    learning_rate REAL,
    batch_size INTEGER,
    total_steps INTEGER,
    status TEXT NOT NULL,
    progress REAL,
    current_step INTEGER,
    loss REAL,
    l0_sparsity REAL,
    l1_sparsity REAL,
    explained_variance REAL,
    dead_neurons REAL,
    grad_norm REAL,
    samples_per_second REAL,
    eta_seconds REAL,
    final_loss REAL,
    duration_seconds REAL,
    error_type TEXT,
    error_message TEXT,
    params TEXT,
    result TEXT,
    output_path TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    updated_at INTEGER
);
CREATE INDEX trainings_created ON trainings (created_at, id);

CREATE TABLE checkpoints (
    id TEXT PRIMARY KEY,
    training_id TEXT NOT NULL,
    step INTEGER NOT NULL,
    layer_idx INTEGER NOT NULL,
    loss REAL,
    is_best INTEGER NOT NULL,
    storage_path TEXT NOT NULL,
    size_bytes INTEGER,
    created_at INTEGER NOT NULL,
    UNIQUE (training_id, step, layer_idx)
);

-- Clustered by the key, so that one training's curve lies together on disk. layer_idx -1: over all layers.
CREATE TABLE training_metrics (
    training_id INTEGER NOT NULL,
    layer_idx INTEGER NOT NULL,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    loss REAL,
    loss_reconstructed REAL,
    l0_sparsity REAL,
    l1_sparsity REAL,
    dead_neurons REAL,
    explained_variance REAL,
    learning_rate REAL,
    grad_norm REAL,
    gpu_memory_used_mb REAL,
    samples_per_second REAL,
    extra TEXT,
    PRIMARY KEY (training_id, layer_idx, step)
) WITHOUT ROWID;

CREATE TABLE training_metrics_archive (
    training_id INTEGER NOT NULL,
    layer_idx INTEGER NOT NULL,
    step INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    loss REAL,
    loss_reconstructed REAL,
    l0_sparsity REAL,
    l1_sparsity REAL,
    dead_neurons REAL,
    explained_variance REAL,
    learning_rate REAL,
    grad_norm REAL,
    gpu_memory_used_mb REAL,
    samples_per_second REAL,
    extra TEXT,
    PRIMARY KEY (training_id, layer_idx, step)
) WITHOUT ROWID;

CREATE TABLE progress_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    progress REAL,
    metrics TEXT,
    created_at INTEGER NOT NULL
);
CREATE INDEX progress_history_entity ON progress_history (entity_type, entity_id, timestamp);
