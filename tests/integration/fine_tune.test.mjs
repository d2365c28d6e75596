// fine_tune as a user runs it: the sample model on the last chapters of its corpus, which it was not trained on.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Follower } from './lib/follower.mjs';
import { Server, headway, sample } from './lib/headway.mjs';
import { processesOf } from './lib/processes.mjs';

const params = { total_steps: 40, batch_size: 8, holdout_samples: 48, warmup_steps: 5, log_every: 5, checkpoint_every: 20, learning_rate: 0.002, threads: 1 };

describe('fine_tune', () => {
  let server, model, dataset, long;
  before(async () => {
    server = await Server.start({ args: ['--slots', 'cpu=2'] });
    const corpus = path.join(server.data, 'unseen.jsonl');
    const lines = gunzipSync(await readFile(path.join(sample, 'corpus/kjv.jsonl.gz'))).toString().trim().split('\n');
    await writeFile(corpus, `${lines.slice(-120).join('\n')}\n`);
    model = await server.post('/models', { path: path.join(sample, 'model') });
    dataset = await server.post('/datasets', { path: corpus });
    const tokenize = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
    assert.equal((await server.job(tokenize.id)).status, 'completed');
    long = { ...params, context_length: 32, total_steps: 1000000, checkpoint_every: 1000000 };
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  const submit = (changes = {}) => server.post('/jobs', { kind: 'fine_tune', params: { model_id: model.id, dataset_id: dataset.id, ...params, ...changes } });
  const follow = (job) => Follower.open(server.url, [`trainings/${job.entity_id}/progress`, `trainings/${job.entity_id}/checkpoints`, `jobs/${job.id}/progress`]);
  const curve = async (job) => (await server.get(`/trainings/${job.entity_id}/metrics`)).items.map(({ step, loss, grad_norm, learning_rate, extra }) => [step, loss, grad_norm, learning_rate, extra?.held_out_loss ?? null]);
  const hash = async (job) => (await readFile(path.join(job.result.model_path, 'model.safetensors'))).toString('base64');

  test('held-out loss falls, the curve is a training\'s, and the result is a model to extract from', async () => {
    const submitted = await submit();
    assert.deepEqual([submitted.kind, submitted.entity_type, submitted.status], ['fine_tune', 'training', 'queued']);
    const follower = await follow(submitted);
    const done = await follower.wait('training:completed', () => true, 60);
    const job = await server.get(`/jobs/${submitted.id}`);
    assert.equal(job.status, 'completed', job.error_message);
    const { held_out_loss_before: first, final_loss: last } = job.result;
    assert.ok(first > 3.8 && last < first - 0.01, `${first} nats a token before, ${last} after`);
    assert.equal(done.final_loss, last);

    const training = await server.get(`/trainings/${submitted.entity_id}`);
    assert.deepEqual([training.status, training.current_step, training.total_steps, training.progress, training.layers, training.extraction_id], ['completed', 40, 40, 100, [], null]);
    assert.equal(training.learning_rate, params.learning_rate);
    const rows = await curve(submitted);
    assert.deepEqual(rows.map((it) => it[0]), [1, 5, 10, 15, 20, 25, 30, 35, 40]);
    assert.ok(rows.every((it) => it[1] > 2 && it[1] < 6));
    assert.equal(rows.at(-1)[4], last, 'the held-out loss is on the curve');
    const checkpoints = (await server.get(`/trainings/${submitted.entity_id}/checkpoints`)).items;
    assert.deepEqual(checkpoints.map((it) => it.step).sort((a, b) => a - b), [20, 40]);
    for (const it of checkpoints) assert.equal((await stat(it.storage_path)).size, it.size_bytes);
    const percents = follower.of('training:progress').map((it) => it.progress);
    assert.deepEqual(percents, [...percents].sort((a, b) => a - b));
    for (const channel of follower.channels) assert.deepEqual(follower.unexplained(channel), []);
    follower.close();

    const tuned = await server.post('/models', { path: job.result.model_path, name: 'tuned' });
    assert.deepEqual([tuned.n_layers, tuned.width, tuned.vocab_size, tuned.has_tokenizer], [4, 128, 4096, true]);
    const extraction = await server.post(`/models/${tuned.id}/extractions`, { dataset_id: dataset.id, layers: [3], max_samples: 8 });
    assert.equal((await server.job(extraction.job_id)).status, 'completed');
    // And to tune once more: it begins where it ended.
    const again = await server.job((await submit({ model_id: tuned.id, total_steps: 1, learning_rate: 1e-12 })).id);
    assert.ok(Math.abs(again.result.held_out_loss_before - last) < 1e-4, again.error_message ?? `${again.result.held_out_loss_before}, not ${last}`);
  });

  test('paused and resumed it has the curve and the model of one that never was', async () => {
    const changes = { total_steps: 120, batch_size: 4, log_every: 7, context_length: 32, checkpoint_every: 30 };
    const [whole, broken] = await Promise.all([submit(changes), submit(changes)]);
    const follower = await follow(broken);
    for (const at of [3, 50]) {
      await follower.wait('training:progress', (it) => it.current_step >= at);
      const told = follower.of('job:status_changed').length;
      await server.post(`/jobs/${broken.id}/pause`);
      await follower.wait('job:status_changed', (it) => it.status === 'paused' && follower.of('job:status_changed').indexOf(it) >= told);
      assert.deepEqual(await processesOf(broken.id), []);
      await server.post(`/jobs/${broken.id}/resume`);
    }
    const [one, two] = await Promise.all([whole, broken].map((it) => server.job(it.id)));
    assert.deepEqual([one.status, two.status, two.attempt], ['completed', 'completed', 1]);
    const rows = [await curve(whole), await curve(broken)];
    assert.ok(rows[0].length > 17);
    assert.deepEqual(rows[1], rows[0]);
    assert.equal(await hash(two), await hash(one), 'bit for bit');
    assert.equal(two.result.held_out_loss_before, one.result.held_out_loss_before);
    follower.close();
  });

  test('a stop finishes early with a model; a cancel leaves none, and its checkpoints', async () => {
    const early = await submit(long);
    const cancelled = await submit({ ...long, checkpoint_every: 2 });
    const follower = await follow(early);
    const other = await follow(cancelled);
    await follower.wait('training:progress', (it) => it.current_step > 1);
    await server.post(`/jobs/${early.id}/stop`);
    const job = await server.job(early.id);
    assert.deepEqual([job.status, job.result.stopped_early], ['completed', true], job.error_message);
    const training = await server.get(`/trainings/${early.entity_id}`);
    assert.equal(training.current_step, job.result.steps);
    assert.ok(job.result.steps > 1 && job.result.steps < 1000000);
    await stat(path.join(job.result.model_path, 'model.safetensors'));

    const checkpoint = await other.wait('checkpoint:created');
    await server.post(`/jobs/${cancelled.id}/cancel`);
    await server.job(cancelled.id, ['cancelled']);
    assert.deepEqual(await processesOf(cancelled.id), []);
    assert.equal((await stat(checkpoint.storage_path)).size, checkpoint.size_bytes);
    await assert.rejects(stat(path.join(server.data, 'trainings', cancelled.entity_id, 'model')));
    await assert.rejects(stat(path.join(server.data, 'trainings', cancelled.entity_id, 'model.tmp')));
    follower.close();
    other.close();
  });

  test('never_again_18_what_can_not_work_is_refused_at_once_with_the_field', async () => {
    const raw = await server.post('/datasets', { path: path.join(sample, 'corpus/kjv.jsonl.gz') });
    for (const [changes, field] of [
      [{ dataset_id: raw.id }, 'dataset_id'], // not tokenized
      [{ dataset_id: 'dst_none' }, 'dataset_id'],
      [{ model_id: 'mdl_none' }, 'model_id'],
      [{ context_length: 257 }, 'context_length'],
      [{ rank: 129 }, 'rank'],
      [{ holdout_samples: 1000 }, 'holdout_samples'],
      [{ batch_size: 0 }, 'batch_size'],
      [{ layers: [1] }, 'layers'],
    ]) {
      const body = { kind: 'fine_tune', params: { model_id: model.id, dataset_id: dataset.id, ...params, ...changes } };
      const r = await server.request('POST', '/api/v1/jobs', body);
      assert.deepEqual([r.status, r.json?.error?.field], [422, field], r.text);
    }
  });

  test('headway finetune submits one and follows it', async () => {
    const child = spawn(headway, ['finetune', model.id, dataset.id, '--total-steps', '3', '--holdout-samples', '8', '--rank', '2', '--name', 'by hand', '--server', server.url]);
    let out = '';
    child.stdout.on('data', (bytes) => (out += bytes));
    child.stderr.on('data', (bytes) => (out += bytes));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(code, 0, out);
    const [job] = (await server.get('/jobs?kind=fine_tune&limit=1')).items;
    assert.deepEqual([job.name, job.status, job.params.rank, job.params.total_steps], ['by hand', 'completed', 2, 3]);
  });
});
