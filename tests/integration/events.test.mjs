// websocket_emission, concurrent_training, concurrent_extraction: the row is there and the event arrived, for real jobs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { Follower } from './lib/follower.mjs';
import { Server, until } from './lib/headway.mjs';
import { taskOf } from './lib/processes.mjs';

const common = ['channel', 'epoch', 'seq', 'ts'];
// The contract's fields of each event, beside the common ones.
const fields = {
  'training:progress': ['training_id', 'current_step', 'total_steps', 'progress', 'loss', 'l0_sparsity', 'l1_sparsity', 'dead_neurons', 'explained_variance', 'learning_rate', 'grad_norm', 'samples_per_second', 'eta_seconds', 'eta_low', 'eta_high', 'layers'],
  'training:status_changed': ['training_id', 'status', 'previous', 'current_step', 'progress'],
  'training:completed': ['training_id', 'progress', 'final_loss', 'duration_seconds'],
  'training:failed': ['training_id', 'progress', 'error_type', 'error_message', 'suggested_retry_params'],
  'checkpoint:created': ['training_id', 'checkpoint_id', 'step', 'loss', 'is_best', 'storage_path', 'size_bytes'],
  'extraction:progress': ['model_id', 'extraction_id', 'phase', 'progress', 'samples_processed', 'samples_total', 'samples_per_second', 'eta_seconds', 'message'],
  'job:progress': ['job_id', 'kind', 'status', 'phase', 'phase_index', 'phase_count', 'progress', 'done', 'total', 'unit', 'rate', 'eta_seconds', 'message'],
  'log:lines': ['job_id', 'lines'],
  'job:resources': ['job_id', 'source', 'processes', 'cpu_percent', 'rss_bytes', 'read_bytes_per_s', 'write_bytes_per_s', 'gpus'],
};

