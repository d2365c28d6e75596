// Who holds a job: workers that stand still, die, come back too late or are followed by others. Real processes.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Follower } from './lib/follower.mjs';
import { Server, temporaryFolder, until } from './lib/headway.mjs';
import { alive, gone, processesOf, processState, taskOf } from './lib/processes.mjs';
import { Worker } from './lib/worker.mjs';

const long = { n_features: 512, k: 16, batch_size: 256, total_steps: 1000000, log_every: 100, checkpoint_every: 1000000 };

async function train(server, extraction, params = {}) {
  const training = await server.post('/trainings', { extraction_id: extraction.id, ...long, ...params });
  return { training, job_id: training.job_id };
}

async function standStill(pid) {
  process.kill(pid, 'SIGSTOP');
  await until(`process ${pid} to stand still`, async () => (await processState(pid)) === 'T');
}

// The rows of a training, each once, in order.
async function assertNoRowTwice(server, trainingId, every, total) {
  const { items } = await server.get(`/trainings/${trainingId}/metrics?layer=*`);
  const wanted = [1, ...Array.from({ length: total / every }, (_, i) => (i + 1) * every)];
  for (const layer of new Set(items.map((row) => row.layer_idx))) {
    const steps = items.filter((row) => row.layer_idx === layer).map((row) => row.step);
    assert.deepEqual(steps, wanted, `steps of layer ${layer}`);
  }
  assert.ok(items.length > 0);
}

