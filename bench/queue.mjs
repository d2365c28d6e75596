// The queue with 10,000 jobs in it: what a claim, GET /operations and a submission take, over HTTP on one kept-alive connection.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const binary = resolve(process.argv[2] ?? 'build/bin/headway');
const queued = Number(process.argv[3] ?? 10000);
const finished = Number(process.argv[4] ?? 0);
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const data = mkdtempSync(join(tmpdir(), 'headway-queue-'));
const server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--no-worker'], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((done) =>
  createInterface({ input: server.stdout }).on('line', (line) => {
    const match = /http:\/\/[^\s/]+/.exec(line);
    if (match) done(match[0]);
  }),
);

const agent = new Agent({ keepAlive: true });
function call(method, path, body) {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((done, fail) => {
    const req = request(`${url}/api/v1${path}`, { method, agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, (answer) => {
      let got = '';
      answer.on('data', (it) => (got += it)).on('end', () => (answer.statusCode < 300 ? done(got) : fail(new Error(`${path}: ${got}`))));
    });
    req.on('error', fail).end(text);
  });
}
const post = async (path, body) => JSON.parse(await call('POST', path, body));

// Processor time that all threads of the server have had, in ms: what others run on the machine isn't in it.
const threads = () => readdirSync(`/proc/${server.pid}/task`);
const cpu = (ids) => ids.reduce((sum, id) => sum + Number(readFileSync(`/proc/${server.pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]), 0) / 1e6;

async function measure(what, rounds, one) {
  const took = [];
  const used = [];
  const ids = threads();
  for (let i = 0; i < rounds; i++) {
    const before = cpu(ids);
    const start = performance.now();
    await one(i);
    took.push(performance.now() - start);
    used.push(cpu(ids) - before);
  }
  const at = (values, share) => values.sort((a, b) => a - b)[Math.min(rounds - 1, Math.floor(rounds * share))].toFixed(2);
  console.log(`${what}: ${at(took, 0.5)} ms, p99 ${at(took, 0.99)} ms; processor time of the server ${at(used, 0.5)} ms, p99 ${at(used, 0.99)} ms`);
}

// One extraction that a training can be of: what its worker would have reported, by hand.
async function prepare() {
  const model = await post('/models', { path: join(root, 'sample/model') });
  const corpus = join(data, 'corpus.txt');
  writeFileSync(corpus, 'one\n');
  const dataset = await post('/datasets', { path: corpus });
  const worker = await post('/workers', { host: 'bench', slots: { cpu: 64 }, queues: ['default', 'b', 'c', 'd'] });
  let batch = 0;
  const run = async (result) => {
    const [job] = (await post(`/workers/${worker.id}/claim`, { slots: { cpu: 1 }, wait_seconds: 0 })).jobs;
    const events = [{ type: 'started', pid: 1 }, { type: 'result', ...result }, { type: 'exited', code: 0 }];
    await post(`/workers/${worker.id}/report`, { batch: ++batch, reports: [{ job_id: job.job_id, attempt: 1, lease: job.lease, events }] });
  };
  await post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  await run({ documents: 1, tokens: 100000, vocab_size: 10, tokens_path: data });
  const extraction = await post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [2] });
  await run({ rows: 100, vectors: 12800, width: 64, size_bytes: 1, activations_path: data });
  return { worker, extraction };
}

const { worker, extraction } = await prepare();
const submit = (i) => call('POST', '/trainings', { extraction_id: extraction.id, queue: ['default', 'b', 'c', 'd'][i % 4], priority: i % 3 });
const claim = async () => {
  const { jobs } = await post(`/workers/${worker.id}/claim`, { slots: { cpu: 1 }, wait_seconds: 0 });
  if (jobs.length !== 1) throw new Error('nothing was given');
  return jobs[0];
};
const operations = () => call('GET', '/operations');
// What any claim costs: HTTP, and a commit that says that the worker was there.
const nothing = async () => {
  const { jobs } = await post(`/workers/${worker.id}/claim`, { slots: { gpu: 1 }, wait_seconds: 0 });
  if (jobs.length !== 0) throw new Error('something was given');
};

if (finished) {
  for (let i = 0; i < finished; i += 64) await Promise.all(Array.from({ length: 64 }, async (_, k) => {
    const training = JSON.parse(await submit(i + k));
    await call('POST', `/jobs/${training.job_id}/cancel`);
  }));
  console.log(`${finished} jobs have ended`);
}
await measure('submit, into an empty queue', 500, submit);
await measure('claim that finds nothing, 500 queued', 300, nothing);
await measure('claim, 500 queued', 300, claim);
await measure('GET /operations, 200 queued', 300, operations);
for (let i = 500; i < queued - 200; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => submit(i + k)));
await measure(`submit, the last 500 of ${queued}`, 500, submit);
await measure(`GET /operations, ${queued} queued`, 300, operations);
await measure(`GET /operations?state=finished`, 300, () => call('GET', '/operations?state=finished'));
await measure(`claim that finds nothing, ${queued} queued`, 300, nothing);
await measure(`claim, ${queued} queued`, 1000, claim);
await measure('GET /operations, 1,000 of them taken', 300, operations);
agent.destroy();
server.kill('SIGTERM');
await new Promise((done) => server.once('exit', done));
rmSync(data, { recursive: true, force: true });
