/** Attached jobs: programs that report for themselves, as many as a test needs, and with whatever a test wants them to say. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

const HEARTBEAT_MS = 3000;

/** A worker without slots, and its jobs; `report` says the same of each job, or what a function of its number gives. */
export async function attach(headway, names, { host } = {}) {
  const here = host ?? (await headway.get("/operations?limit=1")).resources.host;
  const worker = await headway.post("/workers", { host: here, pid: process.pid, version: "test", slots: {} });
  const jobs = [];
  for (const name of names) {
    jobs.push(await headway.post(`/workers/${worker.id}/jobs`, { kind: "command", name, params: { argv: ["./run", name] } }));
  }
  let batch = 0;
  let last = Promise.resolve();
  const send = (events, of) => {
    batch += 1;
    const body = {
      batch,
      reports: of.map((job) => ({
        job_id: job.job_id,
        attempt: 1,
        lease: job.lease,
        events: typeof events === "function" ? events(jobs.indexOf(job)) : events,
      })),
    };
    // Batches go one after the other, as a worker's do.
    last = last.then(() => headway.post(`/workers/${worker.id}/report`, body));
    return last;
  };
  // As a program that has nothing to say still says that it is there.
  const heart = setInterval(() => void send([{ type: "heartbeat" }], jobs).catch(() => undefined), HEARTBEAT_MS);
  heart.unref();
  return {
    jobs,
    report: (events, of = jobs) => send(events, of),
    /** The programs go silent. */
    silence: () => clearInterval(heart),
  };
}

export const STARTED = { type: "started", pid: 4242 };
export const ENDED = { type: "exited", code: 0, signal: null };
export const output = (text, stream = "stdout") => ({ type: "output", stream, text });
export const resources = (cpu, rss) => ({
  type: "resources",
  source: "measured",
  processes: 1,
  cpu_percent: cpu,
  rss_bytes: rss,
  read_bytes_per_s: 0,
  write_bytes_per_s: 0,
  gpus: [],
});

/** A real worker of its own process, to be killed; `host`: what it calls its machine, `gpus`: a stand-in for NVIDIA's library. */
export async function startWorker(headway, { host, gpus } = {}) {
  const data = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "headway-e2e-worker-"));
  const binary = resolve(process.env.HEADWAY_BIN ?? join(ROOT, "build/bin/headway"));
  const there = [...(host === undefined ? [] : ["--host-name", host]), ...(gpus === undefined ? [] : ["--nvml", gpus])];
  const child = spawn(binary, ["worker", "--server", headway.url, "--data", data, "--slots", "cpu=1,io=1", ...there], { stdio: "ignore" });
  return {
    async kill() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
      }
      rmSync(data, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
    },
  };
}
