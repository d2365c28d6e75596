// Pause, resume, stop: real trainings, extractions and tokenizations, asked in the middle of their work.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Follower } from './lib/follower.mjs';
import { Server, sample, until } from './lib/headway.mjs';
import { gone, processesOf, processState, taskOf } from './lib/processes.mjs';

const params = { n_features: 256, k: 16, batch_size: 256, total_steps: 3000, log_every: 7, checkpoint_every: 500, seed: 5 };

describe('control', () => {
  let server;
  let model;
  let dataset;
  let extraction;
  let big;
  before(async () => {
    server = await Server.start({ args: ['--lease-seconds', '3'] });
    ({ model, dataset, extraction } = await server.prepare({ documents: 0, samples: 256, layers: [1, 2] }));
    const corpus = path.join(server.data, 'big.jsonl');
    const text = gunzipSync(await readFile(path.join(sample, 'corpus/kjv.jsonl.gz')));
    await writeFile(corpus, Buffer.concat(Array.from({ length: 20 }, () => text)));
    big = await server.post('/datasets', { path: corpus });
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  const train = async (more = {}) => server.post('/trainings', { extraction_id: extraction.id, ...params, ...more });
  const follow = async (training) =>
    Follower.open(server.url, [`trainings/${training.id}/progress`, `trainings/${training.id}/checkpoints`, `jobs/${training.job_id}/progress`]);
  const control = async (jobId, what) => {
    const answer = await server.request('POST', `/api/v1/jobs/${jobId}/${what}`);
    assert.equal(answer.status, 202, answer.text);
    return answer.json;
  };
  const curve = async (training) => {
    const { items } = await server.get(`/trainings/${training.id}/metrics?layer=*`);
    return items.map(({ step, layer_idx, loss, loss_reconstructed, l0_sparsity, dead_neurons, explained_variance, learning_rate, grad_norm }) =>
      [step, layer_idx, loss, loss_reconstructed, l0_sparsity, dead_neurons, explained_variance, learning_rate, grad_norm].join(' '));
  };

  // Asks, and follows the job to the state. Returns how many milliseconds it took.
  async function pause(follower, jobId) {
    const before = follower.of('job:status_changed').length;
    const start = performance.now();
    await control(jobId, 'pause');
    await control(jobId, 'pause');
    await until('the pause', () => follower.of('job:status_changed').slice(before).some((it) => it.status === 'paused'));
    return performance.now() - start;
  }

  test('a training paused three times, once over a kill -9 of the server, has the curve of one that never was', async (t) => {
    const whole = await train();
    await server.job(whole.job_id, ['completed']);
    const training = await train();
    let follower = await follow(training);
    let at = 0;
    for (let i = 0; i < 3; i++) {
      const seen = await follower.wait('training:progress', (it) => it.current_step > at + 150);
      t.diagnostic(`paused after ${(await pause(follower, training.job_id)).toFixed(0)} ms, at step ${seen.current_step}`);
      const job = await server.get(`/jobs/${training.job_id}`);
      assert.deepEqual([job.status, job.worker_id, job.control, job.eta_seconds], ['paused', null, null, null]);
      assert.deepEqual(await processesOf(training.job_id), [], 'it costs nothing while it is paused');
      assert.ok(job.progress > 0 && job.progress < 100);
      at = (await server.get(`/trainings/${training.id}`)).current_step;
      assert.ok(at >= seen.current_step);
      if (i === 1) {
        follower.close();
        await server.kill();
        await server.restart();
        assert.equal((await server.get(`/jobs/${training.job_id}`)).status, 'paused');
        follower = await follow(training);
      }
      await control(training.job_id, 'resume');
      await control(training.job_id, 'resume');
      await follower.wait('job:status_changed', (it) => it.status === 'running' && it.previous === 'starting');
    }
    const job = await server.job(training.job_id);
    assert.deepEqual([job.status, job.attempt, job.progress], ['completed', 1, 100], job.error_message);
    const percents = follower.of('training:progress').map((it) => it.progress);
    assert.deepEqual(percents, [...percents].sort((a, b) => a - b), 'never backwards');
    assert.deepEqual(await curve(training), await curve(whole));
    const [one, other] = await Promise.all([whole, training].map(async (it) => (await server.get(`/trainings/${it.id}`)).result.layers.map(({ checkpoint_path, ...scores }) => scores)));
    assert.deepEqual(other, one, 'and the same final scores, bit for bit');
    follower.close();
  });

  test('an extraction and a tokenization stand still, and go on where they stood', async (t) => {
    const x = await server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [3], max_samples: 1500, threads: 1 });
    const follower = await Follower.open(server.url, [`jobs/${x.job_id}/progress`, `models/${model.id}/extraction`]);
    await follower.wait('extraction:progress', (it) => it.extraction_id === x.id && it.samples_processed > 0);
    const task = await taskOf(x.job_id);
    t.diagnostic(`stands still after ${(await pause(follower, x.job_id)).toFixed(0)} ms`);
    assert.equal(await processState(task), 'T');
    const paused = await server.get(`/jobs/${x.job_id}`);
    assert.notEqual(paused.worker_id, null, 'it keeps its place');
    // Longer than a lease: the worker answers for it.
    await until('two more leases', async () => Date.parse((await server.get(`/jobs/${x.job_id}`)).last_report_at) - Date.parse(paused.last_report_at) > 7000, 20);
    assert.equal((await server.get(`/jobs/${x.job_id}`)).status, 'paused');
    await control(x.job_id, 'resume');
    const job = await server.job(x.job_id);
    assert.deepEqual([job.status, job.attempt], ['completed', 1]);
    assert.equal((await server.get(`/extractions/${x.id}`)).rows, 1500);
    follower.close();

    const tokenize = await server.post(`/datasets/${big.id}/tokenize`, { model_id: model.id, threads: 1 });
    const other = await Follower.open(server.url, [`jobs/${tokenize.id}/progress`, `datasets/${big.id}/progress`]);
    await other.wait('dataset:progress', (it) => it.phase === 'encoding' && it.done > 0);
    await pause(other, tokenize.id);
    // Cancelled while it stands still: within a second, and nothing of it is left.
    const start = performance.now();
    await control(tokenize.id, 'cancel');
    await other.wait('job:status_changed', (it) => it.status === 'cancelled');
    t.diagnostic(`cancelled ${(performance.now() - start).toFixed(0)} ms after it was asked to`);
    assert.deepEqual(await processesOf(tokenize.id), []);
    other.close();
  });

  test('a stop ends a training early, with its result', async () => {
    const training = await train({ total_steps: 1000000 });
    const follower = await follow(training);
    await follower.wait('training:progress', (it) => it.current_step > 100);
    await control(training.job_id, 'stop');
    await control(training.job_id, 'stop');
    const refused = await server.request('POST', `/api/v1/jobs/${training.job_id}/pause`);
    assert.equal(refused.status, 409);
    await follower.wait('training:completed');
    const now = await server.get(`/trainings/${training.id}`);
    assert.equal(now.status, 'completed');
    assert.equal(now.progress, 100);
    assert.ok(now.current_step > 100 && now.current_step < 1000000, `${now.current_step} steps were done, and that is what it says`);
    assert.equal(now.result.stopped_early, true);
    assert.equal(now.result.steps, now.current_step);
    for (const layer of now.result.layers) await stat(path.join(layer.checkpoint_path, 'sae_weights.safetensors'));
    const job = await server.get(`/jobs/${training.job_id}`);
    assert.ok(job.done < job.total);
    follower.close();
  });

  test('never_again_25_a_training_whose_worker_was_killed_goes_on_from_its_newest_checkpoint', async () => {
    const training = await train({ total_steps: 6000, max_attempts: 2, checkpoint_every: 100 });
    const follower = await follow(training);
    const { step } = await follower.wait('checkpoint:created', (it) => it.step >= 300);
    process.kill(await server.workerPid(), 'SIGKILL');
    const again = await server.job(training.job_id, ['completed'], 60);
    assert.equal(again.attempt, 2);
    await follower.wait('training:completed');
    const percents = follower.of('training:progress').map((it) => it.current_step);
    const fell = percents.findIndex((it, i) => i > 0 && it < percents[i - 1]);
    const fresh = percents.slice(fell).find((it) => it > 0);
    assert.ok(fresh >= step, `goes on at ${fresh}, not before the checkpoint at ${step}`);
    const { items } = await server.get(`/trainings/${training.id}/metrics?layer=1`);
    const wanted = [1, ...Array.from({ length: Math.floor(6000 / 7) }, (_, i) => (i + 1) * 7), 6000];
    assert.deepEqual(items.map((row) => row.step), wanted, 'every row once');
    follower.close();
  });

  test('never_again_23_a_server_stopped_in_order_gives_a_training_back_with_its_place', async () => {
    const training = await train({ total_steps: 20000 });
    const follower = await Follower.open(server.url, [`trainings/${training.id}/progress`], { reconnection: false });
    const task = await taskOf(training.job_id);
    const { current_step: reached } = await follower.wait('training:progress', (it) => it.current_step > 100);
    server.process.kill('SIGTERM');
    assert.deepEqual(await server.exited, { code: 0, signal: null });
    await gone(task);
    await server.restart();
    const job = await server.job(training.job_id, ['running']);
    assert.equal(job.attempt, 1);
    const next = await Follower.open(server.url, [`trainings/${training.id}/progress`]);
    const first = await next.wait('training:progress', (it) => it.current_step > 0);
    assert.ok(first.current_step >= reached, `${first.current_step} is not before ${reached}`);
    await control(training.job_id, 'cancel');
    await server.job(training.job_id, ['cancelled']);
    follower.close();
    next.close();
  });

  test('a queued job is paused before it begins, and a retry may go on from the checkpoint', async () => {
    const first = await train({ total_steps: 1000000, checkpoint_every: 50 });
    const follower = await follow(first);
    const { step } = await follower.wait('checkpoint:created');
    const second = await train({ total_steps: 30 });
    assert.equal((await control(second.job_id, 'pause')).status, 'paused');
    await control(first.job_id, 'cancel');
    await server.job(first.job_id, ['cancelled']);
    assert.equal((await server.get(`/jobs/${second.job_id}`)).status, 'paused', 'although its place is free now');
    assert.equal((await control(second.job_id, 'resume')).status, 'queued');
    await server.job(second.job_id, ['completed']);
    const { current_step: reached } = await server.get(`/trainings/${first.id}`);
    const retry = await server.post(`/jobs/${first.job_id}/retry`, { resume: true, params: { total_steps: reached + 100 } });
    const done = await server.job(retry.id);
    assert.equal(done.status, 'completed', done.error_message);
    assert.equal(done.result.steps, reached + 100);
    const logged = (await server.get(`/trainings/${first.id}/metrics?layer=1`)).items.map((row) => row.step);
    assert.ok(logged.includes(1), 'what was done before the checkpoint was not done again');
    assert.ok(step > 1 && (await readdir(path.join(server.data, 'trainings', first.id))).includes('final'));
    follower.close();
  });
});
