// Many jobs of every kind while tasks, workers and the server are killed and stopped, users change their minds, one worker's clock is wrong
// by an hour and the disk fills. In the end every job must be in a true final state, with everything it was told is stored there once, and
// nothing may be left: no process, no descriptor, no lock, no temporary file.
//
// Bounded and seeded: HEADWAY_CHAOS_SECONDS (40), HEADWAY_CHAOS_JOBS (500), HEADWAY_CHAOS_FAULTS (200), HEADWAY_CHAOS_SEED (1). It ends its mischief when
// the time is over, or when both numbers are reached. `make chaos` runs it until they are.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, test } from 'node:test';
import { Follower } from './lib/follower.mjs';
import { Server, build, headway, patience, sample, temporaryFolder, until } from './lib/headway.mjs';
import { alive, processesOf, taskOf } from './lib/processes.mjs';

const number = (name, otherwise) => Number(process.env[`HEADWAY_CHAOS_${name}`] ?? otherwise);
const limits = { seconds: number('SECONDS', 40), jobs: number('JOBS', 500), faults: number('FAULTS', 200), seed: number('SEED', 1) };
const ACTIVE = 12; // jobs under way at once
const STEPS = 300;
const EVERY = 10;
const CHECKPOINT = 50;

// xorshift32: the same seed makes the same mischief, as far as the machine's own timing lets it.
function generator(seed) {
  let x = seed * 2654435761 || 1;
  const next = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
  return {
    below: (n) => Math.floor(next() * n),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)],
    weighted(table) {
      let at = next() * table.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, value] of table) if ((at -= weight) < 0) return value;
      return table.at(-1)[1];
    },
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A second worker, whose clock is an hour behind.
class SkewedWorker {
  constructor(url, data) {
    Object.assign(this, { url, data, log: '' });
  }

