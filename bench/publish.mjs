// Publishing from outside: processor time of the server for each event, one a call and 3,000 a call.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const binary = resolve(process.argv[2] ?? 'build/bin/headway');
const data = mkdtempSync(join(tmpdir(), 'headway-publish-'));
const server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data', data, '--no-worker'], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((done) =>
  createInterface({ input: server.stdout }).on('line', (line) => {
    const match = /http:\/\/[^\s/]+/.exec(line);
    if (match) done(match[0]);
  }),
);

const agent = new Agent({ keepAlive: true });
const post = (path, body) =>
  new Promise((done, fail) => {
    const call = request(url + path, { method: 'POST', agent, headers: { 'content-length': Buffer.byteLength(body) } }, (answer) => {
      let text = '';
      answer.on('data', (it) => (text += it)).on('end', () => (answer.statusCode === 201 ? done(text) : fail(new Error(text))));
    });
    call.on('error', fail).end(body);
  });

const line = (i) =>
  JSON.stringify({
    channel: `trainings/trn_${i % 50}/progress`,
    event: 'training:progress',
    data: {
      training_id: `trn_${i}`, current_step: i, total_steps: 100000, progress: 12.34, loss: 0.0198765, l0_sparsity: 31.5, l1_sparsity: 25.3197,
      dead_neurons: 12, explained_variance: 0.942, learning_rate: 0.0001, grad_norm: 1.25,
    },
  });
// Clock ticks are 10 ms: what is measured takes a second or so.
const cpu = () => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10000;
};

async function measure(what, path, body, events, rounds) {
  for (let i = 0; i < rounds / 10; i++) await post(path, body);
  const [before, start] = [cpu(), performance.now()];
  for (let i = 0; i < rounds; i++) await post(path, body);
  const [used, took] = [cpu() - before, (performance.now() - start) * 1000];
  console.log(`${what}: ${(used / rounds / events).toFixed(2)} µs of the server's processor time an event, ${Math.round((rounds * events) / (took / 1e6))} events/s`);
}

console.log(`${line(1234).length} bytes an event`);
await measure('one a call', '/api/internal/ws/emit', line(1234), 1, 20000);
await measure('3,000 a call', '/api/internal/ws/emit/batch', Array.from({ length: 3000 }, (_, i) => line(i)).join('\n'), 3000, 400);
agent.destroy();
server.kill('SIGTERM');
await new Promise((done) => server.once('exit', done));
rmSync(data, { recursive: true, force: true });
