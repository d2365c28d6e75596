/**
 * Ten thousand trainings in a stopped server's database, by SQL: what a long-lived server has, in the time of a test. Each has its
 * job and a short curve; they have ended, in every way that one can. Python's own SQLite writes them.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const PROGRAM = `
import json, math, random, sqlite3, sys, time
path, n, extraction = sys.argv[1], int(sys.argv[2]), sys.argv[3]
db = sqlite3.connect(path)
db.execute("PRAGMA synchronous = OFF")
random.seed(7)
now = int(time.time() * 1e6)
words = ["topk", "wide", "narrow", "deep", "baseline", "probe", "sweep", "ablation", "final", "retry"]
columns = lambda table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
job_row = db.execute("SELECT * FROM jobs LIMIT 1").fetchone()
job = dict(zip(columns("jobs"), job_row))
def put(table, rows):
    names = list(rows[0])
    db.executemany(f"INSERT INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})", [[row[k] for k in names] for row in rows])
key = db.execute("SELECT COALESCE(MAX(key), 0) FROM trainings").fetchone()[0]
jobs, trainings, metrics = [], [], []
for i in range(n):
    status = ["completed", "completed", "completed", "completed", "failed", "cancelled"][i % 6]
    features, steps = 2 ** random.randint(8, 15), random.choice([1500, 6000, 20000, 100000])
    created = now - (n - i) * 240_000_000
    took = steps * random.uniform(0.002, 0.02)
    reached = steps if status == "completed" else int(steps * random.random())
    loss = random.lognormvariate(3, 1.2)
    topk = random.random() < 0.7
    params = {"hook": "residual", "architecture": "topk" if topk else "standard", "n_features": features, "k": 32, "batch_size": 1024, "total_steps": steps, "learning_rate": 0.001, "extraction_id": extraction}
    name = f"{random.choice(words)} {features} · seed {i:05d}"
    failed = status == "failed"
    jobs.append({**job, "id": f"job_seed{i:011d}", "kind": "train_sae", "name": name, "status": status, "entity_type": "training", "entity_id": f"trn_seed{i:011d}",
        "params": json.dumps(params), "spec": "{}", "progress": 100.0 if status == "completed" else 100.0 * reached / steps, "done": reached, "total": steps, "unit": "steps",
        "created_at": created, "queued_at": created, "started_at": created, "finished_at": created + int(took * 1e6), "updated_at": created + int(took * 1e6),
        "error_type": "OOM" if failed else None, "error_message": "killed by the kernel: out of memory" if failed else None, "result": None, "idempotency_key": None, "output_dir": None,
        "retry_of": None, "retried_by": None, "dismissed": 0})
    trainings.append({"key": key + 1 + i, "id": f"trn_seed{i:011d}", "job_id": f"job_seed{i:011d}", "extraction_id": extraction, "name": name, "architecture": params["architecture"], "hook": "residual",
        "layers": json.dumps([i % 4]), "n_features": features, "k": 32, "l1_coefficient": 1.0, "learning_rate": 0.001, "batch_size": 1024, "total_steps": steps, "status": status,
        "progress": 100.0 if status == "completed" else 100.0 * reached / steps, "current_step": reached, "loss": loss, "l0_sparsity": 32.0 if topk else random.uniform(20, 400),
        "explained_variance": random.uniform(0.2, 0.99), "dead_neurons": random.randint(0, features // 4), "samples_per_second": random.uniform(2e4, 3e5),
        "final_loss": loss if status == "completed" else None, "duration_seconds": took, "error_type": "OOM" if failed else None,
        "error_message": "killed by the kernel: out of memory" if failed else None, "params": json.dumps(params), "result": None, "created_at": created, "started_at": created,
        "finished_at": created + int(took * 1e6), "updated_at": created + int(took * 1e6)})
    for p in range(16):
        at = loss * (1 + 4 * math.exp(-p / 3)) * random.uniform(0.93, 1.07)
        metrics.append({"training_id": key + 1 + i, "layer_idx": -1, "step": max(1, reached * p // 16), "timestamp": created + p, "loss": at})
    if len(jobs) == 1000:
        put("jobs", jobs); put("trainings", trainings)
        db.executemany("INSERT OR REPLACE INTO training_metrics (training_id, layer_idx, step, timestamp, loss) VALUES (:training_id, :layer_idx, :step, :timestamp, :loss)", metrics)
        jobs, trainings, metrics = [], [], []
db.commit()
print(db.execute("SELECT COUNT(*) FROM trainings").fetchone()[0])
`;

/** `folder`: a stopped server's, which has run at least one job. `n`: thousands. Returns how many trainings there are then. */
export function seedTrainings(folder, n, extractionId) {
  return Number(execFileSync("/usr/bin/python3", ["-c", PROGRAM, join(folder, "headway.db"), String(n), extractionId], { encoding: "utf8" }));
}
