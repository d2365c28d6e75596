// How many metric rows a second come from one worker into the database, what they cost, and what a page sees meanwhile: ingest.md.
//
//     node bench/ingest.mjs [--rows N] [--jobs 1,4] [--rounds 3] [--build build] [--postgres]
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Postgres } from './lib/postgres.mjs';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '500000' }, // of all jobs together
    jobs: { type: 'string', default: '1,4' },
    rounds: { type: 'string', default: '3' },
    build: { type: 'string', default: 'build' },
    postgres: { type: 'boolean', default: false }, // instead of SQLite: each round with a durable server of its own
    perf: { type: 'string' }, // a folder: profiles of server and worker are left there
  },
});
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const { io } = createRequire(path.join(root, 'tests/integration/package.json'))('socket.io-client');
const build = path.resolve(options.build);
const headway = path.join(build, 'bin/headway');
const rows = Number(options.rows);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Processor time of all threads of a process that have not ended, in µs: what others run on the machine isn't in it.
const cpu = (pid) => readdirSync(`/proc/${pid}/task`).reduce((sum, id) => sum + Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]), 0) / 1000;
// By thread, for whoever wants to see which one is the narrowest.
const threads = (pid) => Object.fromEntries(readdirSync(`/proc/${pid}/task`).map((id) => [id, Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]) / 1000]));
const at = (values, share) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];

function floor(rowsATransaction) {
  const folder = mkdtempSync(path.join(tmpdir(), 'headway-ingest-'));
  const { status, stdout, stderr } = spawnSync(path.join(build, 'bench/ingest-floor'), [path.join(folder, 'f.db'), String(rows), String(rowsATransaction)], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  if (status !== 0) throw new Error(`ingest-floor: ${stderr}`);
  const [rate, each] = stdout.split(' ').map(Number);
  return { rate, each };
}

async function caller(url) {
  return async (method, pathname, body) => {
    const response = await fetch(`${url}/api/v1${pathname}`, { method, headers: body ? { 'content-type': 'application/json' } : {}, body: body && JSON.stringify(body) });
    const json = await response.json();
    if (!response.ok) throw new Error(`${method} ${pathname}: ${json.error.message}`);
    return json;
  };
}

// An extraction that trainings can be of: what its worker would have reported, by hand.
async function prepare(call, data) {
  const model = await call('POST', '/models', { path: path.join(root, 'sample/model') });
  const corpus = path.join(data, 'corpus.txt');
  writeFileSync(corpus, 'one\n');
  const dataset = await call('POST', '/datasets', { path: corpus });
  const worker = await call('POST', '/workers', { host: 'bench', slots: { cpu: 1 } });
  let batch = 0;
  const run = async (result) => {
    const [job] = (await call('POST', `/workers/${worker.id}/claim`, { slots: { cpu: 1 }, wait_seconds: 0 })).jobs;
    const events = [{ type: 'started', pid: 1 }, { type: 'result', ...result }, { type: 'exited', code: 0 }];
    await call('POST', `/workers/${worker.id}/report`, { batch: ++batch, reports: [{ job_id: job.job_id, attempt: 1, lease: job.lease, events }] });
  };
  await call('POST', `/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  await run({ documents: 1, tokens: 100000, vocab_size: 10, tokens_path: data });
  const extraction = await call('POST', `/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [2] });
  await run({ rows: 100, vectors: 12800, width: 64, size_bytes: 1, activations_path: data });
  return extraction;
}

// What a page that shows the job sees: when each event of progress came, and the end.
function watch(socket, training) {
  const seen = { times: [], lost: 0, seq: 0 };
  const channel = `jobs/${training.job_id}/progress`;
  socket.emit('subscribe', { channel });
  seen.ended = new Promise((done, fail) => {
    socket.onAny((name, data) => {
      if (data?.channel !== channel || data.seq === undefined || data.snapshot) return;
      if (seen.seq && data.seq > seen.seq + 1) seen.lost += data.seq - seen.seq - 1;
      seen.seq = data.seq;
      if (name === 'job:progress') seen.times.push(Date.now());
      if (name === 'job:completed') {
        seen.end = Date.now();
        done();
      }
      if (name === 'job:failed') fail(new Error(JSON.stringify(data)));
    });
  });
  return seen;
}

async function start(command, args, ready, env) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const match = await new Promise((done, fail) => {
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => {
      text += bytes;
      const found = ready.exec(text);
      if (found) done(found);
    });
    child.once('exit', () => fail(new Error(`${command} ${args[0]} ended: ${text}`)));
  });
  return { child, match };
}

async function end(child) {
  const exited = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await exited;
}

const COUNT = 'SELECT COUNT(*) FROM training_metrics';
function storedRows(data, postgres) {
  const program = 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])';
  const asked = postgres ? ['psql', [postgres.url, '-qAtXc', COUNT]] : ['python3', ['-c', program, path.join(data, 'headway.db'), COUNT]];
  const { status, stdout, stderr } = spawnSync(...asked, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the rows can't be counted: ${stderr}`);
  return Number(stdout);
}