describe('two workers', () => {
  let server;
  let extraction;
  before(async () => {
    server = await Server.start({ worker: false, args: ['--lease-seconds', '1'] });
    const first = await Worker.start(server, { slots: 'cpu=1,io=1' });
    ({ extraction } = await server.prepare());
    await first.stop();
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('never_again_21_22_a_worker_that_stood_still_past_its_lease_is_refused_and_stops_its_task', async () => {
    const total = 6000;
    const slow = await Worker.start(server);
    const { training, job_id } = await train(server, extraction, { total_steps: total, max_attempts: 2 });
    const follower = await Follower.open(server.url, [`jobs/${job_id}/progress`]);
    await server.job(job_id, ['running']);
    const oldTask = await taskOf(job_id);
    await until('some rows', async () => (await server.get(`/trainings/${training.id}/metrics`)).items.length > 3);
    await standStill(slow.pid);
    await standStill(oldTask); // else it might come to its end, and not need to be stopped

    const stalled = await server.job(job_id, ['stalled']);
    assert.match(stalled.status_text, /^last report \d+ s ago; the worker may be lost$/);
    assert.equal(stalled.worker_id, slow.id);
    const other = await Worker.start(server);
    const again = await server.job(job_id, ['running']);
    assert.deepEqual([again.attempt, again.worker_id], [2, other.id]);
    await until('the other worker’s task', async () => (await processesOf(job_id)).some((pid) => pid !== oldTask));

    // Back again, it has reports of the first attempt to send.
    process.kill(oldTask, 'SIGCONT');
    process.kill(slow.pid, 'SIGCONT');
    await gone(oldTask);
    await until('the first worker to say so', () => slow.stderr.includes(`job ${job_id} isn't ours any more: stopping its task`));
    const end = await server.job(job_id, ['completed', 'failed', 'cancelled'], 120);
    assert.deepEqual([end.status, end.attempt, end.worker_id], ['completed', 2, other.id], end.error_message);
    await assertNoRowTwice(server, training.id, 100, total);
    const checkpoints = (await server.get(`/trainings/${training.id}/checkpoints`)).items.map((it) => it.step);
    assert.equal(new Set(checkpoints).size, checkpoints.length);
    await follower.wait('job:completed'); // an answer may overtake it
    const ways = follower.of('job:status_changed').map((it) => `${it.previous}>${it.status}`);
    assert.deepEqual(ways.filter((way) => way.startsWith('stalled')), ['stalled>queued']);
    assert.equal(follower.of('job:completed').length, 1);
    assert.deepEqual(follower.unexplained(`jobs/${job_id}/progress`), []);

    // The worker that was late is a good one again.
    await other.stop();
    const next = await train(server, extraction, { total_steps: 50 });
    const done = await server.job(next.job_id);
    assert.deepEqual([done.status, done.worker_id], ['completed', slow.id]);
    follower.close();
    await slow.stop();
  });

  test('never_again_21_a_worker_back_within_the_grace_keeps_its_job', async () => {
    const worker = await Worker.start(server);
    const { job_id } = await train(server, extraction);
    await server.job(job_id, ['running']);
    const task = await taskOf(job_id);
    await standStill(worker.pid);
    await server.job(job_id, ['stalled']);
    process.kill(worker.pid, 'SIGCONT');
    const back = await server.job(job_id, ['running', 'failed']);
    assert.deepEqual([back.status, back.attempt], ['running', 1]);
    assert.ok(await alive(task));
    await server.post(`/jobs/${job_id}/cancel`);
    await server.job(job_id, ['cancelled']);
    await worker.stop();
  });

  // Its lease would end only after three seconds: what happens before that, the successor has brought about.
  test('never_again_19_21_a_killed_worker_is_replaced_what_it_left_is_ended_and_its_job_is_run_again', async () => {
    const script = `
      if [ "$HEADWAY_ATTEMPT" = 1 ]; then
        sh -c 'trap "" TERM HUP INT; echo deaf $$ >&3; while :; do sleep 1000; done' &
        wait
      fi
      exit 0`;
    const first = await Worker.start(server, { script });
    const { job_id } = await train(server, extraction, { max_attempts: 2 });
    const deaf = await until('the grandchild', async () => {
      const { items } = await server.get(`/jobs/${job_id}/logs`);
      return Number(/deaf (\d+)/.exec(items.map((it) => it.text).join(' '))?.[1]);
    });
    const follower = await Follower.open(server.url, [`jobs/${job_id}/progress`]);
    await first.kill();
    assert.ok(await alive(deaf), 'it outlived the worker');
    const second = await Worker.start(server, { data: first.data, script });
    assert.equal(await alive(deaf), false, `ended before the worker asked for anything: ${second.stderr}`);
    assert.match(second.stderr, /killed \d process(es)? that an earlier worker left/);
    const end = await server.job(job_id);
    assert.deepEqual([end.status, end.attempt, end.worker_id], ['completed', 2, second.id]);
    await follower.wait('job:completed'); // an answer may overtake it
    const ways = follower.of('job:status_changed').map((it) => `${it.previous}>${it.status}`);
    assert.ok(ways.includes('stalled>queued'), ways.join(' '));
    assert.deepEqual((await readdir(path.join(first.data, 'running'))), []);
    const { workers } = await server.get('/operations');
    assert.deepEqual(workers.filter((it) => it.id === first.id || it.id === second.id).map((it) => [it.id, it.live]).sort(),
      [[first.id, false], [second.id, true]].sort());
    follower.close();
    await second.stop();
  });
});

describe('a worker that follows another', () => {
  test('never_again_19_21_what_lies_in_the_spool_of_a_killed_worker_counts_before_its_jobs_are_lost', async () => {
    const folder = await temporaryFolder();
    const server = await Server.start({ worker: false, args: ['--lease-seconds', '15'] });
    const preparing = await Worker.start(server, { slots: 'cpu=1,io=1' });
    const { extraction } = await server.prepare();
    await preparing.stop();
    const go = path.join(folder, 'go');
    const script = `
      echo '{"type":"progress","done":1,"total":2}' >&3
      while [ ! -e '${go}.'"$HEADWAY_JOB_ID" ]; do sleep 0.02; done
      echo '{"type":"result","kept":true}' >&3
      echo ended >'${go}.'"$HEADWAY_JOB_ID"; exit 0`;
    const first = await Worker.start(server, { slots: 'cpu=2', script });
    const ends = (await train(server, extraction)).job_id;
    const runs = (await train(server, extraction)).job_id;
    await server.job(ends, ['running']);
    await server.job(runs, ['running']);
    await server.kill();
    await until('the worker to notice', () => first.stderr.includes('they wait in the spool'));
    await writeFile(`${go}.${ends}`, '');
    await until('its end to be written down', async () => first.stderr.includes(`job ${ends} ended`));
    await until('the end in the spool', async () => {
      const names = await readdir(path.join(first.data, 'spool'));
      const texts = await Promise.all(names.map((name) => readFile(path.join(first.data, 'spool', name), 'utf8').catch(() => '')));
      return texts.some((text) => text.includes(ends) && text.includes('"exited"'));
    });
    await first.kill();

    await server.restart();
    const second = await Worker.start(server, { data: first.data, slots: 'cpu=2', script });
    // At once: neither lease (15 s) nor the grace after a server's start (60 s) is waited for.
    const completed = await server.job(ends, ['completed', 'failed', 'queued', 'cancelled'], 10);
    assert.deepEqual([completed.status, completed.attempt], ['completed', 1]);
    assert.deepEqual(completed.result, { kept: true });
    const lost = await server.job(runs, ['failed', 'completed', 'queued'], 10);
    assert.deepEqual([lost.status, lost.error_type], ['failed', 'WORKER_LOST']);
    assert.deepEqual(await readdir(path.join(first.data, 'spool')), []);
    await second.stop();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    await rm(folder, { recursive: true, force: true });
  });
});

describe("the server's own worker", () => {
  test('never_again_19_21_killed_again_and_again_it_comes_back_and_its_job_is_run_at_once', async () => {
    // A lease so long that no part of this waits for one.
    const server = await Server.start({ args: ['--lease-seconds', '600'] });
    const { extraction } = await server.prepare();
    const { job_id } = await train(server, extraction, { max_attempts: 3 });
    for (let attempt = 1; attempt <= 3; attempt++) {
      await until(`attempt ${attempt} to run`, async () => {
        const job = await server.get(`/jobs/${job_id}`);
        return job.attempt === attempt && job.status === 'running';
      });
      const worker = await server.workerPid();
      const task = await taskOf(job_id);
      process.kill(worker, 'SIGKILL');
      await gone(task);
      await until('another worker', async () => (await server.workerPid()) !== worker);
    }
    const end = await server.job(job_id, ['failed']);
    assert.deepEqual([end.attempt, end.error_type], [3, 'WORKER_LOST']);
    assert.match(server.stderr, /the worker ended \(status 0, signal 9\); it is started again in 1 s/);
    assert.match(server.stderr, /it is started again in 2 s/);
    const { job_id: next } = await train(server, extraction, { total_steps: 50 });
    assert.equal((await server.job(next)).status, 'completed');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
});

// The worker's side over HTTP, by hand.
describe('a worker whose clock is an hour off', () => {
  let server;
  before(async () => {
    server = await Server.start({ worker: false, args: ['--lease-seconds', '2'] });
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  for (const hours of [1, -1]) {
    test(`never_again_30_${hours > 0 ? 'ahead' : 'behind'}: its job's times, its lease and its end are the server's`, async () => {
      const { dataset, model } = await server.importSample();
      const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
      const worker = await server.post('/workers', { host: 'elsewhere', pid: 7, slots: { cpu: 1 }, version: '1' });
      const { jobs } = await server.post(`/workers/${worker.id}/claim`, { slots: { cpu: 1 }, wait_seconds: 10 });
      assert.equal(jobs[0].job_id, job.id);
      let batch = 0;
      const ts = () => new Date(Date.now() + hours * 3600000).toISOString();
      const report = (...events) => server.post(`/workers/${worker.id}/report`, {
        batch: ++batch,
        reports: [{ job_id: job.id, attempt: jobs[0].attempt, lease: jobs[0].lease, events: events.map((it) => ({ ...it, ts: ts() })) }],
      });
      const near = (time) => Math.abs(new Date(time) - Date.now()) < 60000;
      const answer = await report({ type: 'started', pid: 8 }, { type: 'progress', done: 10, total: 100 });
      assert.ok(near(answer.jobs[job.id].lease_until));
      const running = await server.get(`/jobs/${job.id}`);
      assert.equal(running.status, 'running');
      for (const key of ['started_at', 'last_report_at', 'updated_at']) assert.ok(near(running[key]), `${key} ${running[key]}`);
      const stalled = await server.job(job.id, ['stalled']);
      assert.match(stalled.status_text, /^last report \d s ago/);
      await report({ type: 'heartbeat' });
      assert.equal((await server.get(`/jobs/${job.id}`)).status, 'running');
      await report({ type: 'exited', code: 0 });
      const ended = await server.get(`/jobs/${job.id}`);
      assert.equal(ended.status, 'completed');
      assert.ok(near(ended.finished_at));
      assert.ok(new Date(ended.started_at) <= new Date(ended.finished_at));
    });
  }
});
