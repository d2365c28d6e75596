// What dies, and what goes on: kill -9 of server, worker and task, stops in the middle, files that are broken. Real processes.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Follower } from './lib/follower.mjs';
import { Server, sample, temporaryFolder, until } from './lib/headway.mjs';
import { alive, gone, processesOf, processState, taskOf } from './lib/processes.mjs';

// Steps at which a training writes a row.
function loggedSteps(total, every) {
  const steps = [1];
  for (let step = every; step <= total; step += every) if (step > 1) steps.push(step);
  if (steps.at(-1) !== total) steps.push(total);
  return steps;
}

async function filesBelow(folder) {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  return names.sort();
}

const long = { n_features: 512, k: 16, batch_size: 256, total_steps: 1000000, log_every: 100, checkpoint_every: 1000000 };

async function train(server, extraction, params = {}) {
  const training = await server.post('/trainings', { extraction_id: extraction.id, ...long, ...params });
  return { training, job_id: training.job_id };
}

async function running(server, jobId) {
  await server.job(jobId, ['running']);
  return taskOf(jobId);
}

async function assertGapless(server, trainingId, total, every) {
  const { items } = await server.get(`/trainings/${trainingId}/metrics?layer=*`);
  const wanted = loggedSteps(total, every);
  for (const layer of new Set(items.map((row) => row.layer_idx))) {
    const steps = items.filter((row) => row.layer_idx === layer).map((row) => row.step);
    assert.deepEqual(steps, wanted, `steps of layer ${layer}`);
  }
  assert.ok(items.some((row) => row.layer_idx === null));
}