function assertFields(name, data) {
  assert.deepEqual(Object.keys(data).sort(), [...fields[name], ...common].sort(), name);
  assert.match(data.ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
}

// Exactly these and every one a percentage: never 0 to 1.
function assertPercents(values, { last }) {
  assert.deepEqual(values, [...values].sort((a, b) => a - b), 'never backwards');
  assert.ok(values.every((it) => it >= 0 && it <= 100));
  assert.equal(values.at(-1), last);
}

const small = { n_features: 256, k: 16, batch_size: 256, total_steps: 300, log_every: 10, checkpoint_every: 100 };
const long = { ...small, total_steps: 1000000, log_every: 100, checkpoint_every: 1000000 };

describe('websocket_emission', () => {
  let server;
  before(async () => {
    server = await Server.start({ args: ['--slots', 'cpu=3,io=2'] });
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('emit_dataset_progress_flow', async () => {
    const { model, dataset } = await server.importSample();
    const follower = await Follower.open(server.url, [`datasets/${dataset.id}/progress`, 'operations']);
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
    const done = await follower.wait('dataset:completed');
    const row = await server.get(`/datasets/${dataset.id}`);
    assert.equal(row.status, 'tokenized', 'the row was written before the event was sent');
    assert.equal((await server.get(`/jobs/${job.id}`)).status, 'completed');
    assert.equal(done.dataset_id, dataset.id);
    assert.equal(done.operation, 'tokenize');
    for (const event of follower.of('dataset:progress')) {
      for (const field of ['dataset_id', 'operation', 'phase', 'progress', 'done', 'total', 'rate', 'eta_seconds', ...common]) assert.ok(field in event, field);
    }
    assertPercents([...follower.of('dataset:progress'), done].map((it) => it.progress), { last: 100 });
    assert.deepEqual(follower.unexplained(`datasets/${dataset.id}/progress`), []);
    await follower.wait('operation:created', (it) => it.id === job.id);
    await follower.wait('operation:finished', (it) => it.id === job.id && it.status === 'completed');
    follower.close();
  });

  test('emit_extraction_progress_flow', async () => {
    const { model, dataset } = await server.prepare({ documents: 200, samples: 8 });
    const follower = await Follower.open(server.url, [`models/${model.id}/extraction`]);
    const x = await server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [1, 2], max_samples: 256 });
    const done = await follower.wait('extraction:completed', (it) => it.extraction_id === x.id);
    const row = await server.get(`/extractions/${x.id}`);
    assert.equal(row.status, 'completed');
    assert.equal(row.rows, 256);
    const progress = follower.of('extraction:progress').filter((it) => it.extraction_id === x.id);
    for (const event of [...progress, done]) assertFields('extraction:progress', event);
    assert.ok(progress.some((it) => it.phase === 'extracting' && it.samples_total === 256 && it.progress >= 10 && it.progress <= 90));
    assertPercents([...progress, done].map((it) => it.progress), { last: 100 });
    assert.deepEqual(follower.unexplained(`models/${model.id}/extraction`), []);
    follower.close();
  });

  test('emit_training_progress_flow', async () => {
    const { extraction } = await server.prepare();
    const training = await server.post('/trainings', { extraction_id: extraction.id, ...small });
    const channels = ['progress', 'checkpoints'].map((it) => `trainings/${training.id}/${it}`);
    channels.push(...['progress', 'logs', 'resources'].map((it) => `jobs/${training.job_id}/${it}`));
    const follower = await Follower.open(server.url, channels);
    const done = await follower.wait('training:completed');
    const row = await server.get(`/trainings/${training.id}`);
    assert.equal(row.status, 'completed');
    assert.equal(row.progress, 100);
    assert.equal(row.current_step, small.total_steps);
    assert.equal(row.final_loss, done.final_loss);
    await follower.wait('job:completed');
    const progress = follower.of('training:progress');
    for (const [name] of Object.entries(fields)) for (const event of follower.of(name)) assertFields(name, event);
    assert.ok(progress.length > 0);
    const withLoss = progress.filter((it) => it.loss !== null);
    assert.ok(withLoss.length > 0);
    assert.deepEqual(Object.keys(withLoss[0].layers[0]).sort(), ['dead_neurons', 'l0_sparsity', 'layer_idx', 'loss']);
    // Exactly 100 is completion's alone: the last step's report stays just below it.
    for (const it of progress) assert.equal(it.progress, Math.min(Math.floor((it.current_step / it.total_steps) * 10000 + 1e-7) / 100, 99.99), 'progress is current_step of total_steps, cut to hundredths');
    assertPercents([...progress, done].map((it) => it.progress), { last: 100 });
    assert.deepEqual(follower.of('checkpoint:created').map((it) => it.step), [100, 200, 300]);
    for (const channel of channels) assert.deepEqual(follower.unexplained(channel), []);
    follower.close();
  });

  test('never_again_4_who_subscribes_late_gets_the_present_state', async () => {
    const { extraction } = await server.prepare();
    const training = await server.post('/trainings', { extraction_id: extraction.id, ...long });
    const early = await Follower.open(server.url, [`trainings/${training.id}/progress`]);
    const seen = await early.wait('training:progress', (it) => it.loss !== null);
    process.kill(await taskOf(training.job_id), 'SIGSTOP'); // nothing more comes by itself
    const late = await Follower.open(server.url, [`trainings/${training.id}/progress`]);
    const { snapshot } = late.of('subscribed')[0];
    assert.ok(snapshot['training:progress'].current_step >= seen.current_step);
    assertFields('training:progress', snapshot['training:progress']);
    await server.post(`/jobs/${training.job_id}/cancel`);
    await late.wait('training:status_changed', (it) => it.status === 'cancelled');
    early.close();
    late.close();
  });

  test('never_again_5_a_failure_is_told_with_where_it_was', async () => {
    const { extraction } = await server.prepare();
    const training = await server.post('/trainings', { extraction_id: extraction.id, ...long });
    const follower = await Follower.open(server.url, [`trainings/${training.id}/progress`]);
    await follower.wait('training:progress', (it) => it.progress > 0);
    process.kill(await taskOf(training.job_id), 'SIGABRT');
    const failed = await follower.wait('training:failed');
    assertFields('training:failed', failed);
    assert.match(failed.error_message, /signal 6 \(SIGABRT\)/);
    assert.ok(failed.progress > 0 && failed.progress < 100);
    assert.equal((await server.get(`/trainings/${training.id}`)).progress, failed.progress);
    follower.close();
  });

  test('concurrent_training: three at once, each with its own events, rows and end', async () => {
    const { extraction } = await server.prepare();
    const runs = await Promise.all(
      [1, 2, 3].map((n) => server.post('/trainings', { extraction_id: extraction.id, ...small, total_steps: 1000 * n, seed: n, n_features: 128 * n, name: `run ${n}` })),
    );
    const channels = runs.map((it) => `trainings/${it.id}/progress`);
    const follower = await Follower.open(server.url, channels);
    await until('all three to run', async () => (await server.get('/operations?state=active')).counts.running === 3);
    for (const run of runs) assert.equal((await server.job(run.job_id)).status, 'completed');
    for (const [i, run] of runs.entries()) {
      await follower.wait('training:completed', (it) => it.training_id === run.id);
      const own = follower.got.filter((it) => it.data?.channel === channels[i] && it.data.training_id);
      assert.ok(own.every((it) => it.data.training_id === run.id), 'the right id on the right channel');
      const progress = follower.of('training:progress', channels[i]);
      assert.ok(progress.length > 1 && progress.every((it) => it.total_steps === 1000 * (i + 1)));
      assertPercents(progress.map((it) => it.progress), { last: progress.at(-1).progress });
      assert.deepEqual(follower.unexplained(channels[i]), []);
      const row = await server.get(`/trainings/${run.id}`);
      assert.deepEqual([row.name, row.n_features, row.current_step], [`run ${i + 1}`, 128 * (i + 1), 1000 * (i + 1)]);
      const steps = (await server.get(`/trainings/${run.id}/metrics?layer=2`)).items.map((it) => it.step);
      assert.deepEqual(steps, [1, ...Array.from({ length: 100 * (i + 1) }, (_, k) => 10 * (k + 1))]);
    }
    follower.close();
  });

  test('concurrent_training: retrying one does not touch the other', async () => {
    const { extraction } = await server.prepare();
    const [one, two] = await Promise.all([1, 2].map(() => server.post('/trainings', { extraction_id: extraction.id, ...long })));
    const follower = await Follower.open(server.url, [`trainings/${two.id}/progress`, `trainings/${one.id}/progress`]);
    await follower.wait('training:progress', (it) => it.training_id === two.id && it.current_step > 0);
    process.kill(await taskOf(one.job_id), 'SIGKILL');
    await follower.wait('training:failed', (it) => it.training_id === one.id);
    const retry = await server.post(`/jobs/${one.job_id}/retry`, { params: { total_steps: 100 } });
    assert.equal((await server.job(retry.id)).status, 'completed');
    const reached = follower.of('training:progress', `trainings/${two.id}/progress`).at(-1).current_step;
    await follower.wait('training:progress', (it) => it.training_id === two.id && it.current_step > reached);
    assert.equal((await server.get(`/jobs/${two.job_id}`)).attempt, 1);
    assert.deepEqual(follower.of('training:status_changed', `trainings/${two.id}/progress`).filter((it) => it.status !== 'running' && it.status !== 'starting'), []);
    await server.post(`/jobs/${two.job_id}/cancel`);
    await server.job(two.job_id, ['cancelled']);
    follower.close();
  });

  test('concurrent_extraction: two models at once', async () => {
    const both = await Promise.all([server.prepare({ documents: 200, samples: 8 }), server.prepare({ documents: 200, samples: 8 })]);
    const follower = await Follower.open(server.url, both.map(({ model }) => `models/${model.id}/extraction`));
    const runs = await Promise.all(
      both.map(({ model, dataset }, i) => server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [i + 1], max_samples: 300 + i })),
    );
    for (const [i, run] of runs.entries()) {
      const done = await follower.wait('extraction:completed', (it) => it.extraction_id === run.id);
      assert.equal(done.model_id, both[i].model.id);
      const row = await server.get(`/extractions/${run.id}`);
      assert.deepEqual([row.status, row.rows, row.layers], ['completed', 300 + i, [i + 1]]);
      const channel = `models/${both[i].model.id}/extraction`;
      assert.ok(follower.of('extraction:progress', channel).every((it) => it.model_id === both[i].model.id));
      assert.deepEqual(follower.unexplained(channel), []);
    }
    follower.close();
  });

  test('never_again_30_queued_is_counted_apart_and_elapsed_runs_from_the_start', async () => {
    const one = await Server.start({ args: ['--slots', 'cpu=1'] });
    try {
      const { extraction } = await one.prepare();
      const first = await one.post('/trainings', { extraction_id: extraction.id, ...long });
      await one.job(first.job_id, ['running']);
      const second = await one.post('/trainings', { extraction_id: extraction.id, ...small });
      const { counts, items } = await one.get('/operations?state=active');
      assert.deepEqual([counts.queued, counts.running], [1, 1]);
      const queued = items.find((it) => it.id === second.job_id);
      assert.deepEqual([queued.status, queued.progress, queued.started_at], ['queued', 0, null]);
      await one.post(`/jobs/${first.job_id}/cancel`);
      const done = await one.job(second.job_id);
      assert.ok(Date.parse(done.started_at) >= Date.parse((await one.get(`/jobs/${first.job_id}`)).finished_at) - 1);
      const training = await one.get(`/trainings/${second.id}`);
      assert.ok(Math.abs(training.duration_seconds * 1000 - (Date.parse(done.finished_at) - Date.parse(done.started_at))) < 5);
    } finally {
      await one.stop();
    }
  });
});

