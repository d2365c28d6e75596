// What a job that writes a lot costs: see logs.md.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '..');
const megabytes = Number(process.argv[2] ?? 500);
const width = Number(process.argv[3] ?? 100); // bytes a line, its newline included
const lines = Math.floor((megabytes * 1e6) / width);

// In the place of the task program: every tokenization writes lines, everything else is done by the real one.
const data = mkdtempSync(path.join(tmpdir(), 'headway-logs-'));
const task = path.join(data, 'task.sh');
const flood = `yes "$(printf '%0${width - 1}d' 0)" | head -n ${lines}`;
writeFileSync(task, `#!/bin/sh\nif [ "$1" != tokenize ]; then exec '${root}/build/bin/headway-task' "$@"; fi\n${flood}\n`, { mode: 0o755 });
const server = spawn(path.join(root, 'build/bin/headway'), ['serve', '--listen', '127.0.0.1:0', '--data', data, '--task', task], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((resolve) => server.stdout.on('data', (text) => resolve(/http:\/\/[^/\s]+/.exec(String(text))[0])));

async function call(method, pathname, body) {
  const response = await fetch(`${url}/api/v1${pathname}`, { method, headers: body ? { 'content-type': 'application/json' } : {}, body: body && JSON.stringify(body) });
  const json = await response.json();
  if (!response.ok) throw new Error(`${method} ${pathname}: ${json.error.message}`);
  return json;
}
const model = await call('POST', '/models', { path: path.join(root, 'sample/model') });
const dataset = await call('POST', '/datasets', { path: path.join(root, 'sample/corpus/kjv.jsonl.gz') });

const cpuMs = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
const size = () => readdirSync(data).filter((it) => it.startsWith('headway.db')).reduce((n, it) => n + statSync(path.join(data, it)).size, 0);
const worker = Number.parseInt(readFileSync(path.join(data, 'worker.lock'), 'utf8'), 10);
const spent = () => [cpuMs(server.pid), cpuMs(worker)];
const [server0, worker0] = spent();
const begin = Date.now();
const { id } = await call('POST', `/datasets/${dataset.id}/tokenize`, { model_id: model.id });
let largest = 0;
let slowest = 0;
let job;
do {
  const asked = Date.now();
  job = await call('GET', `/jobs/${id}`);
  slowest = Math.max(slowest, Date.now() - asked);
  largest = Math.max(largest, size());
  await new Promise((resolve) => setTimeout(resolve, 200));
} while (!job.finished_at);
const seconds = (Date.now() - begin) / 1000;
const [server1, worker1] = spent();
const asked = Date.now();
const { items } = await call('GET', `/jobs/${id}/logs?tail=500`);
const tailMs = Date.now() - asked;
const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1];
console.log(`${job.status}: ${lines} lines of ${width} bytes in ${seconds.toFixed(1)} s: ${Math.round(lines / seconds)} lines/s, ${(megabytes / seconds).toFixed(1)} MB/s`);
console.log(`processor time: server ${((server1 - server0) / 1000).toFixed(1)} s, worker ${((worker1 - worker0) / 1000).toFixed(1)} s`);
console.log(`database at most ${(largest / 1e6).toFixed(0)} MB, at the end ${(size() / 1e6).toFixed(0)} MB; GET /jobs/{id} at most ${slowest} ms meanwhile`);
console.log(`newest 500 lines read in ${tailMs} ms, the last is line ${items.at(-1).seq}; server VmRSS ${(rss / 1024).toFixed(0)} MiB`);
server.kill('SIGTERM');
await new Promise((resolve) => server.on('exit', resolve));
rmSync(data, { recursive: true, force: true });
