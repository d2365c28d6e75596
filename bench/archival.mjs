// Old metrics moved, packed and brought back while a training reports: how long anybody's report takes meanwhile, and how long the writer was held.
// node bench/archival.mjs [BINARY [ROWS]] [--rate 10000] [--report 200]: rows/s that the training reports, and rows of one report.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { rate: { type: 'string', default: '10000' }, report: { type: 'string', default: '200' } },
});
const binary = resolve(positionals[0] ?? 'build/bin/headway');
const rows = Number(positionals[1] ?? 1000000);
const [rate, reportRows] = [Number(options.rate), Number(options.report)];
if (!(rate > 0 && reportRows > 0)) throw new Error('--rate and --report are numbers above 0');
const data = mkdtempSync(join(tmpdir(), 'headway-archival-'));
let server, url;
async function start() {
  server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--no-worker'], { stdio: ['ignore', 'pipe', 'inherit'] });
  url = await new Promise((done) =>
    createInterface({ input: server.stdout }).on('line', (line) => {
      const match = /http:\/\/[^\s/]+/.exec(line);
      if (match) done(match[0]);
    }),
  );
}
const stop = () => new Promise((done) => server.once('exit', done).kill('SIGTERM'));
const agent = new Agent({ keepAlive: true });
function call(method, path, body) {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((done, fail) => {
    const req = request(`${url}/api/v1${path}`, { method, agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (answer) => {
      let got = '';
      answer.on('data', (it) => (got += it)).on('end', () => (answer.statusCode < 300 ? done(JSON.parse(got)) : fail(new Error(`${path}: ${got}`))));
    });
    req.on('error', fail).end(text);
  });
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const task = async (name) => (await call('GET', '/schedule')).items.find((it) => it.name === name);
// Of the archive's file, without the pages that are free.
async function bytesARow() {
  const { archived } = await call('GET', '/maintenance/metrics');
  const used = execFileSync('/usr/bin/python3', ['-c', `
import sqlite3, sys
ask = lambda it: db.execute('PRAGMA ' + it).fetchone()[0]
db = sqlite3.connect(sys.argv[1])
print((ask('page_count') - ask('freelist_count')) * ask('page_size'))
`, join(data, 'headway-archive.db')]);
  return (Number(used) / archived.rows).toFixed(1);
}
const size = (file) => `${(statSync(join(data, file)).size / 1e6).toFixed(0)} MB`;

await start();
await stop();
execFileSync('/usr/bin/python3', ['-c', `
import random, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1])
old = int((time.time() - 60 * 86400) * 1e6)
for t in range(1, 11):
    db.execute("INSERT INTO trainings (key, id, status, created_at) VALUES (?, ?, 'completed', ?)", (t, f'trn_{t}', old))
    db.executemany("INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, l0_sparsity, explained_variance, learning_rate, grad_norm) VALUES (?, -1, ?, ?, ?, ?, ?, 0.001, ?)",
        ((t, i, old + i * 1000, random.uniform(8, 9), random.uniform(40, 60), random.uniform(0.9, 0.91), random.uniform(1, 2)) for i in range(int(sys.argv[2]) // 10)))
db.commit()
`, join(data, 'headway.db'), String(rows)]);
await start();
const worker = await call('POST', '/workers', { host: 'bench', pid: 1 });
const job = await call('POST', `/workers/${worker.id}/jobs`, { kind: 'command', params: { command: ['x'] } });
let batch = 0;
let step = 0;
// Reports at that rate, one at a time, until told to stop: what each takes. One that should have begun while another was under way follows at
// once, so that the rate stays what was asked for as long as the server takes it.
async function report(until) {
  const took = [];
  const begun = performance.now();
  let [due, late] = [begun, 0];
  while (!(await until(took.length))) {
    await sleep(due - performance.now());
    late = Math.max(late, performance.now() - due);
    due += (reportRows / rate) * 1000;
    const events = Array.from({ length: reportRows }, () => ({ type: 'metric', step: step++, loss: 1 / (step + 1), grad_norm: 2 }));
    const sent = performance.now();
    await call('POST', `/workers/${worker.id}/report`, { batch: ++batch, reports: [{ job_id: job.job_id, attempt: 1, lease: job.lease, events }] });
    took.push(performance.now() - sent);
  }
  const reached = (took.length * reportRows) / ((performance.now() - begun) / 1000);
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))].toFixed(1);
  return `${took.length} reports of ${reportRows} rows, ${reached.toFixed(0)} rows/s: median ${at(0.5)} ms, 99 % ${at(0.99)}, longest ${at(1)}, begun ${late.toFixed(1)} ms late at most`;
}
async function moved(what, path, body) {
  const { runs } = await task('metric_archival');
  await call('POST', path, body);
  let last;
  const reports = await report(async (n) => n % 25 === 0 && (last = await task('metric_archival')).runs > runs);
  const { rows: moved, packed, slices, longest_slice_ms } = last.last_result;
  const n = what === 'packed' ? packed : moved;
  console.log(`${what}: ${n} rows in ${last.last_duration_seconds} s, ${slices} slices, the writer held for ${longest_slice_ms} ms at most; ${reports}`);
}
while (!(await task('metric_archival')).next_run_at) await sleep(50);
console.log(`before: ${await report(async (n) => n === 300)}`);
await moved('archived', '/maintenance/archive', {});
console.log(`the archive: ${await bytesARow()} bytes a row`);
await moved('packed', '/maintenance/archive', {});
console.log(`the archive: ${await bytesARow()} bytes a row`);
await moved('brought back', '/maintenance/restore', { all: true });
await call('POST', '/schedule/curve_sums/run');
let sums;
const beside = await report(async (n) => n % 25 === 0 && (sums = await task('curve_sums')).runs > 0);
console.log(`summed up: ${sums.last_duration_seconds} s, the writer held for ${sums.last_result.longest_slice_ms} ms at most; ${beside}`);
console.log(`headway.db ${size('headway.db')}, headway-archive.db ${size('headway-archive.db')}, logs ${size('headway.db-wal')} and ${size('headway-archive.db-wal')}`);
await stop();
rmSync(data, { recursive: true });
