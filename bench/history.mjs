// The histories: what snapshots of progress add to a report, what a day of the machine takes on the disk, and how fast both are read.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Job, Server } from './lib/server.mjs';

const binary = resolve(process.argv[2] ?? 'build/bin/headway');
const start = (data, env) => Server.start(binary, data, env);
const rounds = Number(process.argv[3] ?? 3000);

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

// ---- reports -------------------------------------------------------------------------------------------------------

// The two by turns, so that the machine's other load is the same for both.
async function reports() {
  const settings = { 'no snapshots but the first': ['100', '86400'], 'the defaults': ['5', '60'], 'step 1 %, interval 1 s': ['1', '1'] };
  const runs = [];
  for (const [name, [step, seconds]] of Object.entries(settings)) {
    const data = mkdtempSync(join(tmpdir(), 'headway-history-'));
    const server = await start(data, { PROGRESS_HISTORY_STEP_PERCENT: step, PROGRESS_HISTORY_INTERVAL_SECONDS: seconds, SYSTEM_MONITOR_INTERVAL_SECONDS: '3600' });
    runs.push({ name, data, server, job: await Job.begin(server), took: [], used: [] });
  }
  const chunk = 50;
  for (let i = 0; i < rounds; i += chunk)
    for (const run of runs) {
      const before = run.server.used();
      for (let k = i; k < i + chunk; k++) {
        const start = performance.now();
        await run.job.report([{ type: 'progress', done: k, total: rounds, unit: 'steps' }, { type: 'metric', step: k, loss: 1 / (k + 1) }]);
        run.took.push(performance.now() - start);
      }
      run.used.push((run.server.used() - before) / chunk);
    }
  for (const run of runs) {
    const { items } = JSON.parse(await run.server.call('GET', `/progress-history?entity_id=${run.job.job_id}`));
    const bytes = items.reduce((sum, it) => sum + JSON.stringify(it.metrics).length, 0) / items.length;
    console.log(`a report, ${run.name}: ${median(run.took).toFixed(3)} ms, processor time ${median(run.used).toFixed(3)} ms; ${items.length} snapshots of ${bytes.toFixed(0)} bytes of metrics`);
    await run.server.stop();
    rmSync(run.data, { recursive: true });
  }
}

// ---- the machine ---------------------------------------------------------------------------------------------------

const fill = `
import json, random, sqlite3, sys, time
path, host, gpus, days = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
db = sqlite3.connect(path)
def three(top, digits):
    a, b, c = sorted(random.uniform(0, top) for _ in range(3))
    return [round(it, digits) if digits else int(it) for it in (a, b, c)]
now = int(time.time()) // 60 * 60
for i in range(days * 1440):
    r = {"cpu_percent": three(100, 1), "memory_used": three(64e9, 0), "swap_used": three(8e9, 0), "disk_read_rate": three(5e8, 0),
         "disk_write_rate": three(5e8, 0), "network_sent_rate": three(1e8, 0), "network_recv_rate": three(1e8, 0)}
    if gpus:
        r["gpus"] = [{"gpu_id": g, "utilization": three(100, 1), "memory_used": three(80e9, 0), "temperature": three(90, 1), "power_usage": three(700, 1)} for g in range(gpus)]
    db.execute("INSERT INTO system_history VALUES (?, ?, 30, ?)", ((now - (days * 1440 - i) * 60) * 1000000, host, json.dumps(r, separators=(",", ":"))))
db.commit()
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
`;

async function machine(gpus) {
  const data = mkdtempSync(join(tmpdir(), 'headway-history-'));
  let server = await start(data, { HEADWAY_NVML: '' });
  await server.stop();
  const file = join(data, 'headway.db');
  const empty = statSync(file).size;
  execFileSync('/usr/bin/python3', ['-c', fill, file, hostname(), String(gpus), '30']);
  console.log(`the machine with ${gpus} GPUs: ${((statSync(file).size - empty) / 30 / 1024).toFixed(0)} KiB a day, ${((statSync(file).size - empty) / 2 ** 20).toFixed(1)} MiB for 30 days`);
  server = await start(data, { HEADWAY_NVML: '' });
  for (const [name, hours, resolution] of [['5 hours by minutes', 5, 60], ['3 days by minutes', 72, 60], ['30 days, 360 items', 720, 7200]]) {
    const took = [];
    const used = [];
    for (let i = 0; i < 9; i++) {
      const from = new Date(Date.now() - hours * 3600e3).toISOString();
      const before = server.used();
      const start = performance.now();
      await server.call('GET', `/system/history?from=${from}&resolution=${resolution}&host=${hostname()}`);
      took.push(performance.now() - start);
      used.push(server.used() - before);
    }
    console.log(`  ${name}: ${median(took).toFixed(1)} ms, processor time ${median(used).toFixed(1)} ms`);
  }
  await server.stop();
  rmSync(data, { recursive: true });
}

await reports();
for (const gpus of [0, 8]) await machine(gpus);
