// The whole pipeline as a user runs it, through the queue, on the sample model and corpus.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server } from './lib/headway.mjs';

let server;
before(async () => {
  server = await Server.start();
});
after(async () => {
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test('tokenize, extract and train run as real jobs, and their results fit together', async () => {
  const { model, dataset } = await server.importSample();
  assert.equal(model.architecture, 'gpt2');
  assert.equal(model.n_layers, 4);
  assert.equal(model.width, 128);
  assert.equal(model.has_tokenizer, true);
  assert.equal(dataset.status, 'ready');
  assert.equal(dataset.tokens, null, 'unknown until it is tokenized, not 0');

  const submitted = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  assert.equal(submitted.status, 'queued');
  assert.equal(submitted.progress, 0);
  const tokenized = await server.job(submitted.id);
  assert.equal(tokenized.status, 'completed', tokenized.error_message);
  assert.equal(tokenized.progress, 100);
  assert.equal(tokenized.result.tokens, 1036491);
  assert.equal(tokenized.result.sha256, 'c1af9389c6f32083733f6d27eee4da2bd7f9528ca316843d314ada85aa656aea');
  const known = await server.get(`/datasets/${dataset.id}`);
  assert.equal(known.status, 'tokenized');
  assert.equal(known.tokens, 1036491);
  assert.equal(known.documents, 1189);

  const extraction = await server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [1, 2], hooks: ['residual'], max_samples: 100 });
  assert.equal(extraction.status, 'queued');
  const extracted = await server.job(extraction.job_id);
  assert.equal(extracted.status, 'completed', extracted.error_message);
  const done = await server.get(`/extractions/${extraction.id}`);
  assert.equal(done.status, 'completed');
  assert.equal(done.vectors, 12800);
  assert.equal(done.width, 128);

  const training = await server.post('/trainings', { extraction_id: extraction.id, n_features: 256, k: 16, total_steps: 120, batch_size: 256, checkpoint_every: 50 });
  const trained = await server.job(training.job_id);
  assert.equal(trained.status, 'completed', trained.error_message);
  const final = await server.get(`/trainings/${training.id}`);
  assert.equal(final.status, 'completed');
  assert.equal(final.progress, 100);
  assert.deepEqual(final.layers, [1, 2], 'every layer extracted, when none was named');
  assert.ok(final.explained_variance > 0.3, `explained variance ${final.explained_variance}`);

  const { items } = await server.get(`/trainings/${training.id}/metrics?layer=*`);
  const keys = items.map((row) => `${row.step}/${row.layer_idx}`);
  assert.equal(new Set(keys).size, keys.length, 'no row twice');
  for (const layer of [1, 2, null]) {
    const steps = items.filter((row) => row.layer_idx === layer).map((row) => row.step);
    assert.ok(steps.length >= 12, `rows of layer ${layer}: ${steps.length}`);
    assert.deepEqual(steps, [...steps].sort((a, b) => a - b));
  }
  const checkpoints = (await server.get(`/trainings/${training.id}/checkpoints`)).items;
  assert.ok(checkpoints.length >= 2);
  for (const checkpoint of checkpoints) {
    const config = JSON.parse(await readFile(path.join(checkpoint.storage_path, `layer_0${final.layers[0]}`, 'cfg.json'), 'utf8'));
    assert.equal(config.d_in, 128);
    assert.equal(config.d_sae, 256);
  }
  const left = (await readdir(final.output_path)).filter((name) => name.includes('.tmp'));
  assert.deepEqual(left, [], 'nothing half-written stays');
});

test('two kinds at once keep their own progress and ids', async () => {
  const { model, dataset } = await server.importSample();
  const a = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, name: 'a', max_documents: 50 });
  const again = await server.request('POST', `/api/v1/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  assert.equal(again.status, 409, 'the same dataset is not tokenized twice at once');
  const job = await server.job(a.id);
  assert.equal(job.status, 'completed', job.error_message);
  assert.equal(job.name, 'a');
});

test('never_again_17_a_repeated_submission_makes_one_job', async () => {
  const { model, dataset } = await server.importSample();
  const body = { model_id: model.id, max_documents: 5, idempotency_key: `key-${dataset.id}` };
  const first = await server.request('POST', `/api/v1/datasets/${dataset.id}/tokenize`, body);
  const finished = await server.job(first.json.id);
  const second = await server.request('POST', `/api/v1/datasets/${dataset.id}/tokenize`, body);
  assert.equal(first.status, 201);
  assert.equal(second.status, 200);
  assert.equal(second.json.id, finished.id);
});

test('never_again_18_what_can_not_work_is_refused_at_once_with_the_field', async () => {
  const { model, dataset } = await server.importSample();
  const cases = [
    ['/models', { path: '/nonexistent/model' }, 'path'],
    ['/models', { path: 'relative' }, 'path'],
    ['/datasets', { path: 7 }, 'path'],
    [`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [2] }, 'dataset_id'], // not tokenized
    [`/models/${model.id}/extractions`, { dataset_id: 'dst_none', layers: [2] }, 'dataset_id'],
    [`/models/${model.id}/extractions`, { dataset_id: dataset.id }, 'layers'],
    [`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [2], hooks: ['nothing'] }, 'hooks'],
    [`/datasets/${dataset.id}/tokenize`, {}, 'model_id'],
    [`/datasets/${dataset.id}/tokenize`, { model_id: model.id, thread: 2 }, 'thread'],
    ['/trainings', { extraction_id: 'ext_none' }, 'extraction_id'],
    ['/trainings', {}, 'extraction_id'],
    ['/trainings', { extraction_id: 'ext_none', learning_rate: 'fast' }, 'learning_rate'],
    ['/trainings', { extraction_id: 'ext_none', total_steps: 0 }, 'total_steps'],
    ['/jobs', { kind: 'dance' }, 'kind'],
  ];
  for (const [pathname, body, field] of cases) {
    const r = await server.request('POST', `/api/v1${pathname}`, body);
    assert.equal(r.status, 422, `${pathname} ${JSON.stringify(body)}: ${r.status} ${r.text}`);
    assert.equal(r.json.error.field, field, r.text);
    assert.ok(r.json.error.message.length > 10, r.text);
  }
});
