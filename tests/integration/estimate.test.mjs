// What a training would take, and small curves of many: asked of the real server, held against what runs then really took.
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server } from './lib/headway.mjs';

const shape = { layers: [1], n_features: 512, k: 16, batch_size: 256, threads: 1, log_every: 20, checkpoint_every: 400 };

async function bytesBelow(folder) {
  let sum = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) sum += (await stat(path.join(entry.parentPath ?? entry.path, entry.name))).size;
  }
  return sum;
}

describe('what a training would take', () => {
  let server, extraction;
  before(async () => {
    server = await Server.start();
    extraction = (await server.prepare({ layers: [1, 2] })).extraction.id;
  });
  after(async () => {
    await server.stop();
  });

  const estimate = (changes = {}) => server.post('/trainings/estimate', { extraction_id: extraction, ...changes });
  const refusal = async (changes) => {
    const r = await server.request('POST', '/api/v1/trainings/estimate', { extraction_id: extraction, ...changes });
    assert.equal(r.status, 422, r.text);
    return r.json.error;
  };

  test('it creates nothing, and says the defaults', async () => {
    const it = await estimate();
    assert.equal(it.params.total_steps, 1500);
    assert.deepEqual(it.params.layers, [1, 2]);
    assert.equal(it.fits, true);
    assert.equal(it.suggestion, null);
    assert.ok(it.memory_available_bytes > it.memory_bytes && it.disk_free_bytes > it.disk_bytes);
    assert.deepEqual([it.basis.layers, it.basis.checkpoints], [2, 3]);
    assert.deepEqual((await server.get('/trainings')).items, []);
    assert.deepEqual((await server.get('/jobs?kind=train_sae')).items, []);
  });

  test('it refuses what creating refuses, with the same words and field', async () => {
    for (const bad of [{ k: 4096 }, { n_features: 0 }, { layers: [7] }, { extraction_id: 'ext_nobody' }, { bogus: 1 }, { priority: 5000 }]) {
      const told = await refusal(bad);
      const created = await server.request('POST', '/api/v1/trainings', { extraction_id: extraction, ...bad });
      assert.equal(created.status, 422);
      assert.deepEqual(told, created.json.error);
      assert.equal(told.field, Object.keys(bad)[0]);
    }
  });

  test('what is too much for this host is said, with the value that would fit', async () => {
    // 256 threads, each with room for every feature: terabytes.
    const much = { architecture: 'standard', threads: 256, n_features: 16777216, total_steps: 10, checkpoint_every: 10 };
    const told = await estimate(much);
    assert.equal(told.fits, false);
    assert.match(told.reason, /iB of memory/);
    assert.equal(told.suggestion.field, 'n_features', JSON.stringify(told));
    assert.equal((await estimate({ ...much, n_features: told.suggestion.value })).fits, true);
    const often = await estimate({ total_steps: 1e9, checkpoint_every: 1, log_every: 1e6 });
    assert.equal(often.fits, false);
    assert.equal(often.suggestion.field, 'checkpoint_every');
    const enough = await estimate({ total_steps: 1e9, log_every: 1e6, [often.suggestion.field]: often.suggestion.value });
    assert.equal(enough.fits, true, JSON.stringify(enough));
  });

  test('no time is told before a run of like size has completed, then what it took is within it', async () => {
    const asked = { ...shape, total_steps: 8000 };
    const before = await estimate(asked);
    assert.equal(before.seconds, null);
    assert.match(before.basis.seconds, /no run of like size/);
    const training = await server.post('/trainings', { extraction_id: extraction, ...asked });
    await server.job(training.job_id);
    const { result, output_path: folder } = await server.get(`/trainings/${training.id}`);
    assert.ok(result.seconds >= 1, `a run too short to judge by: ${result.seconds} s`);
    const then = await estimate(asked);
    assert.deepEqual(then.basis.runs, [training.id]);
    assert.ok(then.seconds.low < result.seconds && result.seconds < then.seconds.high, JSON.stringify([then.seconds, result.seconds]));
    // Twice the steps, twice the time; another size: not known.
    const longer = await estimate({ ...asked, total_steps: 16000 });
    assert.ok(Math.abs(longer.seconds.low - 2 * then.seconds.low) < 0.11);
    assert.equal((await estimate({ ...asked, n_features: 4096 })).seconds, null);
    assert.equal((await estimate({ ...asked, threads: 2 })).seconds, null);
    // And what it wrote is what was told.
    const wrote = await bytesBelow(folder);
    assert.ok(wrote <= then.disk_bytes && wrote > 0.9 * then.disk_bytes, `${wrote} bytes of ${then.disk_bytes}`);
  });

  test('small curves of several trainings come in one call, with the ends and extremes', async () => {
    const { items } = await server.get('/trainings');
    const full = (await server.get(`/trainings/${items[0].id}/metrics`)).items;
    const { metric, items: curves } = await server.get(`/trainings/curves?ids=${items[0].id},trn_nobody&max_points=20`);
    assert.equal(metric, 'loss');
    assert.equal(curves.length, 1);
    const [{ training_id: id, steps, values }] = curves;
    assert.equal(id, items[0].id);
    assert.ok(steps.length > 8 && steps.length <= 20, `${steps.length} points`);
    assert.deepEqual(steps, [...steps].sort((a, b) => a - b));
    const near = (a, b) => Math.abs(a - b) <= 1e-5 * Math.abs(b);
    assert.ok(near(Math.max(...values), Math.max(...full.map((row) => row.loss))));
    assert.ok(near(Math.min(...values), Math.min(...full.map((row) => row.loss))));
    for (const [i, step] of steps.entries()) assert.ok(near(values[i], full.find((row) => row.step === step).loss));
    for (const [query, field] of [['', 'ids'], ['ids=a&metric=joy', 'metric'], ['ids=a&max_points=1', 'max_points'], [`ids=${Array(101).fill('a')}`, 'ids']]) {
      const r = await server.request('GET', `/api/v1/trainings/curves?${query}`);
      assert.equal(r.status, 422, r.text);
      assert.equal(r.json.error.field, field);
    }
  });

  test('where nobody would take it, whether it fits is not known', async () => {
    const it = await estimate({ queue: 'nights' });
    assert.deepEqual([it.fits, it.memory_available_bytes], [null, null]);
    assert.match(it.basis.memory, /no worker/);
  });
});