async function round(jobs, postgres) {
  const data = mkdtempSync(path.join(tmpdir(), 'headway-ingest-'));
  const database = postgres ? postgres.url : `sqlite:${path.join(data, 'headway.db')}`;
  const { child: server, match } = await start(headway, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--no-worker'], /http:\/\/[^\s/]+/, { DATABASE_URL: database });
  const call = await caller(match[0]);
  const extraction = await prepare(call, data);
  const { child: worker } = await start(headway, ['worker', '--server', match[0], '--data', path.join(data, 'w'), '--slots', `cpu=${jobs}`, '--task', path.join(build, 'bench/ingest-task')], /registered as/, {
    INGEST_ROWS: String(Math.floor(rows / jobs)),
  });
  const socket = io(match[0], { transports: ['websocket'] });
  await new Promise((done) => socket.once('connect', done));
  const before = { server: cpu(server.pid), worker: cpu(worker.pid), database: postgres?.used(), threads: threads(server.pid) };
  const profiles = options.perf ? ['server', 'worker'].map((it) => spawn('perf', ['record', '-q', '-g', '-o', path.join(options.perf, `${it}-${jobs}.data`), '-p', String((it === 'server' ? server : worker).pid)], { stdio: 'ignore' })) : [];
  if (profiles.length) await sleep(1000);
  const trainings = [];
  const seen = [];
  for (let i = 0; i < jobs; i++) {
    trainings.push(await call('POST', '/trainings', { extraction_id: extraction.id }));
    seen.push(watch(socket, trainings[i]));
  }
  const took = [];
  let over = false;
  const reading = (async () => {
    while (!over) {
      const asked = performance.now();
      await call('GET', `/trainings/${trainings[0].id}/metrics?max_points=1000`);
      took.push(performance.now() - asked);
      await sleep(250);
    }
  })();
  await Promise.all(seen.map((it) => it.ended));
  const after = { server: cpu(server.pid), worker: cpu(worker.pid), database: postgres?.used(), threads: threads(server.pid) };
  over = true;
  await reading;
  for (const it of profiles) await new Promise((done) => (it.once('exit', done), it.kill('SIGINT')));
  const results = [];
  for (const it of trainings) results.push((await call('GET', `/jobs/${it.job_id}`)).result);
  socket.close();
  await end(worker);
  const stored = storedRows(data, postgres);
  await end(server);
  rmSync(data, { recursive: true, force: true });
  const total = Math.floor(rows / jobs) * jobs;
  if (stored !== total) throw new Error(`${stored} rows are stored, not ${total}`);
  const begun = Math.min(...results.map((it) => it.first_us)) / 1000;
  const seconds = (Math.max(...seen.map((it) => it.end)) - begun) / 1000;
  const gaps = seen.flatMap((it) => it.times.slice(1).map((t, i) => t - it.times[i]));
  return {
    rate: total / seconds,
    task: (results.reduce((sum, it) => sum + it.cpu_seconds, 0) * 1e6) / total,
    worker: (after.worker - before.worker) / total,
    server: (after.server - before.server) / total,
    database: (after.database - before.database) / total,
    threads: Object.entries(after.threads).map(([id, us]) => (us - (before.threads[id] ?? 0)) / total).filter((it) => it > 0.01).sort((a, b) => b - a),
    events: Math.min(...seen.map((it, i) => it.times.length / ((it.end - results[i].first_us / 1000) / 1000))),
    gaps: { median: at(gaps, 0.5), p99: at(gaps, 0.99), max: Math.max(...gaps) },
    lost: seen.reduce((sum, it) => sum + it.lost, 0),
    get: { n: took.length, median: at(took, 0.5), max: Math.max(...took) },
  };
}

console.log(`${rows} rows of ten columns into ${options.postgres ? 'PostgreSQL' : 'SQLite'}; load average ${loadavg().map((it) => it.toFixed(1)).join(' ')}`);
for (const jobs of options.jobs.split(',').map(Number)) {
  for (let i = 0; i < Number(options.rounds); i++) {
    const f = options.postgres ? null : floor(1000);
    const postgres = options.postgres ? await Postgres.start() : null;
    const r = await round(jobs, postgres).finally(() => postgres?.stop());
    console.log(
      `${jobs} job${jobs > 1 ? 's' : ''}: ${Math.round(r.rate)} rows/s` +
        (f ? `; floor ${Math.round(f.rate)} (${f.each.toFixed(2)} µs a row)` : '') +
        `; processor time a row: task ${r.task.toFixed(2)}, worker ${r.worker.toFixed(2)}, server ${r.server.toFixed(2)}${postgres ? `, PostgreSQL ${r.database.toFixed(2)}` : ''} µs (threads ${r.threads.map((it) => it.toFixed(2)).join(' ')})` +
        `; page: ${r.events.toFixed(1)} events/s a job at least, gaps ${r.gaps.median} ms, p99 ${r.gaps.p99}, max ${r.gaps.max}, ${r.lost} unexplained` +
        `; GET ${r.get.median.toFixed(0)} ms, max ${r.get.max.toFixed(0)} (${r.get.n}); load ${loadavg()[0].toFixed(1)}`,
    );
  }
}