describe('many pages', () => {
  // The protocol by hand: a thousand of the official clients would measure them, not the server.
  function page(url, channel) {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    const it = { socket, subscribed: null, events: [] };
    socket.on('message', (bytes) => {
      const text = bytes.toString();
      if (text.startsWith('0')) socket.send('40');
      else if (text === '2') socket.send('3');
      else if (text.startsWith('40')) socket.send(`42["subscribe",{"channel":"${channel}"}]`);
      else if (text.startsWith('42')) {
        const [name, data] = JSON.parse(text.slice(2));
        if (name === 'subscribed') it.subscribed = data;
        else it.events.push(`${name} ${data.seq ?? ''} ${data.count ?? ''}`);
      }
    });
    socket.on('error', (error) => (it.error = error));
    return it;
  }

  test('a thousand sockets on one training get every event, in order, once', async (t) => {
    const server = await Server.start();
    try {
      const { extraction } = await server.prepare();
      // Behind another job, so that all have subscribed before it begins.
      const blocker = await server.post('/trainings', { extraction_id: extraction.id, ...long });
      await server.job(blocker.job_id, ['running']);
      const training = await server.post('/trainings', { extraction_id: extraction.id, ...small, total_steps: 2000 });
      const channel = `trainings/${training.id}/progress`;
      const pages = [];
      for (let i = 0; i < 1000; i += 100) {
        const some = Array.from({ length: 100 }, () => page(server.url, channel));
        pages.push(...some);
        await until('100 subscriptions', () => some.every((it) => it.subscribed || it.error), 30);
      }
      assert.deepEqual(pages.filter((it) => it.error).map((it) => it.error), []);
      await server.post(`/jobs/${blocker.job_id}/cancel`);
      await until('the end on every page', () => pages.every((it) => it.events.at(-1)?.startsWith('training:completed')), 60);
      const first = pages[0].events;
      assert.ok(first.length > 5);
      const from = pages[0].subscribed.seq;
      assert.deepEqual(first.map((it) => Number(it.split(' ')[1])), first.map((_, i) => from + 1 + i));
      for (const it of pages) assert.deepEqual(it.events, first);
      t.diagnostic(`1,000 pages, ${first.length} events each`);
      for (const it of pages) it.socket.terminate();
    } finally {
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
    }
  });
});
