// concurrent_training, concurrent_extraction: nothing crosses between jobs that run at once. What each leaves — its curve, its
// files, its result — is compared with what the same job leaves when it runs alone, bit for bit.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Follower } from './lib/follower.mjs';
import { Server, sample, until } from './lib/headway.mjs';
import { taskOf } from './lib/processes.mjs';

const train = { n_features: 256, k: 16, batch_size: 256, total_steps: 600, log_every: 10, checkpoint_every: 200, threads: 1 };

describe('concurrency', () => {
  let server;
  let models; // the sample twice: a model each for two extractions
  let dataset;
  let extraction;
  before(async () => {
    server = await Server.start({ args: ['--slots', 'cpu=5'] });
    const ready = await server.prepare({ documents: 500, samples: 128, layers: [1, 2] });
    ({ dataset, extraction } = ready);
    models = [ready.model, await server.post('/models', { path: path.join(sample, 'model'), name: 'another' })];
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  const trainings = () => [
    { kind: 'train_sae', params: { ...train, extraction_id: extraction.id, layers: [1], seed: 1 } },
    { kind: 'train_sae', params: { ...train, extraction_id: extraction.id, layers: [2], seed: 2, architecture: 'standard', total_steps: 500 } },
    { kind: 'train_sae', params: { ...train, extraction_id: extraction.id, layers: [1, 2], seed: 3, n_features: 128, total_steps: 400 } },
  ];
  const extractions = () => [
    { kind: 'extract', params: { model_id: models[0].id, dataset_id: dataset.id, layers: [3], max_samples: 400, threads: 1 } },
    { kind: 'extract', params: { model_id: models[1].id, dataset_id: dataset.id, layers: [2, 3], hooks: ['residual', 'mlp'], max_samples: 321, threads: 1 } },
  ];

  // Everything in the job's folder by its path there; what names the job or the time is left out.
  async function hashes(folder) {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const all = names.filter((it) => it.isFile()).map((it) => path.relative(folder, path.join(it.parentPath ?? it.path, it.name)));
    const kept = all.filter((it) => !['summary.json', 'metadata.json'].includes(it)).sort();
    return Promise.all(kept.map(async (it) => [it, createHash('sha256').update(await readFile(path.join(folder, it))).digest('hex')]));
  }

  const timeless = (value) => {
    if (Array.isArray(value)) return value.map(timeless);
    if (value === null || typeof value !== 'object') return value;
    const out = Object.entries(value).filter(([key]) => !/_path$|per_second$|^seconds$/.test(key));
    return Object.fromEntries(out.map(([key, it]) => [key, timeless(it)]));
  };

  async function leftBy(submitted) {
    const job = await server.job(submitted.id, undefined, 120);
    assert.equal(job.status, 'completed', job.error_message);
    if (job.kind === 'extract') {
      const row = await server.get(`/extractions/${job.entity_id}`);
      const { sets } = JSON.parse(await readFile(path.join(row.activations_path, 'metadata.json'), 'utf8'));
      return { job, row: [row.status, row.rows, row.vectors, row.layers], result: timeless(job.result), sets, files: await hashes(row.activations_path) };
    }
    const row = await server.get(`/trainings/${job.entity_id}`);
    const { items } = await server.get(`/trainings/${row.id}/metrics?layer=*`);
    const curve = items.map(({ timestamp, samples_per_second, gpu_memory_used_mb, ...rest }) => JSON.stringify({ ...rest, training_id: undefined }));
    const checkpoints = (await server.get(`/trainings/${row.id}/checkpoints`)).items.map(({ step, loss, is_best, size_bytes }) => [step, loss, is_best, size_bytes]);
    assert.ok(curve.length > 30 && checkpoints.length >= 2);
    return { job, row: [row.status, row.current_step, row.final_loss, row.layers, row.n_features], result: timeless(job.result), curve, checkpoints, files: await hashes(row.output_path) };
  }

  const submit = (it) => server.post('/jobs', it);
  const same = (one, other) => {
    for (const key of Object.keys(one).filter((it) => it !== 'job')) assert.deepEqual(other[key], one[key], `${one.job.kind}: ${key}`);
    assert.ok(one.files.length > 0);
  };
  const atOnce = (jobs) => Math.max(...jobs.map((it) => Date.parse(it.started_at))) < Math.min(...jobs.map((it) => Date.parse(it.finished_at)));

  test('concurrent_training, concurrent_extraction: three trainings and two extractions at once leave what each leaves alone', async () => {
    const kinds = [...trainings(), ...extractions()];
    const alone = [];
    for (const it of kinds) alone.push(await leftBy(await submit(it)));
    assert.notDeepEqual(alone[0].curve, alone[1].curve);

    const follower = await Follower.open(server.url, models.map((it) => `models/${it.id}/extraction`));
    const jobs = await Promise.all(kinds.map(submit));
    const ours = jobs.filter((it) => it.entity_type === 'training');
    const watching = await Follower.open(server.url, [...jobs.map((it) => `jobs/${it.id}/progress`), ...ours.flatMap((it) => [`trainings/${it.entity_id}/progress`, `trainings/${it.entity_id}/checkpoints`])]);
    const together = await Promise.all(jobs.map(leftBy));
    for (const [i, it] of together.entries()) same(alone[i], it);
    assert.ok(atOnce(together.slice(0, 3).map((it) => it.job)), 'the trainings ran at once');
    assert.ok(atOnce(together.slice(3).map((it) => it.job)), 'and the extractions');

    // Each event on the channel of its own id, and each channel whole.
    for (const { data } of [...watching.got, ...follower.got]) {
      const [type, id] = data?.channel?.split('/') ?? [];
      const told = { jobs: data?.job_id, trainings: data?.training_id, models: data?.model_id }[type];
      if (told !== undefined) assert.equal(told, id, data.channel);
    }
    for (const [i, it] of jobs.slice(3).entries()) {
      await follower.wait('extraction:completed', (event) => event.extraction_id === it.entity_id && event.model_id === models[i].id);
      const channel = `models/${models[i].id}/extraction`;
      assert.ok(follower.of('extraction:progress', channel).every((event) => event.extraction_id === it.entity_id));
    }
    for (const it of ours) await watching.wait('training:completed', (event) => event.training_id === it.entity_id);
    for (const one of [watching, follower]) {
      for (const channel of one.channels) assert.deepEqual(one.unexplained(channel), [], channel);
      one.close();
    }
  });

  test('concurrent_training: a failure and a retry in the middle leave the two beside it as they are alone', async () => {
    const [first, second, third] = trainings();
    const alone = [await leftBy(await submit(first)), await leftBy(await submit(third))];
    const jobs = await Promise.all([submit(first), submit({ ...second, params: { ...second.params, total_steps: 1000000 } }), submit(third)]);
    const broken = jobs[1];
    const follower = await Follower.open(server.url, [`trainings/${broken.entity_id}/progress`]);
    await follower.wait('training:progress', (it) => it.current_step > 20);
    process.kill(await taskOf(broken.id), 'SIGKILL');
    await follower.wait('training:failed');
    const retry = await server.post(`/jobs/${broken.id}/retry`, { params: { total_steps: 100 } });
    assert.equal(retry.entity_id, broken.entity_id);
    same(alone[0], await leftBy(jobs[0]));
    same(alone[1], await leftBy(jobs[2]));
    assert.equal((await server.job(retry.id)).status, 'completed');
    const row = await server.get(`/trainings/${broken.entity_id}`);
    assert.deepEqual([row.status, row.job_id, row.current_step], ['completed', retry.id, 100]);
    for (const it of [jobs[0], jobs[2]]) assert.equal((await server.get(`/jobs/${it.id}`)).attempt, 1);
    follower.close();
  });

  test('concurrent_extraction: retrying one does not touch the other', async () => {
    const kinds = extractions();
    const alone = await leftBy(await submit(kinds[1]));
    const follower = await Follower.open(server.url, models.map((it) => `models/${it.id}/extraction`));
    const [broken, other] = await Promise.all(kinds.map(submit));
    await follower.wait('extraction:progress', (it) => it.extraction_id === broken.entity_id && it.samples_processed > 0);
    process.kill(await taskOf(broken.id), 'SIGKILL');
    const failed = await follower.wait('extraction:failed');
    assert.deepEqual([failed.extraction_id, failed.model_id, failed.retry_available], [broken.entity_id, models[0].id, true]);
    const retry = await server.post(`/jobs/${broken.id}/retry`, { params: { max_samples: 64 } });
    same(alone, await leftBy(other));
    assert.equal((await server.get(`/jobs/${other.id}`)).attempt, 1);
    assert.equal((await server.job(retry.id)).status, 'completed');
    await until('both rows', async () => (await Promise.all([broken, other].map((it) => server.get(`/extractions/${it.entity_id}`)))).every((it) => it.status === 'completed'));
    assert.equal((await server.get(`/extractions/${broken.entity_id}`)).rows, 64);
    const channel = `models/${models[1].id}/extraction`;
    assert.deepEqual([follower.of('extraction:failed', channel).length, follower.unexplained(channel)], [0, []]);
    follower.close();
  });
});
