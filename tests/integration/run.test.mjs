// headway run: any program as a job, as if it had been called by itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server, headway, root, temporaryFolder, until } from './lib/headway.mjs';

const pty = path.join(root, 'tests/integration/lib/on_pty.py');

// A program under way: what it has shown so far, and its end.
class Running {
  constructor(program, args, options) {
    this.process = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.out = '';
    this.err = '';
    this.sha = { out: createHash('sha256'), err: createHash('sha256') };
    this.bytes = { out: 0, err: 0 };
    for (const [key, stream] of [['out', this.process.stdout], ['err', this.process.stderr]]) {
      stream.on('data', (bytes) => {
        this.sha[key].update(bytes);
        this.bytes[key] += bytes.length;
        if (this[key].length < 1 << 20) this[key] += bytes;
      });
    }
    this.end = new Promise((resolve) => this.process.once('close', (code, signal) => resolve({ code, signal })));
  }

  type(text) {
    this.process.stdin.write(text);
  }

  shows(text) {
    return until(`"${text}" to be shown`, () => this.out.includes(text) || this.err.includes(text));
  }
}

describe('headway run', () => {
  let server, scratch;
  const options = (more = {}) => ({ env: { ...process.env, TMPDIR: scratch, HEADWAY_URL: server.url, TERM: 'xterm', ...more.env }, cwd: more.cwd });
  const run = (args, more) => new Running(headway, ['run', ...args], options(more));
  const onTerminal = (args, more) => new Running('python3', [pty, '24', '80', headway, 'run', ...args], options(more));
  const named = async (name) => (await server.get('/jobs')).items.filter((it) => it.name === name);
  const job = (name) => until(`a job named ${name}`, async () => (await named(name))[0]);
  const ended = async (name) => server.job((await job(name)).id);
  const logs = async (id, query = '') => (await server.get(`/jobs/${id}/logs?limit=5000${query}`)).items;

  before(async () => {
    scratch = await temporaryFolder();
    server = await Server.start();
  });
  after(async () => {
    await server.stop();
    await rm(scratch, { recursive: true, force: true });
  });

  test('a command becomes a job: its streams apart, its lines kept, its status passed on', async () => {
    const it = run(['--name', 'both streams', '--', 'sh', '-c', 'echo one; echo two >&2; echo "id=$HEADWAY_JOB_ID"; exit 3']);
    assert.deepEqual(await it.end, { code: 3, signal: null });
    const { id, ...ended } = await server.job((await job('both streams')).id);
    assert.ok([`one\nid=${id}\n`, "one\nid=\n"].includes(it.out), it.out); // known if the server answered at once
    assert.equal(it.err, 'two\n');
    assert.equal(ended.status, 'failed');
    assert.equal(ended.attached, true);
    assert.match(ended.error_message, /exited with status 3/);
    assert.deepEqual(ended.params.command.slice(0, 2), ['sh', '-c']);
    const lines = (await logs(id)).map(({ stream, text }) => `${stream} ${text}`).sort();
    assert.deepEqual(lines, ['stderr two', 'stdout id=' + id, 'stdout one'].sort());
  });

  test('a status is the command’s own: signals, a program that is not there, one that is none', async () => {
    const plain = path.join(scratch, 'plain');
    await writeFile(plain, 'no program');
    for (const [args, code] of [[['true'], 0], [['sh', '-c', 'kill -TERM $$'], 143], [['no-such-program-here'], 127], [[plain], 126]])
      assert.equal((await run(['--', ...args]).end).code, code, args.join(' '));
    await rm(plain);
    const wrong = run([]);
    assert.equal((await wrong.end).code, 2);
    assert.match(wrong.err, /the command is missing/);
  });

  test('what it writes to HEADWAY_FD is its progress, and its metrics are a training', async () => {
    const script = `
      say() { echo "$1" >&"$HEADWAY_FD"; }
      say '{"type":"progress","done":30,"total":120,"unit":"steps"}'
      say '{"type":"metric","step":30,"loss":0.25}'
      read go
      say '{"type":"result","answer":42}'`;
    const it = run(['--name', 'reports', '--gpu', '1', '--', 'sh', '-c', `${script}\necho "gpu $CUDA_VISIBLE_DEVICES"`]);
    const running = await until('the progress', async () => (await named('reports')).find((each) => each.progress === 25));
    assert.equal(running.status, 'running');
    assert.equal(running.resource_class, 'gpu');
    const training = await until('the training', async () => running.entity_id && server.get(`/trainings/${running.entity_id}`));
    assert.equal(training.total_steps, 120);
    assert.equal(training.current_step, 30);
    assert.equal(training.loss, 0.25);
    assert.equal(training.architecture, null);
    it.type('go\n');
    assert.equal((await it.end).code, 0);
    assert.equal(it.out, 'gpu 1\n');
    const done = await ended('reports');
    assert.equal(done.status, 'completed');
    assert.deepEqual(done.result, { answer: 42 });
    assert.equal((await server.get(`/trainings/${running.entity_id}`)).final_loss, 0.25);
  });

  test('a shell script reports with headway report', async () => {
    const script = `set -e
      "$1" report phase reading --from 0 --to 50 --index 1 --count 2
      "$1" report progress 512 1024 --unit samples --message 'first half'
      "$1" report metric --step 7 loss=0.5 accuracy=0.9
      "$1" report checkpoint /tmp/ckpt --step 7 --best
      "$1" report log some words
      "$1" report result answer=42 name=x
      read go
      "$1" report error --type OOM no more memory; exit 1`;
    const it = run(['--name', 'script', '--', 'sh', '-c', script, 'sh', headway]);
    const running = await until('the result', async () => (await named('script')).find((each) => each.result));
    assert.equal(running.phase, 'reading');
    assert.equal(running.progress, 25);
    assert.equal(running.message, 'first half');
    assert.deepEqual(running.result, { answer: 42, name: 'x' });
    const rows = (await server.get(`/trainings/${running.entity_id}/metrics`)).items;
    assert.deepEqual(rows.map(({ step, loss, extra }) => [step, loss, extra]), [[7, 0.5, { accuracy: 0.9 }]]);
    assert.equal((await server.get(`/trainings/${running.entity_id}/checkpoints`)).items.length, 1);
    it.type('go\n');
    assert.equal((await it.end).code, 1);
    const done = await ended('script');
    assert.equal(done.error_type, 'OOM');
    assert.equal(done.error_message, 'no more memory');
    const alone = new Running(headway, ['report', 'progress', '1', '2'], { env: { ...process.env, HEADWAY_FD: '' } });
    assert.equal((await alone.end).code, 1);
    assert.match(alone.err, /headway run -- SCRIPT/);
    const wrong = new Running(headway, ['report', 'metric', 'loss=1'], { env: { ...process.env, HEADWAY_FD: '1' } });
    assert.equal((await wrong.end).code, 2);
    assert.match(wrong.err, /--step is missing/);
  });

  test('on a terminal it is on a terminal: size, its change, what is typed, and the bar that it draws', async () => {
    const script = `
      [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && stty size
      trap 'stty size' WINCH
      printf '\\repoch:  45%%|####5     | 45/100 [00:04<00:05,  9.9it/s]'
      while ! read line; do :; done
      echo; echo "read $line"`;
    const it = onTerminal(['--name', 'terminal', '--', 'sh', '-c', script]);
    await it.shows('24 80');
    await it.shows('45/100');
    const running = await until('the bar', async () => (await named('terminal')).find((each) => each.done === 45));
    assert.equal(running.total, 100);
    assert.equal(running.progress, 45);
    assert.equal(running.unit, 'it');
    assert.equal(running.message, 'epoch');
    it.process.kill('SIGUSR1');
    await it.shows('25 81');
    it.type('hello\r');
    assert.equal((await it.end).code, 0);
    await it.shows('read hello');
    const { id, status } = await ended('terminal');
    assert.equal(status, 'completed');
    assert.ok((await logs(id)).some(({ text }) => text === 'read hello'));
  });

  test('Ctrl-C reaches the command, and its job is cancelled, not failed', async () => {
    // A program that handles no signal: one that does may lose it between looking for it and going to sleep.
    const it = onTerminal(['--name', 'ctrl-c', '--', 'cat']);
    it.type('ready\r');
    await it.shows('ready\r\nready'); // the echo, and what cat makes of it
    it.type('\x03');
    assert.equal((await it.end).code, 130);
    assert.equal((await ended('ctrl-c')).status, 'cancelled');
  });

  test('a signal to headway run is the command’s, and a handled one is its own affair', async () => {
    const it = run(['--name', 'handled', '--', 'sh', '-c', 'trap "echo caught; exit 0" INT; echo ready; while :; do sleep 0.05; done']);
    await it.shows('ready');
    it.process.kill('SIGINT');
    assert.equal((await it.end).code, 0);
    assert.equal(it.out, 'ready\ncaught\n');
    assert.equal((await ended('handled')).status, 'completed');
  });

  test('never again 23: cancel ends the command and what it has started', async () => {
    const it = run(['--name', 'cancel me', '--', 'sh', '-c', 'sleep 1000 & echo "child $!"; wait']);
    await it.shows('child ');
    const child = Number(/child (\d+)/.exec(it.out)[1]);
    const { id } = await job('cancel me');
    await server.post(`/jobs/${id}/cancel`);
    assert.equal((await it.end).code, 143);
    assert.equal((await ended('cancel me')).status, 'cancelled');
    await until('the end of the child', () => {
      try {
        process.kill(child, 0);
        return false;
      } catch {
        return true;
      }
    });
  });

  test('100 MB come through byte by byte, and the log says what it left out', async () => {
    const program = (to) => `import sys
block = bytes(range(256)) * 4096
for i in range(100): sys.${to}.buffer.write(block)`;
    const wanted = createHash('sha256');
    const block = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const large = Buffer.concat(Array.from({ length: 4096 }, () => block));
    for (let i = 0; i < 100; i++) wanted.update(large);
    const digest = wanted.digest('hex');
    for (const to of ['stdout', 'stderr']) {
      const it = run(['--name', `flood of ${to}`, '--', 'python3', '-c', program(to)]);
      assert.equal((await it.end).code, 0);
      const key = to.slice(3);
      assert.equal(it.bytes[key], 100 << 20);
      assert.equal(it.sha[key].digest('hex'), digest);
      const { id, status } = await ended(`flood of ${to}`);
      assert.equal(status, 'completed');
      assert.ok((await logs(id, '&stream=log')).some(({ text }) => text.includes('left out')));
    }
  });

  test('never again 26: a server that is away at the start, in the middle or at the end changes nothing', async () => {
    const away = await Server.start();
    const env = { HEADWAY_URL: away.url };
    const find = async (name) => (await away.get('/jobs')).items.filter((it) => it.name === name);
    await away.kill();
    const early = run(['--name', 'early', '--', 'sh', '-c', 'echo begun; read go; echo ended'], { env });
    await early.shows('begun');
    await away.restart();
    const [found] = await until('the job to appear late', async () => {
      const jobs = await find('early');
      return jobs.length ? jobs : null;
    });
    await until('its first line', async () => (await away.get(`/jobs/${found.id}/logs`)).items.some(({ text }) => text === 'begun'));
    await away.kill();
    early.type('go\n');
    await early.shows('ended');
    assert.equal((await early.end).code, 0); // it ends with the server away, and says so
    assert.match(early.err, /not everything about this run reached/);
    const middle = run(['--name', 'middle', '--', 'sh', '-c', 'echo a; read go; echo b; read go; echo c'], { env });
    await middle.shows('a');
    await away.restart();
    await until('the job', async () => (await find('middle'))[0]?.status === 'running');
    await away.kill();
    middle.type('go\n');
    await middle.shows('b');
    await away.restart();
    const { id } = (await find('middle'))[0];
    await until('the line written meanwhile', async () => (await away.get(`/jobs/${id}/logs`)).items.some(({ text }) => text === 'b'));
    middle.type('go\n');
    assert.equal((await middle.end).code, 0);
    assert.equal(middle.err, '');
    assert.equal((await away.job(id)).status, 'completed');
    assert.deepEqual((await away.get(`/jobs/${id}/logs`)).items.map(({ text }) => text), ['a', 'b', 'c']);
    assert.equal((await find('early')).length, 1);
    assert.equal((await find('middle')).length, 1);
    await away.stop();
  });

  test('a command cannot be submitted to a queue, nor retried from one', async () => {
    const refused = await server.request('POST', '/api/v1/jobs', { kind: 'command', params: {} });
    assert.equal(refused.status, 422);
    assert.match(refused.json.error.message, /headway run/);
    const { id } = await ended('both streams');
    assert.equal((await server.request('POST', `/api/v1/jobs/${id}/retry`, {})).status, 409);
  });

  test('nothing stays in the folder for temporary files', async () => {
    assert.deepEqual(await readdir(scratch), []);
  });
});
