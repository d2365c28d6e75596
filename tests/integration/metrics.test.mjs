// A training's curve over REST: page by page, thinned out, as CSV and as columns of numbers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Server } from './lib/headway.mjs';

const STEPS = 30000;
const NAMES = ['loss', 'grad_norm', 'accuracy'];
// Spikes that stand for themselves, far from one another.
const special = new Map([
  [777, { loss: 900 }],
  [12345, { grad_norm: -50 }],
  [20001, { accuracy: 77 }],
  [29998, { loss: -3 }],
]);
const valueOf = (step) => ({ loss: 1 + 1 / (step + 1), grad_norm: 2 + (step % 7) / 10, accuracy: 0.5, ...special.get(step) });

// A curve as an attached program reports it.
async function report(server, steps) {
  const worker = await server.post('/workers', { host: 'here', pid: 1 });
  const job = await server.post(`/workers/${worker.id}/jobs`, { kind: 'command', params: { command: ['curve'] } });
  let batch = 0;
  const send = (events) => server.post(`/workers/${worker.id}/report`, { batch: ++batch, reports: [{ job_id: job.job_id, attempt: 1, lease: job.lease, events }] });
  for (let from = 0; from < steps; from += 1000) {
    await send(Array.from({ length: Math.min(1000, steps - from) }, (_, i) => ({ type: 'metric', step: from + i, ...valueOf(from + i) })));
  }
  return { id: (await server.get(`/jobs/${job.job_id}`)).entity_id, send };
}

function decode(buffer) {
  const view = new DataView(buffer);
  const text = (at, n) => new TextDecoder().decode(new Uint8Array(buffer, at, n));
  assert.equal(text(0, 4), 'HWMC');
  assert.equal(view.getUint16(4, true), 1);
  assert.equal(view.getUint32(28, true), buffer.byteLength);
  const rows = view.getUint32(12, true);
  const columns = {};
  let at = 32;
  let data = view.getUint32(24, true);
  for (let i = 0; i < view.getUint32(8, true); i++) {
    const n = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    columns[text(at + 4, n)] = type === 1 ? new Float64Array(buffer, data, rows) : new Int32Array(buffer, data, rows);
    at = Math.ceil((at + 4 + n) / 8) * 8;
    data += Math.ceil((rows * (type === 1 ? 8 : 4)) / 8) * 8;
  }
  assert.equal(at, view.getUint32(24, true), 'the data begin where the descriptions end');
  assert.equal(data, buffer.byteLength);
  return { rows, columns, more: view.getUint16(6, true) & 1, next: view.getFloat64(16, true) };
}

describe('the metrics of a training', () => {
  let server, training;
  const url = (query) => `${server.url}/api/v1/trainings/${training.id}/metrics?${query}`;
  const get = (query) => server.get(`/trainings/${training.id}/metrics?${query}`);
  before(async () => {
    server = await Server.start({ worker: false });
    training = await report(server, STEPS);
  });
  after(() => server.stop());

  test('never again 33: thinned out, it shows every spike of every metric', async () => {
    for (const max of [20, 500, 5000]) {
      const { items, next_since_step } = await get(`max_points=${max}`);
      assert.ok(items.length <= max, `${items.length} rows of at most ${max}`);
      assert.ok(items.length > max / 3);
      assert.equal(next_since_step, null);
      const steps = items.map((it) => it.step);
      assert.deepEqual(steps, [...new Set(steps)].sort((a, b) => a - b));
      assert.equal(steps[0], 0);
      assert.equal(steps.at(-1), STEPS - 1);
      for (const step of special.keys()) {
        const row = items.find((it) => it.step === step);
        assert.ok(row, `step ${step} of ${max} points`);
        assert.deepEqual({ loss: row.loss, grad_norm: row.grad_norm, ...row.extra }, valueOf(step));
      }
    }
  });

  test('page by page nothing is missing and nothing comes twice', async () => {
    const steps = [];
    let query = 'limit=7000';
    for (;;) {
      const answer = await fetch(url(query));
      const { items, next_since_step } = await answer.json();
      steps.push(...items.map((it) => it.step));
      const link = /^<.*\?(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '');
      assert.equal(link === null, next_since_step === null);
      if (!link) break;
      assert.equal(next_since_step, items.at(-1).step);
      query = link[1];
    }
    assert.deepEqual(steps, Array.from({ length: STEPS }, (_, i) => i));
  });

  test('since_step brings what is new', async () => {
    assert.deepEqual((await get(`since_step=${STEPS - 3}`)).items.map((it) => it.step), [STEPS - 2, STEPS - 1]);
    assert.deepEqual((await get(`since_step=${STEPS - 1}`)).items, []);
    assert.deepEqual((await get('since_step=3&to_step=5')).items.map((it) => it.step), [4, 5]);
  });

  test('as CSV', async () => {
    const answer = await fetch(url('format=csv&from_step=776&to_step=777'));
    assert.match(answer.headers.get('content-type'), /^text\/csv/);
    const lines = (await answer.text()).split('\r\n');
    assert.equal(lines[0], 'step,layer_idx,timestamp,loss,loss_reconstructed,l0_sparsity,l1_sparsity,dead_neurons,explained_variance,learning_rate,grad_norm,gpu_memory_used_mb,samples_per_second,extra');
    assert.match(lines[2], /^777,,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z,900,,,,,,,2,,,"\{""accuracy"":0\.5\}"$/);
    assert.deepEqual(lines.slice(3), ['']);
  });

  test('as columns of numbers', async () => {
    const answer = await fetch(url('format=binary&limit=1000'));
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
    const { rows, columns, more, next } = decode(await answer.arrayBuffer());
    assert.deepEqual([rows, more, next], [1000, 1, 999]);
    assert.deepEqual(Object.keys(columns), ['step', 'layer_idx', 'timestamp', ...NAMES]);
    for (let i = 0; i < rows; i++) {
      assert.equal(columns.step[i], i);
      assert.equal(columns.layer_idx[i], -1);
      for (const name of NAMES) assert.equal(columns[name][i], valueOf(i)[name]);
    }
    const empty = decode(await (await fetch(url(`format=binary&since_step=${STEPS}`))).arrayBuffer());
    assert.deepEqual([empty.rows, empty.more, empty.next], [0, 0, -1]);
  });

  test('what can\'t be asked for is said with its name', async () => {
    for (const [query, field] of [['format=xml', 'format'], ['since_step=x', 'since_step'], ['limit=0', 'limit'], ['max_points=-1', 'max_points'], ['include_archived=maybe', 'include_archived']]) {
      const answer = await fetch(url(query));
      assert.equal(answer.status, 422, query);
      assert.equal((await answer.json()).error.field, field);
    }
  });

  test('never again 25: what is reported again shows at once in what is thinned out', async () => {
    await training.send([{ type: 'metric', step: 5000, loss: 12345 }]);
    const { items } = await get('max_points=50');
    assert.ok(items.some((it) => it.step === 5000 && it.loss === 12345));
  });
});