describe('kill -9', () => {
  let server;
  let extraction;
  before(async () => {
    server = await Server.start({ args: ['--lease-seconds', '2'] });
    ({ extraction } = await server.prepare());
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('never_again_13_21_25_the_server_killed_in_a_training_loses_doubles_and_stops_nothing', async (t) => {
    const total = 9000;
    const every = 5;
    const { training, job_id } = await train(server, extraction, { total_steps: total, log_every: every, checkpoint_every: 500 });
    const channels = [`trainings/${training.id}/progress`, `trainings/${training.id}/checkpoints`, `jobs/${job_id}/progress`, 'operations'];
    const follower = await Follower.open(server.url, channels);
    const task = await running(server, job_id);
    const worker = await server.workerPid();
    await follower.wait('checkpoint:created', (it) => it.step >= 1000);
    await server.kill();

    // The task goes on without a server: its checkpoints keep coming.
    const folder = path.join(server.data, 'trainings', training.id, 'checkpoints');
    const before = (await filesBelow(folder)).length;
    await until('a checkpoint while the server is away', async () => (await filesBelow(folder)).length > before);
    assert.ok(await alive(worker), 'the worker lives on');
    assert.equal(await taskOf(job_id), task, 'the same process, not a second attempt');

    await server.restart();
    const job = await server.job(job_id, undefined, 90);
    assert.equal(job.status, 'completed', job.error_message);
    assert.equal(job.attempt, 1);
    assert.equal(job.progress, 100);
    assert.equal(await server.workerPid(), worker, 'no second worker beside it');
    await assertGapless(server, training.id, total, every);
    const checkpoints = (await server.get(`/trainings/${training.id}/checkpoints`)).items.map((it) => it.step).sort((a, b) => a - b);
    assert.deepEqual(checkpoints, Array.from({ length: total / 500 }, (_, i) => (i + 1) * 500), 'every checkpoint once');

    await follower.wait('training:completed');
    await follower.wait('job:completed');
    await follower.wait('operation:finished', (it) => it.id === job_id);
    assert.equal(follower.connections, 2);
    for (const channel of channels) {
      assert.deepEqual(follower.unexplained(channel), []);
      const [first, second] = follower.of('subscribed', channel);
      assert.notEqual(second.epoch, first.epoch);
      assert.equal(second.recovered, false, 'history is gone with the process, and it says so');
    }
    const percents = follower.of('training:progress').map((it) => it.progress);
    assert.deepEqual(percents, [...percents].sort((a, b) => a - b), 'never backwards');
    t.diagnostic(`${percents.length} progress events over both servers`);
    follower.close();
  });

  test('never_again_23_a_killed_task_is_failed_with_the_signal_and_the_worker_goes_on', async (t) => {
    const { training, job_id } = await train(server, extraction);
    const follower = await Follower.open(server.url, [`trainings/${training.id}/progress`, `jobs/${job_id}/progress`]);
    const task = await running(server, job_id);
    const reached = await follower.wait('training:progress', (it) => it.current_step > 100);
    const start = performance.now();
    process.kill(task, 'SIGKILL');
    const failed = await follower.wait('job:failed', undefined, 3);
    t.diagnostic(`failed ${(performance.now() - start).toFixed(0)} ms after kill -9`);
    assert.match(failed.error_message, /signal 9 \(SIGKILL\)/);
    const told = await follower.wait('training:failed');
    assert.ok(told.progress >= reached.progress && told.progress < 100, 'where it was');
    const job = await server.get(`/jobs/${job_id}`);
    assert.equal(job.status, 'failed');
    assert.match(job.error_message, /SIGKILL/);
    assert.deepEqual(await processesOf(job_id), []);
    const again = await train(server, extraction, { total_steps: 50 });
    assert.equal((await server.job(again.job_id)).status, 'completed');
    follower.close();
  });

  test('never_again_19_21_a_killed_worker_takes_its_task_along_and_the_job_is_run_again', async () => {
    const { training, job_id } = await train(server, extraction, { total_steps: 6000, checkpoint_every: 500, max_attempts: 2 });
    const follower = await Follower.open(server.url, [`trainings/${training.id}/progress`, `jobs/${job_id}/progress`]);
    const task = await running(server, job_id);
    const worker = await server.workerPid();
    await until('a first checkpoint', async () => (await server.get(`/trainings/${training.id}/checkpoints`)).items.length > 0);
    process.kill(worker, 'SIGKILL');
    await gone(task);
    const job = await server.job(job_id, undefined, 60);
    assert.equal(job.status, 'completed', job.error_message);
    assert.equal(job.attempt, 2);
    assert.notEqual(await server.workerPid(), worker);
    await follower.wait('job:status_changed', (it) => it.status === 'completed'); // the answer may have overtaken it
    const ways = follower.of('job:status_changed').map((it) => `${it.previous}>${it.status}`);
    for (const way of ['running>stalled', 'stalled>queued', 'running>completed']) assert.ok(ways.includes(way), ways.join(' '));
    await assertGapless(server, training.id, 6000, 100);
    assert.deepEqual((await filesBelow((await server.get(`/trainings/${training.id}`)).output_path)).filter((it) => it.includes('.tmp')), []);
    assert.deepEqual(follower.unexplained(`jobs/${job_id}/progress`), []);
    follower.close();
  });

  test('never_again_21_with_no_attempt_left_a_lost_worker_is_a_failure_that_says_so', async () => {
    const { job_id } = await train(server, extraction);
    const task = await running(server, job_id);
    // Standing still: no signal but SIGKILL reaches it now.
    process.kill(task, 'SIGSTOP');
    await until('the task to stand still', async () => (await processState(task)) === 'T');
    process.kill(await server.workerPid(), 'SIGKILL');
    await gone(task);
    const job = await server.job(job_id, ['failed'], 30);
    assert.equal(job.error_type, 'WORKER_LOST');
    assert.ok(job.error_message.length > 20);
    // never again 18: what can't work is refused, also where only the parameters that stayed make it so.
    const refused = await server.request('POST', `/api/v1/jobs/${job_id}/retry`, { params: { k: 5000 } });
    assert.equal(refused.status, 422);
    assert.equal(refused.json.error.field, 'k');
    const retry = await server.post(`/jobs/${job_id}/retry`, { params: { total_steps: 50 } });
    assert.equal((await server.job(retry.id)).status, 'completed');
  });
});

describe('one data folder', () => {
  test('never_again_14_a_worker_that_outlived_a_server_elsewhere_makes_room_for_one_that_can_report', async () => {
    const server = await Server.start({ args: ['--lease-seconds', '2'] });
    const { extraction } = await server.prepare();
    const { job_id } = await train(server, extraction);
    const task = await running(server, job_id);
    const worker = await server.workerPid();
    await server.kill();
    server.port = 0; // another address, which that worker can't know
    await server.restart();
    await gone(worker);
    await gone(task);
    // What it left, checkpoint and all, goes on with the new one.
    const job = await server.job(job_id, ['running']);
    assert.equal(job.attempt, 1);
    await until('the task to go on', async () => (await server.get(`/jobs/${job_id}`)).worker_id !== null && (await processesOf(job_id)).length > 0);
    assert.notEqual(await server.workerPid(), worker);
    await server.post(`/jobs/${job_id}/cancel`);
    await server.job(job_id, ['cancelled']);
    const next = await train(server, extraction, { total_steps: 50 });
    assert.equal((await server.job(next.job_id)).status, 'completed');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('a second server is turned away with the name of the first', async () => {
    const server = await Server.start();
    const { dataset } = await server.importSample();
    const second = await Server.start({ data: server.data }).catch((error) => error);
    assert.ok(second instanceof Error);
    assert.match(second.message, new RegExp(`ended \\(1\\)[^]*a server runs on .* already \\(pid ${server.process.pid}, ${server.url}\\)`));
    assert.equal((await server.get(`/datasets/${dataset.id}`)).status, 'ready');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
});

describe('cancelling', () => {
  let server;
  let model;
  let dataset;
  let extraction;
  let big; // a corpus that takes a while
  before(async () => {
    server = await Server.start();
    ({ model, dataset, extraction } = await server.prepare({ documents: 0 }));
    const corpus = path.join(server.data, 'big.jsonl');
    const text = gunzipSync(await readFile(path.join(sample, 'corpus/kjv.jsonl.gz')));
    await writeFile(corpus, Buffer.concat(Array.from({ length: 20 }, () => text)));
    big = await server.post('/datasets', { path: corpus });
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  // Cancels and follows the job to its end. Returns how long that took.
  async function cancel(follower, jobId) {
    const start = performance.now();
    const answer = await server.request('POST', `/api/v1/jobs/${jobId}/cancel`);
    assert.equal(answer.status, 202);
    assert.ok(['cancelling', 'cancelled'].includes(answer.json.status));
    const again = await server.request('POST', `/api/v1/jobs/${jobId}/cancel`);
    assert.equal(again.status, 202, 'twice is fine');
    await follower.wait('job:status_changed', (it) => it.status === 'cancelled', 2);
    const ms = performance.now() - start;
    const ways = follower.of('job:status_changed', `jobs/${jobId}/progress`).map((it) => it.status);
    assert.deepEqual(ways.slice(-2), ['cancelling', 'cancelled']);
    assert.equal(follower.some('job:completed') || follower.some('job:failed'), false);
    const job = await server.get(`/jobs/${jobId}`);
    assert.equal(job.status, 'cancelled');
    assert.ok(job.progress < 100);
    assert.deepEqual(await processesOf(jobId), []);
    return ms;
  }

  async function assertNothingHalfWritten() {
    const left = (await filesBelow(server.data)).filter((name) => /\.tmp($|\/)|\.params\.json$/.test(name));
    assert.deepEqual(left, []);
  }

  test('never_again_5_23_tokenize_stops_and_leaves_the_corpus_and_nothing_else', async (t) => {
    const job = await server.post(`/datasets/${big.id}/tokenize`, { model_id: model.id, threads: 1 });
    const follower = await Follower.open(server.url, [`jobs/${job.id}/progress`, `datasets/${big.id}/progress`]);
    await follower.wait('dataset:progress', (it) => it.phase === 'encoding' && it.done > 0);
    t.diagnostic(`cancelled in ${(await cancel(follower, job.id)).toFixed(0)} ms`);
    const told = await follower.wait('dataset:failed');
    assert.equal(told.error_type, 'CANCELLED');
    const now = await server.get(`/datasets/${big.id}`);
    assert.equal(now.status, 'ready');
    assert.equal(now.tokens, null);
    await stat(path.join(server.data, 'big.jsonl'));
    await assertNothingHalfWritten();
    follower.close();
  });

  test('never_again_5_23_extract_stops_and_leaves_nothing', async (t) => {
    const x = await server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [3], threads: 1 });
    const follower = await Follower.open(server.url, [`jobs/${x.job_id}/progress`, `models/${model.id}/extraction`]);
    await follower.wait('extraction:progress', (it) => it.extraction_id === x.id && it.samples_processed > 0);
    t.diagnostic(`cancelled in ${(await cancel(follower, x.job_id)).toFixed(0)} ms`);
    const told = await follower.wait('extraction:failed');
    assert.equal(told.error_type, 'CANCELLED');
    const now = await server.get(`/extractions/${x.id}`);
    assert.equal(now.status, 'cancelled');
    assert.equal(now.activations_path, null);
    await assertNothingHalfWritten();
    follower.close();
  });

  test('never_again_5_23_train_stops_and_its_checkpoints_stay_whole', async (t) => {
    const { training, job_id } = await train(server, extraction, { checkpoint_every: 2, log_every: 1 });
    const follower = await Follower.open(server.url, [`jobs/${job_id}/progress`, `trainings/${training.id}/progress`, `trainings/${training.id}/checkpoints`]);
    await follower.wait('checkpoint:created', (it) => it.step >= 10);
    t.diagnostic(`cancelled in ${(await cancel(follower, job_id)).toFixed(0)} ms`);
    const told = await follower.wait('training:status_changed', (it) => it.status === 'cancelled');
    assert.equal(told.previous, 'cancelling');
    const now = await server.get(`/trainings/${training.id}`);
    assert.equal(now.status, 'cancelled');
    await assertNothingHalfWritten();
    const folder = path.join(server.data, 'trainings', training.id);
    assert.deepEqual(await readdir(folder), ['checkpoints']);
    const steps = (await readdir(path.join(folder, 'checkpoints'))).map((name) => Number(name.slice(5)));
    const rows = (await server.get(`/trainings/${training.id}/checkpoints`)).items.map((it) => it.step);
    assert.deepEqual(rows.sort((a, b) => a - b), steps.sort((a, b) => a - b));
    for (const step of steps) {
      const layer = path.join(folder, 'checkpoints', `step_${String(step).padStart(8, '0')}`, 'layer_02');
      assert.deepEqual((await readdir(layer)).sort(), ['cfg.json', 'sae_weights.safetensors', 'trainer_state.safetensors']);
      for (const name of ['sae_weights.safetensors', 'trainer_state.safetensors']) {
        const bytes = await readFile(path.join(layer, name));
        const head = Number(bytes.readBigUInt64LE(0));
        const tensors = Object.entries(JSON.parse(bytes.toString('utf8', 8, 8 + head))).filter(([key]) => key !== '__metadata__');
        assert.equal(Math.max(...tensors.map(([, it]) => it.data_offsets[1])), bytes.length - 8 - head, `${name} is whole`);
      }
    }
    assert.deepEqual(follower.unexplained(`trainings/${training.id}/progress`), []);
    follower.close();
  });

  test('a stopped process hears the cancel, too', async (t) => {
    const { training, job_id } = await train(server, extraction);
    const follower = await Follower.open(server.url, [`jobs/${job_id}/progress`, `trainings/${training.id}/progress`]);
    const task = await running(server, job_id);
    process.kill(task, 'SIGSTOP');
    await until('the task to stand still', async () => (await processState(task)) === 'T');
    t.diagnostic(`cancelled in ${(await cancel(follower, job_id)).toFixed(0)} ms`);
    follower.close();
  });

  test('a queued job is cancelled at once, a finished one is not: 409', async () => {
    const first = await train(server, extraction, { total_steps: 1000000 });
    await running(server, first.job_id);
    const second = await train(server, extraction);
    const follower = await Follower.open(server.url, [`jobs/${second.job_id}/progress`, `trainings/${second.training.id}/progress`, 'operations']);
    const answer = await server.request('POST', `/api/v1/jobs/${second.job_id}/cancel`);
    assert.equal(answer.status, 202);
    assert.equal(answer.json.status, 'cancelled');
    const told = await follower.wait('job:status_changed', (it) => it.job_id === second.job_id);
    assert.deepEqual([told.previous, told.status, told.progress], ['queued', 'cancelled', 0]);
    assert.equal((await follower.wait('training:status_changed')).status, 'cancelled');
    await follower.wait('operation:finished', (it) => it.id === second.job_id);
    await server.post(`/jobs/${first.job_id}/cancel`);
    await server.job(first.job_id, ['cancelled']);

    const third = await train(server, extraction, { total_steps: 20 });
    await server.job(third.job_id, ['completed']);
    const late = await server.request('POST', `/api/v1/jobs/${third.job_id}/cancel`);
    assert.equal(late.status, 409);
    assert.match(late.json.error.message, /completed/);
    assert.equal((await server.get(`/jobs/${third.job_id}`)).status, 'completed');
    const unknown = await server.request('POST', '/api/v1/jobs/job_nobody/cancel');
    assert.equal(unknown.status, 404);
    follower.close();
  });
});

describe('stopping in order', () => {
  test('a running training and a queued one wait for the next server', async (t) => {
    const data = await temporaryFolder();
    const server = await Server.start({ data });
    const { extraction } = await server.prepare();
    const first = await train(server, extraction);
    const task = await running(server, first.job_id);
    const second = await train(server, extraction, { total_steps: 50 });
    const follower = await Follower.open(server.url, [`jobs/${first.job_id}/progress`], { reconnection: false });
    const worker = await server.workerPid();
    const start = performance.now();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    t.diagnostic(`stopped in ${(performance.now() - start).toFixed(0)} ms`);
    await until('the socket to be closed', () => follower.breaks.length > 0);
    assert.equal(await alive(task), false);
    assert.equal(await alive(worker), false);

    await server.restart();
    const told = await server.job(first.job_id, ['running']);
    assert.equal(told.attempt, 1);
    await server.post(`/jobs/${first.job_id}/cancel`);
    await server.job(first.job_id, ['cancelled']);
    assert.equal((await server.job(second.job_id)).status, 'completed', 'what was queued is run');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    follower.close();
    await rm(data, { recursive: true, force: true });
  });
});

describe('broken files', () => {
  let server;
  let folder;
  before(async () => {
    server = await Server.start();
    folder = await temporaryFolder();
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    await rm(folder, { recursive: true, force: true });
  });

  async function copyOfModel(name) {
    const to = path.join(folder, name);
    await mkdir(to);
    for (const file of await readdir(path.join(sample, 'model'))) await copyFile(path.join(sample, 'model', file), path.join(to, file));
    return to;
  }

  test('a model that is cut off or garbage is refused at once, with the file and the place', async () => {
    const breaks = [
      ['cut', async (at) => truncate(path.join(at, 'model.safetensors'), 1000000), /model\.safetensors.*\d/],
      ['empty', async (at) => truncate(path.join(at, 'model.safetensors'), 0), /model\.safetensors/],
      ['garbage', async (at) => writeFile(path.join(at, 'model.safetensors'), Buffer.alloc(4096, 0xa5)), /model\.safetensors/],
      ['header', async (at) => writeFile(path.join(at, 'model.safetensors'), Buffer.concat([Buffer.from([16, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a":[1,2,3}    ')])), /model\.safetensors.*(line|column|byte|position)/],
      ['config', async (at) => writeFile(path.join(at, 'config.json'), '{"model_type": "gpt2",\n "n_layer": }'), /config\.json.*line 2/],
      ['none', async (at) => rm(path.join(at, 'model.safetensors')), /safetensors/],
    ];
    for (const [name, damage, message] of breaks) {
      const at = await copyOfModel(name);
      await damage(at);
      const r = await server.request('POST', '/api/v1/models', { path: at });
      assert.equal(r.status, 422, `${name}: ${r.text}`);
      assert.equal(r.json.error.field, 'path', r.text);
      assert.match(r.json.error.message, message, name);
    }
    assert.deepEqual((await server.get('/models')).items, [], 'none of them is known');
  });

  test('a model cut off after its import fails the extraction with the place', async () => {
    const at = await copyOfModel('later');
    const model = await server.post('/models', { path: at });
    const { dataset } = await server.importSample();
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, max_documents: 20 });
    assert.equal((await server.job(job.id)).status, 'completed');
    await truncate(path.join(at, 'model.safetensors'), 1000000);
    const x = await server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [1], max_samples: 8 });
    const failed = await server.job(x.job_id);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error_type, 'VALIDATION', failed.error_message);
    assert.match(failed.error_message, /model\.safetensors.*\d/);
    assert.equal((await server.get(`/extractions/${x.id}`)).status, 'failed');
    assert.deepEqual((await filesBelow(server.data)).filter((name) => /\.tmp($|\/)/.test(name)), []);
  });

  test('a broken line of a corpus is named by its number', async () => {
    const model = await server.post('/models', { path: path.join(sample, 'model') });
    const corpus = path.join(folder, 'broken.jsonl');
    const lines = Array.from({ length: 400 }, (_, i) => JSON.stringify({ text: `line ${i + 1}` }));
    lines[316] = '{"text": "no end';
    await writeFile(corpus, lines.join('\n') + '\n');
    const dataset = await server.post('/datasets', { path: corpus });
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
    const failed = await server.job(job.id);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error_type, 'VALIDATION', failed.error_message);
    assert.match(failed.error_message, /broken\.jsonl.*317/);
    assert.ok(failed.progress < 100);
    assert.equal((await server.get(`/datasets/${dataset.id}`)).status, 'failed');

    // Mended, it goes through: retrying needs no new import.
    lines[316] = JSON.stringify({ text: 'an end' });
    await writeFile(corpus, lines.join('\n') + '\n');
    const retry = await server.post(`/jobs/${job.id}/retry`);
    assert.equal(retry.retry_of, job.id);
    assert.equal((await server.job(retry.id)).status, 'completed');
    assert.equal((await server.get(`/datasets/${dataset.id}`)).documents, 400);
  });

  test('a corpus that has gone is NOT_FOUND, with its path', async () => {
    const model = await server.post('/models', { path: path.join(sample, 'model') });
    const corpus = path.join(folder, 'gone.txt');
    await writeFile(corpus, 'some text\n');
    const dataset = await server.post('/datasets', { path: corpus });
    await rm(corpus);
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
    const failed = await server.job(job.id);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error_type, 'NOT_FOUND', failed.error_message);
    assert.match(failed.error_message, /gone\.txt/);
  });

  test('activations cut off before a training fail it with the file', async () => {
    const { extraction } = await server.prepare({ documents: 20, samples: 16 });
    const shard = (await filesBelow(extraction.activations_path)).find((name) => name.endsWith('.safetensors'));
    await truncate(path.join(extraction.activations_path, shard), 5000);
    const { job_id } = await train(server, extraction, { total_steps: 20, batch_size: 32 });
    const failed = await server.job(job_id);
    assert.equal(failed.status, 'failed');
    assert.equal(failed.error_type, 'VALIDATION', failed.error_message);
    assert.match(failed.error_message, /shard_00000\.safetensors.*\d/);
  });
});
