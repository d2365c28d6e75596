/** Starts the real server on a free port with a folder of its own, and stops it again. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const START_MS = 30_000;

export function sample(path) {
  return resolve(process.env.HEADWAY_SAMPLE ?? join(ROOT, "sample"), path);
}

/** `data`: a folder that a server stopped with `keep` has left; else one of its own. */
export async function startHeadway(options = [], { data = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "headway-e2e-")), port = 0 } = {}) {
  const binary = resolve(process.env.HEADWAY_BIN ?? join(ROOT, "build/bin/headway"));
  const child = spawn(binary, ["serve", "--listen", `127.0.0.1:${port}`, "--data", data, ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const keep = (chunk) => {
    said = (said + chunk).slice(-20_000);
  };
  child.stderr.on("data", keep);
  child.stdout.on("data", keep);
  const url = await new Promise((done, fail) => {
    const timer = setTimeout(() => {
      fail(new Error(`no address within ${START_MS} ms:\n${said}`));
    }, START_MS);
    child.stdout.on("data", () => {
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (found === null) return;
      clearTimeout(timer);
      done(found[0]);
    });
    child.once("error", (error) => {
      clearTimeout(timer);
      fail(error);
    });
    child.once("exit", (code, signal) => {
      clearTimeout(timer);
      fail(new Error(`headway ended (${code ?? signal}) before it listened:\n${said}`));
    });
  });

  async function call(method, path, body) {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer;
  }

  return {
    url,
    data,
    get: (path) => call("GET", path),
    post: (path, body = {}) => call("POST", path, body),
    output: () => said,
    /** As a power cut would: nothing is said, nothing is tidied. Its folder stays. */
    async kill() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
    /** The server once more, in the same place: after `kill`. */
    again: () => startHeadway(options, { data, port: Number(new URL(url).port) }),
    /** `keep`: the folder stays, for another server. */
    async stop({ keep = false } = {}) {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        const timer = setTimeout(() => child.kill("SIGKILL"), 40_000);
        await ended;
        clearTimeout(timer);
      }
      if (!keep) rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Asks until `ready` says yes, or the deadline has passed. */
export async function until(what, ask, ready, deadlineMs = 60_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (ready(answer)) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${deadlineMs} ms; last: ${JSON.stringify(answer).slice(0, 800)}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

export async function ended(headway, what, jobId) {
  const job = await until(what, () => headway.get(`/jobs/${jobId}`), ({ status }) =>
    ["completed", "failed", "cancelled"].includes(status), 240_000);
  if (job.status !== "completed") throw new Error(`${what}: ${job.status}: ${job.error_type} ${job.error_message}\n${headway.output()}`);
}

/** Imports the sample, tokenizes a part and extracts activations; returns the extraction's id. */
export async function prepareActivations(headway, { documents = 200, samples = 48 } = {}) {
  const model = await headway.post("/models", { path: sample("model") });
  const dataset = await headway.post("/datasets", { path: sample("corpus/kjv.jsonl.gz") });
  const tokenize = await headway.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, max_documents: documents });
  await ended(headway, "tokenize", tokenize.id);
  const extraction = await headway.post(`/models/${model.id}/extractions`, {
    dataset_id: dataset.id,
    layers: [0],
    hooks: ["residual"],
    max_samples: samples,
  });
  await ended(headway, "extract", extraction.job_id);
  return extraction.id;
}

/** A training that takes some seconds: long enough to be watched. */
export const SLOW = { n_features: 1024, batch_size: 512, total_steps: 6000 };

export function startTraining(headway, extractionId, changes = {}) {
  return headway.post("/trainings", {
    extraction_id: extractionId,
    name: "e2e training",
    n_features: 256,
    k: 16,
    batch_size: 256,
    total_steps: 400,
    log_every: 5,
    checkpoint_every: 200,
    ...changes,
  });
}