  start() {
    // A sanitizer's library must be the first that is loaded.
    const preload = /asan|tsan/.test(build) ? {} : { LD_PRELOAD: path.join(build, 'tests/libskewed_clock.so'), HEADWAY_CLOCK_SKEW: '-3600' };
    const env = { ...process.env, ...preload };
    this.process = spawn(headway, ['worker', '--server', this.url, '--data', this.data, '--slots', 'cpu=1'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.process.stderr.on('data', (bytes) => (this.log = (this.log + bytes).slice(-20000)));
    this.exited = new Promise((resolve) => this.process.once('exit', resolve));
  }

  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    return this.exited;
  }
}

async function descriptors(pid) {
  return (await readdir(`/proc/${pid}/fd`).catch(() => [])).length;
}

async function filesBelow(folder) {
  return (await readdir(folder, { recursive: true }).catch(() => [])).sort();
}

test(`chaos, seed ${limits.seed}`, { timeout: (limits.seconds * 10 + 600) * 1000 * patience }, async (t) => {
  const random = generator(limits.seed);
  const folder = await temporaryFolder('headway-chaos-');
  let mounted = false;
  const running = [];
  after(async () => {
    for (const it of running) await it.stop(); // first: what runs finds its own by what lies in the folder
    if (mounted) execFileSync('umount', ['-l', folder]);
    await rm(folder, { recursive: true, force: true });
  });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3g', 'headway-chaos', folder], { stdio: 'pipe' });
    mounted = true;
  } catch (error) {
    t.diagnostic(`the disk can't be filled: mounting a small tmpfs isn't allowed here (${String(error.stderr).trim()})`);
  }

  const data = path.join(folder, 'server');
  await mkdir(data);
  const server = await Server.start({ data, args: ['--lease-seconds', '2', '--slots', 'cpu=1,io=2'] });
  running.push(server);
  const { model, extraction } = await server.prepare({ documents: 40, samples: 32, layers: [1, 2] });
  const datasets = [];
  for (let i = 0; i < 6; i++) datasets.push(await server.post('/datasets', { path: path.join(sample, 'corpus/kjv.jsonl.gz') }));
  const calm = { server: await descriptors(server.process.pid), worker: await descriptors(await server.workerPid()) };
  const skewed = new SkewedWorker(server.url, path.join(folder, 'worker'));
  skewed.start();
  running.unshift(skewed);
  const follower = await Follower.open(server.url, ['operations']);

  // A call while the server may be away: repeated until it has an answer.
  async function call(method, pathname, body) {
    let answer;
    let said;
    await until(`an answer to ${method} ${pathname}`, async () => {
      answer = await server.request(method, `/api/v1${pathname}`, body).catch((error) => void (said = error.message));
      if (answer) said = answer.text;
      return answer && answer.status < 500;
    }, 60).catch((error) => assert.fail(`${error.message}: ${said}`));
    return answer;
  }

  // ---- jobs

  const jobs = new Map(); // id → what was done to it
  let submitted = 0;
  async function submit() {
    const common = { max_attempts: 100, idempotency_key: `chaos-${limits.seed}-${submitted++}` };
    const kind = random.weighted([[6, 'train_sae'], [2, 'tokenize'], [2, 'extract']]);
    let answer;
    if (kind === 'train_sae')
      answer = await call('POST', '/jobs', {
        kind,
        params: { extraction_id: extraction.id, n_features: 32, k: 8, batch_size: 64, total_steps: STEPS, log_every: EVERY, checkpoint_every: CHECKPOINT, seed: submitted },
        ...common,
      });
    if (kind === 'tokenize') answer = await call('POST', '/jobs', { kind, params: { dataset_id: random.pick(datasets).id, model_id: model.id, max_documents: 30 + random.below(200) }, ...common });
    if (kind === 'extract') answer = await call('POST', '/jobs', { kind, params: { dataset_id: extraction.dataset_id, model_id: model.id, layers: [1], max_samples: 16 + random.below(60) }, ...common });
    if (answer.status === 409 && kind === 'tokenize') return; // that corpus is being tokenized
    // The disk is full, and it says so: nothing was accepted.
    if (answer.status === 507 || (answer.status >= 500 && /space|full/i.test(answer.text))) return;
    assert.ok(answer.status === 201 || answer.status === 200, answer.text);
    jobs.set(answer.json.id, { id: answer.json.id, kind, entity: answer.json.entity_id, killed: false, asked: new Set() });
  }

  // A program that runs where it was called. Whatever becomes of the server, it isn't disturbed, and is told of in the end.
  const commands = [];
  const script = 'i=0; while [ $i -lt 20 ]; do i=$((i+1)); printf \'{"type":"metric","step":%d,"loss":%d}\\n{"type":"progress","done":%d,"total":20,"unit":"steps"}\\n\' $i $i $i >&$HEADWAY_FD; sleep 0.1; done; echo done';
  function runCommand() {
    const it = { name: `chaos command ${commands.length}`, stdout: '', stderr: '' };
    it.process = spawn(headway, ['run', '--server', server.url, '--name', it.name, '--', 'bash', '-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    it.process.stdout.on('data', (bytes) => (it.stdout += bytes));
    it.process.stderr.on('data', (bytes) => (it.stderr += bytes));
    it.exited = new Promise((resolve) => it.process.once('close', (code, signal) => resolve(code ?? signal)));
    commands.push(it);
  }

  const active = async () => (await call('GET', '/operations?state=active&limit=200')).json.items;

  // ---- users

  async function interfere(items) {
    const job = jobs.get(random.pick(items)?.id);
    if (!job) return;
    const what = random.weighted([[3, 'pause'], [5, 'resume'], [1, 'stop'], [1, 'cancel']]);
    const answer = await call('POST', `/jobs/${job.id}/${what}`);
    if (answer.status === 202) job.asked.add(what);
    else assert.ok(answer.status === 409 || answer.status >= 500, answer.text);
  }

  // ---- faults

  const counts = {};
  const workers = async () => [await server.workerPid(), skewed.process.pid];
  // False: it has ended by itself meanwhile.
  function signal(pid, name) {
    try {
      return process.kill(pid, name);
    } catch (error) {
      assert.equal(error.code, 'ESRCH');
      return false;
    }
  }
  async function stopAWhile(pid, ms) {
    if (!signal(pid, 'SIGSTOP')) return false;
    await pause(ms);
    return signal(pid, 'SIGCONT');
  }
  async function someTask(items) {
    for (const item of items.filter((it) => it.status === 'running' && jobs.has(it.id))) {
      const [task] = await processesOf(item.id);
      if (task) return { job: jobs.get(item.id), task };
    }
    return null;
  }
  let diskFilled = false;
  const faults = {
    async 'kill a task'(items) {
      const it = await someTask(items);
      if (!it) return false;
      it.job.killed = true;
      return signal(it.task, 'SIGKILL');
    },
    async 'stop a task'(items) {
      const it = await someTask(items);
      if (!it) return false;
      void stopAWhile(it.task, 500 + random.below(1500));
    },
    async 'kill a worker'() {
      const which = random.below(2);
      if (!signal((await workers())[which], 'SIGKILL')) return false;
      if (which === 1) {
        await skewed.exited;
        skewed.start();
      }
    },
    async 'stop a worker'() {
      void stopAWhile((await workers())[random.below(2)], 500 + random.below(5000));
    },
    async 'kill the server'() {
      await server.kill();
      await server.restart();
    },
    async 'stop the server'() {
      await stopAWhile(server.process.pid, 200 + random.below(2500));
    },
    async 'fill the disk'() {
      if (!mounted) return false;
      diskFilled = true;
      const filler = path.join(folder, 'filler');
      const file = await open(filler, 'w');
      try {
        for (const block = Buffer.alloc(16 << 20); ; ) await file.write(block);
      } catch (error) {
        assert.equal(error.code, 'ENOSPC');
      }
      await file.close();
      await pause(300 + random.below(700));
      await rm(filler);
    },
  };
  const mischief = [[4, 'kill a task'], [3, 'stop a task'], [3, 'kill a worker'], [2, 'stop a worker'], [3, 'kill the server'], [1, 'stop the server'], [1, 'fill the disk']];

  const end = Date.now() + limits.seconds * 1000;
  let done = 0;
  while (Date.now() < end && (jobs.size < limits.jobs || done < limits.faults)) {
    const items = await active();
    for (let n = items.length; n < ACTIVE && jobs.size < limits.jobs; n++) await submit();
    if (random.chance(0.15) && commands.length < limits.jobs / 10) runCommand();
    if (random.chance(0.5)) await interfere(items);
    if (done < limits.faults) {
      const which = random.weighted(mischief);
      if ((await faults[which](items)) !== false) {
        done++;
        counts[which] = (counts[which] ?? 0) + 1;
      }
    }
    await pause(random.below(400));
  }
  t.diagnostic(`${jobs.size} jobs, ${done} faults: ${Object.entries(counts).map(([name, n]) => `${name} ${n}`).join(', ')}`);
  assert.ok(jobs.size > 0 && done > 0, 'something was done at all');

  // ---- calm: everything comes to its end

  for (const it of commands) {
    assert.equal(await it.exited, 0, it.stderr);
    assert.equal(it.stdout, 'done\n', 'its output is its own');
    it.told = it.stderr === ''; // else: what could not be delivered, in words
  }
  const ofCommands = async () => (await call('GET', '/jobs?kind=command&limit=500')).json.items;
  for (const job of await ofCommands())
    if (commands.some((it) => it.name === job.name && !it.told) && job.finished_at === null) await call('POST', `/jobs/${job.id}/cancel`);

  await until('every job to end', async () => {
    const items = await active();
    for (const it of items.filter((job) => job.status === 'paused' && job.control === null)) await call('POST', `/jobs/${it.id}/resume`);
    return items.length === 0;
  }, 240);

  const rows = async (pathname) => (await call('GET', pathname)).json.items;
  const tally = {};
  for (const was of jobs.values()) {
    const job = (await call('GET', `/jobs/${was.id}`)).json;
    const about = `${job.id} (${job.kind}, attempt ${job.attempt}, asked ${[...was.asked]}, killed ${was.killed}): ${job.status} ${job.error_type ?? ''} ${job.error_message ?? ''}`;
    tally[job.status] = (tally[job.status] ?? 0) + 1;
    assert.deepEqual([job.control, job.finished_at !== null], [null, true], about);
    assert.equal(job.progress === 100, job.status === 'completed', about);
    if (job.status === 'cancelled') assert.ok(was.asked.has('cancel'), about);
    if (job.status === 'failed') {
      const killed = was.killed && /SIGKILL/.test(job.error_message);
      const full = diskFilled && (job.error_type === 'DISK_FULL' || /space/i.test(job.error_message));
      assert.ok(killed || full, about);
    }
    // Its own times are the server's, whatever its worker's clock says.
    const took = Date.parse(job.finished_at) - Date.parse(job.created_at);
    assert.ok(took >= 0 && took < 1800000, `${about}: ${took} ms`);
    for (const told of follower.of('operation:finished').filter((it) => it.id === job.id)) assert.equal(told.status, job.status, `${about}: an end is an end`);
    if (job.kind === 'train_sae') await training(job, was, about);
    if (job.kind === 'extract' && job.status === 'completed') {
      const x = (await call('GET', `/extractions/${job.entity_id}`)).json;
      assert.equal(x.status, 'completed', about);
      assert.ok(existsSync(path.join(x.activations_path, 'metadata.json')), about);
    }
  }
  const ran = await ofCommands();
  let complete = 0;
  for (const it of commands) {
    const same = ran.filter((job) => job.name === it.name);
    if (!it.told) continue;
    assert.equal(same.length, 1, `${it.name} is there once`);
    assert.deepEqual([same[0].status, same[0].progress, same[0].error_message], ['completed', 100, null], it.name);
    const steps = (await rows(`/trainings/${same[0].entity_id}/metrics`)).map((row) => row.step);
    assert.deepEqual(steps, Array.from({ length: 20 }, (_, i) => i + 1), it.name);
    complete++;
  }
  t.diagnostic(`${commands.length} commands where they were called, ${complete} of them told to the end`);
  assert.ok(complete >= commands.length * 0.8);
  t.diagnostic(Object.entries(tally).map(([status, n]) => `${status} ${n}`).join(', '));

  async function training(job, was, about) {
    const it = (await call('GET', `/trainings/${job.entity_id}`)).json;
    assert.equal(it.status, job.status, about);
    const metrics = await rows(`/trainings/${it.id}/metrics?layer=*`);
    const early = job.result?.stopped_early === true;
    assert.ok(!early || was.asked.has('stop'), about);
    const last = job.status === 'completed' ? job.result.steps : STEPS;
    const wanted = [1, ...Array.from({ length: Math.floor(last / EVERY) }, (_, i) => (i + 1) * EVERY), last].filter((step, i, all) => all.indexOf(step) === i);
    for (const layer of [null, 1, 2]) {
      const steps = metrics.filter((row) => row.layer_idx === layer).map((row) => row.step);
      // Every row once, none missing in between; a job that didn't complete has the beginning of them.
      assert.deepEqual(steps, job.status === 'completed' ? wanted : wanted.slice(0, steps.length), `${about}: rows of layer ${layer}`);
    }
    const checkpoints = await rows(`/trainings/${it.id}/checkpoints`);
    const steps = checkpoints.map((c) => c.step);
    assert.equal(new Set(steps).size, steps.length, `${about}: a checkpoint twice`);
    for (const c of checkpoints) assert.ok(existsSync(c.storage_path), `${about}: no ${c.storage_path}`);
    if (job.status === 'completed') {
      for (let step = CHECKPOINT; step <= last; step += CHECKPOINT) assert.ok(steps.includes(step), `${about}: no checkpoint at ${step}: ${steps}`);
      for (const layer of job.result.layers) assert.ok(existsSync(path.join(layer.checkpoint_path, 'sae_weights.safetensors')), about);
    }
  }

  // ---- nothing is left

  follower.close();
  assert.equal((await call('GET', '/operations?state=active')).json.items.length, 0);
  for (const id of jobs.keys()) assert.deepEqual(await processesOf(id), [], `processes of ${id}`);
  const worker = await server.workerPid();
  await until('the spools to be empty', async () => (await filesBelow(folder)).filter((name) => /spool\/./.test(name)).length === 0);
  await until('descriptors as in the beginning', async () => (await descriptors(server.process.pid)) <= calm.server + 6 && (await descriptors(worker)) <= calm.worker + 3);
  // What a killed worker's tasks left half written is the server's to remove.
  const sweep = (await call('POST', '/schedule/output_sweep/run')).json;
  assert.equal(sweep.name, 'output_sweep');
  await until('the sweep', async () => {
    const task = (await rows('/schedule')).find((it) => it.name === 'output_sweep');
    return !task.running && task.runs > 0 && task.last_error === null;
  });
  await skewed.stop();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.equal(await alive(worker), false);
  const left = (await filesBelow(folder)).filter((name) => /\.tmp($|\/)|\.params\.json$|spool\/|running\//.test(name));
  assert.deepEqual(left, []);
});
