// What the real server sends is what schema/asyncapi.json and schema/openapi.json say, and all that they say is sent.
import { execFile } from 'node:child_process';
import assert from 'node:assert/strict';
import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import { Contract, Rest, readSchema } from './lib/contract.mjs';
import { Server, build, root, temporaryFolder, until } from './lib/headway.mjs';
import { Hub } from './lib/hub.mjs';

// Declared, and not provoked here.
const notProvoked = {
  'session conflated': 'only a client that lags gets it: slow_client.test.mjs',
};

const gpus = [
  'gpus 2', 'gpu 0 name NVIDIA H100', 'gpu 0 utilization 37', 'gpu 0 memory_total 85899345920', 'gpu 0 memory_used 21474836480',
  'gpu 0 temperature 41', 'gpu 0 power 123456', 'gpu 0 power_limit 700000', 'gpu 0 fan 30', 'gpu 0 clock_sm 1410', 'gpu 0 clock_memory 2619',
  'gpu 0 process 4242 1073741824', 'gpu 0 process 4243 -',
  'gpu 1 name NVIDIA GB10', 'gpu 1 utilization unsupported', 'gpu 1 memory_total 128849018880', 'gpu 1 memory_used 4294967296',
];

const events = new Contract(await readSchema('asyncapi.json'));
const rest = new Rest(await readSchema('openapi.json'));
const received = []; // {name, data}, all connections together
const sent = []; // by the clients, in their order

function connect(server, query) {
  const socket = io(server.url, { transports: ['websocket'], forceNew: true, query });
  socket.own = [];
  socket.onAny((name, data) => {
    received.push({ name, data });
    socket.own.push({ name, data });
  });
  socket.onAnyOutgoing((name, data) => sent.push({ name, data: typeof data === 'function' ? undefined : data }));
  socket.seen = (name, check = () => true) => until(`the event ${name}`, () => socket.own.find((it) => it.name === name && check(it.data)), 60).then((it) => it.data);
  socket.join = (channel, more) => socket.emitWithAck('subscribe', { channel, ...more });
  return socket;
}

describe('the server keeps to its schemas', () => {
  let server, files, socket, epoch, hub;
  const ask = async (method, pathname, body) => {
    const r = await server.request(method, pathname, body);
    rest.check(method, pathname, body, r);
    return r;
  };
  const call = async (method, pathname, body) => {
    const r = await ask(method, pathname, body);
    assert.ok(r.status < 300, `${method} ${pathname}: ${r.status} ${r.text}`);
    return r.json;
  };
  const refuse = async (status, method, pathname, body) => assert.equal((await ask(method, pathname, body)).status, status, pathname);
  const get = (pathname) => call('GET', `/api/v1${pathname}`);
  const post = (pathname, body = {}) => call('POST', `/api/v1${pathname}`, body);
  const end = (id) => until(`the end of ${id}`, async () => (await get(`/jobs/${id}`)).finished_at, 60);

  before(async () => {
    files = await temporaryFolder();
    await writeFile(path.join(files, 'gpus'), `${gpus.join('\n')}\n`);
    hub = await Hub.start();
    await hub.putSampleModel('test/gpt2-tiny');
    hub.put('datasets', 'test/verses', { 'train.jsonl': '{"text":"In the beginning"}\n' });
    server = await Server.start({
      args: ['--slots', 'cpu=1,io=1'],
      env: {
        HF_ENDPOINT: hub.url,
        HEADWAY_NVML: path.join(build, 'tests/libnvidia-ml.so.1'),
        HEADWAY_FAKE_NVML: path.join(files, 'gpus'),
        WEBSOCKET_BATCH_INTERVAL_MS: '20',
        SYSTEM_MONITOR_INTERVAL_SECONDS: '0.2',
      },
    });
    socket = connect(server);
    await socket.join('operations');
    ({ epoch } = await socket.join('nothing/yet'));
  });
  after(async () => {
    socket?.close();
    const ended = await server?.stop();
    await rm(files, { recursive: true, force: true });
    assert.deepEqual(ended, { code: 0, signal: null });
  });

  // From its first event on, though that came before its id was known.
  const follow = async (entity, ...parts) => {
    for (const part of parts) assert.ok((await socket.join(`${entity}/${part}`, { since: { epoch, seq: 0 } })).recovered);
  };
  const job = (id) => follow(`jobs/${id}`, 'progress', 'logs', 'resources');
  const small = { n_features: 256, k: 16, batch_size: 256, total_steps: 200, checkpoint_every: 100 };
  let model, dataset, extraction, training, failed;

  test('download', async () => {
    // Each is held back until the page has subscribed.
    for (const [resource, repo_id, key] of [['models', 'test/gpt2-tiny', 'job_id'], ['models', 'test/nothing', 'job_id'], ['datasets', 'test/verses', 'download_job_id']]) {
      let go;
      const watched = new Promise((resolve) => (go = resolve));
      hub.behave = () => watched.then(() => false);
      const made = await post(`/${resource}`, { repo_id });
      await socket.join(`${resource}/${made.id}/progress`);
      go();
      await end(made[key]);
      await get(`/${resource}/${made.id}`);
    }
    hub.behave = () => false;
    for (const [resource, key] of [['models', 'job_id'], ['datasets', 'download_job_id']]) {
      const made = await post(`/${resource}`, { repo_id: 'test/never-there' });
      await end(made[key]);
      const event = `${resource.slice(0, -1)}:deleted`;
      await socket.join(`${resource}/${made.id}/progress`);
      await call('DELETE', `/api/v1/${resource}/${made.id}`);
      for (const channel of [`${resource}/${made.id}/progress`, 'operations']) await socket.seen(event, (it) => it.channel === channel);
      await refuse(404, 'DELETE', `/api/v1/${resource}/${made.id}`);
    }
    await refuse(422, 'POST', '/api/v1/models', { repo_id: '../x' });
  });

  test('import and tokenize', async () => {
    model = await post('/models', { path: path.join(root, 'sample/model') });
    dataset = await post('/datasets', { path: path.join(root, 'sample/corpus/kjv.jsonl.gz'), name: 'bible' });
    await follow(`datasets/${dataset.id}`, 'progress');
    await follow(`models/${model.id}`, 'extraction');
    const first = await post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, max_documents: 200, idempotency_key: 'once' });
    await job(first.id);
    await socket.seen('dataset:completed', (it) => it.dataset_id === dataset.id);
    assert.equal((await post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, max_documents: 200, idempotency_key: 'once' })).id, first.id);
    for (const [type, id] of [['models', model.id], ['datasets', dataset.id], ['jobs', first.id]]) {
      await get(`/${type}?limit=1`);
      await get(`/${type}/${id}`);
    }
  });

  test('extract', async () => {
    extraction = await post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [1, 2], max_samples: 128 });
    await socket.seen('extraction:completed');
    await get('/extractions');
    await get(`/extractions/${extraction.id}`);
  });

  test('train, with the measured resources of a long job, and cancel that', async () => {
    const long = await post('/trainings', { extraction_id: extraction.id, ...small, total_steps: 1000000, name: 'long' });
    training = await post('/trainings', { extraction_id: extraction.id, ...small });
    for (const it of [long, training]) {
      await job(it.job_id);
      await follow(`trainings/${it.id}`, 'progress', 'checkpoints');
    }
    await socket.seen('job:resources', (it) => it.job_id === long.job_id && it.cpu_percent !== null);
    const { items } = await get('/operations');
    assert.ok(items.find((it) => it.id === long.job_id).resources, 'the resources of a running job');
    await post(`/jobs/${long.job_id}/pause`);
    await socket.seen('training:status_changed', (it) => it.training_id === long.id && it.status === 'paused');
    await post(`/jobs/${long.job_id}/resume`);
    await socket.seen('training:completed');
    await socket.seen('checkpoint:created', (it) => it.training_id === training.id && it.step === 200);
    await socket.seen('training:status_changed', (it) => it.training_id === long.id && it.previous === 'starting' && it.status === 'running');
    await post(`/jobs/${long.job_id}/cancel`);
    await socket.seen('training:status_changed', (it) => it.training_id === long.id && it.status === 'cancelled');
    const early = await post('/trainings', { extraction_id: extraction.id, ...small, total_steps: 1000000 });
    await follow(`trainings/${early.id}`, 'progress');
    await socket.seen('training:progress', (it) => it.training_id === early.id && it.current_step > 0);
    await post(`/jobs/${early.job_id}/stop`);
    await socket.seen('training:completed', (it) => it.training_id === early.id);
    assert.equal((await get(`/trainings/${long.id}`)).status, 'cancelled');
    await refuse(409, 'POST', `/api/v1/jobs/${training.job_id}/cancel`);
    await call('DELETE', `/api/v1/trainings/${early.id}`);
    await socket.seen('training:deleted', (it) => it.training_id === early.id);
    await refuse(404, 'DELETE', `/api/v1/trainings/${early.id}`);
    await get('/trainings?limit=1');
    assert.ok((await get(`/trainings/${training.id}/metrics?layer=*`)).items.length > 60);
    await get(`/trainings/${training.id}/metrics?max_points=10`);
    await get(`/trainings/${training.id}/checkpoints`);
    await get(`/trainings/curves?ids=${training.id},${long.id}`);
    for (const changes of [{}, { queue: 'nobody' }, { checkpoint_every: 1, total_steps: 1e9 }]) {
      await post('/trainings/estimate', { extraction_id: extraction.id, ...changes });
    }
    await get(`/jobs/${training.job_id}/logs`);
    const way = (await get(`/jobs/${training.job_id}/timeline`)).items.map((it) => it.name);
    assert.deepEqual(way, ['queued', 'starting', 'running', 'training', 'completed']);
    await get('/operations?state=finished&limit=2');
  });

  test('a cancelled extraction and a failing tokenization', async () => {
    const x = await post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [0, 1, 2, 3], batch_size: 1, context_length: 64 });
    await job(x.job_id);
    await socket.seen('extraction:progress', (it) => it.extraction_id === x.id && it.phase === 'extracting');
    await post(`/jobs/${x.job_id}/cancel`);
    assert.equal((await socket.seen('extraction:failed', (it) => it.extraction_id === x.id)).error_type, 'CANCELLED');
    const corpus = path.join(files, 'bad.jsonl');
    await writeFile(corpus, '{"text": "good"}\n');
    const bad = await post('/datasets', { path: corpus, text_field: 'text' });
    await writeFile(corpus, '{"text": "good"}\n{"text": "bad\n'); // after the import has looked at it
    await follow(`datasets/${bad.id}`, 'progress');
    failed = await post('/jobs', { kind: 'tokenize', params: { dataset_id: bad.id, model_id: model.id }, name: 'bad', priority: 1 });
    await job(failed.id);
    await socket.seen('dataset:failed', (it) => it.dataset_id === bad.id);
    await end(failed.id);
    await get(`/jobs/${failed.id}/logs?limit=1&stream=log`);
    assert.match((await get(`/jobs/${failed.id}/timeline`)).items.at(-1).text, /^VALIDATION: /);
    await get('/operations?state=failed');
    await post(`/jobs/${failed.id}/dismiss`);
    await post(`/jobs/${failed.id}/dismiss`, { undo: true });
  });

  test('a training that fails, and its retry', async () => {
    // Its activations go away between the check and the start: the worker has one place, and that is taken.
    const blocker = await post('/trainings', { extraction_id: extraction.id, ...small, total_steps: 1000000 });
    const doomed = await post('/trainings', { extraction_id: extraction.id, ...small, layers: [1] });
    await follow(`trainings/${doomed.id}`, 'progress');
    await job(doomed.job_id);
    const file = path.join(extraction.activations_path ?? (await get(`/extractions/${extraction.id}`)).activations_path, 'metadata.json');
    await until('the blocker to run', async () => (await get(`/jobs/${blocker.job_id}`)).phase);
    const whole = await readFile(file);
    await writeFile(file, '{');
    await post(`/jobs/${blocker.job_id}/cancel`);
    await socket.seen('training:failed', (it) => it.training_id === doomed.id);
    await socket.seen('job:failed', (it) => it.job_id === doomed.job_id);
    await writeFile(file, whole);
    const again = await post(`/jobs/${doomed.job_id}/retry`, { params: { total_steps: 50 } });
    await socket.seen('training:completed', (it) => it.training_id === doomed.id);
    await end(again.id);
    assert.equal((await get(`/jobs/${doomed.job_id}`)).retried_by, again.id);
    const { items } = await get(`/progress-history?entity_type=training&entity_id=${doomed.id}`);
    assert.deepEqual([items[0].metrics.job_id, items.at(-1).metrics.job_id, items.at(-1).progress], [doomed.job_id, again.id, 100]);
    const { runs } = await get(`/progress-history/compare?entity_ids=${doomed.job_id},${again.id},${extraction.id}`);
    assert.deepEqual(runs.map((it) => it.status), ['failed', 'completed', 'completed']);
  });

  test('the machine, and a GPU whose driver refuses a reading: null, not 0', async () => {
    const channels = ['cpu', 'memory', 'disk', 'network', 'gpu/0', 'gpu/1'].map((it) => `system/${it}`);
    for (const channel of channels) await socket.join(channel);
    for (const channel of channels) await socket.seen('system:metrics', (it) => it.channel === channel);
    const gpu = await socket.seen('system:metrics', (it) => it.channel === 'system/gpu/1');
    assert.deepEqual([gpu.name, gpu.utilization, gpu.temperature, gpu.processes, gpu.memory_used], ['NVIDIA GB10', null, null, null, 4294967296]);
    assert.equal((await socket.seen('system:metrics', (it) => it.channel === 'system/gpu/0')).utilization, 37);
    const polled = await get('/system/metrics');
    assert.deepEqual(Object.keys(polled), [...channels, 'gpu_reason']);
    assert.equal(polled['system/gpu/1'].utilization, null);
    assert.deepEqual(Object.keys((await get('/system/history?window=60')).channels).sort(), [...channels].sort());
    const { items } = await get(`/system/history?from=${new Date(Date.now() - 3600e3).toISOString()}`);
    assert.deepEqual(items.at(-1).gpus.map((it) => [it.gpu_id, it.utilization]), [[0, [37, 37, 37]], [1, null]]);
  });

  test('the machine of a worker on another host: the same readings, on channels of its own', async () => {
    const { id } = await post('/workers', { host: 'box2', pid: 1, version: '0' });
    const parts = ['cpu', 'memory', 'disk', 'network', 'gpu-0', 'gpu-1'];
    const channels = parts.map((it) => `hosts/box2/${it}`);
    for (const channel of channels) await socket.join(channel);
    const own = await get('/system/metrics');
    const [cpu, memory, disk, network, ...cards] = Object.entries(own).filter(([key]) => key !== 'gpu_reason').map(([, { channel, epoch, seq, ts, host, ...it }]) => it);
    const machine = { cpu, memory, disk, network, gpus: cards.map((it) => ({ ...it, processes: it.processes?.map((one) => ({ ...one, pgid: one.pid })) ?? null })), gpu_reason: '' };
    await post(`/workers/${id}/machine`, machine);
    for (const channel of channels) assert.equal((await socket.seen('system:metrics', (it) => it.channel === channel)).host, 'box2');
    const polled = await get('/system/metrics?host=box2');
    assert.deepEqual(Object.keys(polled), [...channels, 'gpu_reason']);
    const bare = ({ channel, epoch, seq, ts, host, ...it }) => it;
    for (const [i, part] of ['cpu', 'memory', 'disk', 'network', 'gpu/0', 'gpu/1'].entries()) assert.deepEqual(bare(polled[channels[i]]), bare(own[`system/${part}`]), part);
    const { channels: kept } = await get('/system/history?host=box2');
    assert.deepEqual(Object.keys(kept).sort(), [...channels].sort());
    const { items } = await get('/system/hosts');
    assert.deepEqual(items.map((it) => [it.host === 'box2', it.server, it.gpus]), [[false, true, [0, 1]], [true, false, [0, 1]]]);
    await refuse(422, 'POST', `/api/v1/workers/${id}/machine`, { cpu: { percent: 'much' } });
    await refuse(404, 'POST', '/api/v1/workers/wrk_0/machine', machine);
    await refuse(404, 'GET', '/api/v1/system/metrics?host=nobody');
    await refuse(404, 'GET', '/api/v1/system/history?host=nobody');
  });

  test('the connection: batches, mistakes, leaving', async () => {
    const other = connect(server);
    await other.join('system/cpu', { batch: true });
    await other.seen('batch');
    other.emit('ping');
    await other.seen('pong');
    other.emit('subscribe', { channel: 'not a channel' });
    await other.seen('error');
    await other.emitWithAck('unsubscribe', { channel: 'system/cpu' });
    await other.seen('unsubscribed');
    const { seq } = socket.own.findLast((it) => it.data?.channel === 'operations').data;
    assert.equal((await other.join('operations', { since: { epoch, seq: seq - 1 } })).recovered, true);
    other.close();
  });

  test('refusals, health, publishing, and the worker’s side', async () => {
    for (const it of ['/jobs/job_0', '/trainings/trn_0/metrics', '/models/mdl_0', '/nothing']) await refuse(404, 'GET', `/api/v1${it}`);
    await refuse(405, 'DELETE', '/api/v1/jobs');
    await refuse(422, 'GET', '/api/v1/jobs?limit=0');
    await refuse(422, 'POST', '/api/v1/trainings', { extraction_id: extraction.id, k: 0 });
    await refuse(422, 'POST', '/api/v1/jobs', { kind: 'dance', params: {} });
    await refuse(400, 'POST', '/api/v1/models', '{"path": ');
    await call('GET', '/healthz');
    await call('GET', '/readyz');
    await call('GET', '/metrics');
    await get('/version');
    await get('/settings');
    await call('POST', '/api/internal/ws/emit', { channel: 'notes/1', event: 'note:written', data: { text: 'hi' } });
    await call('POST', '/api/internal/ws/emit/batch', '{"channel":"notes/1","event":"note:written"}\n{\n');
    await until('the schedule', async () => (await get('/schedule')).items[1].next_run_at);
    await post('/schedule/worker_retention/run');
    await refuse(409, 'POST', '/api/v1/schedule/system_monitor/run');
    await refuse(404, 'POST', '/api/v1/schedule/gardening/run');
    const moved = () => until('the archival', async () => !(await get('/maintenance/metrics')).task.running);
    await post('/maintenance/archive', { days_old: 0 });
    await moved();
    await post('/maintenance/restore', { all: true });
    await moved();
    await refuse(422, 'POST', '/api/v1/maintenance/restore', {});
    for (const channel of ['system/cpu', 'hosts/box2/cpu']) await refuse(403, 'POST', '/api/internal/ws/emit', { channel, event: 'system:metrics', data: {} });
    const queued = await post('/jobs', { kind: 'tokenize', params: { dataset_id: dataset.id, model_id: model.id, max_documents: 50 } });
    await end(queued.id);
    const { id } = await post('/workers', { host: 'elsewhere', pid: 1, slots: { cpu: 1 }, version: '0' });
    await post(`/workers/${id}/claim`, { slots: { cpu: 1 }, wait_seconds: 0 });
    await post(`/workers/${id}/report`, { batch: 1, reports: [{ job_id: queued.id, attempt: 1, lease: 'none', events: [{ type: 'heartbeat' }] }] });
    const attach = { kind: 'command', name: 'elsewhere', params: { command: ['true'], cwd: '/' }, pid: 2, resource_class: 'gpu', idempotency_key: 'called once' };
    const attached = await post(`/workers/${id}/jobs`, attach);
    assert.deepEqual(await post(`/workers/${id}/jobs`, attach), attached);
    await refuse(422, 'POST', `/api/v1/workers/${id}/jobs`, { ...attach, kind: 'tokenize' });
    const { job_id, attempt, lease } = attached;
    const reportAttached = (batch, ...events) => post(`/workers/${id}/report`, { batch, reports: [{ job_id, attempt, lease, events }] });
    await reportAttached(2, { type: 'started', pid: 2 }, { type: 'metric', step: 1, loss: 0.5 }, { type: 'progress', done: 1, unit: 'steps' });
    const unfinished = await get(`/operations`).then(({ items }) => items.find((it) => it.id === job_id));
    assert.equal(unfinished.attached, true);
    assert.equal(unfinished.progress, null);
    await get(`/trainings/${unfinished.entity_id}`);
    await reportAttached(3, { type: 'exited', signal: 2, interrupted: true });
    assert.equal((await get(`/jobs/${job_id}`)).status, 'cancelled');
  });

  test('every event that came is declared and as declared, and every declared one came', async () => {
    const wrong = received.flatMap(({ name, data }) => events.wrong(name, data));
    assert.deepEqual([...new Set(wrong)], []);
    assert.deepEqual(events.unseen().sort(), Object.keys(notProvoked).sort());
  });

  test('what a client sends is declared, and what is refused is not', () => {
    const wrong = sent.map(({ name, data }) => {
      const message = events.messages.find((it) => events.byClient.has(it.key) && it.name === name);
      return message ? events.wrong(name, data, message) : [`no such message: ${name}`];
    });
    assert.deepEqual([...new Set(sent.map((it) => it.name))].sort(), ['ping', 'subscribe', 'unsubscribe']);
    assert.equal(wrong.flat().length, 1);
    assert.equal(sent[wrong.findIndex((it) => it.length)].data.channel, 'not a channel');
  });

  test('live readings carry the digits that mean something, and no more', () => {
    const decimals = (n) => (v) => Math.abs(v * 10 ** n - Math.round(v * 10 ** n)) < 1e-6;
    const digits = (n) => (v) => Number(v.toPrecision(n)) === v;
    const rules = {
      progress: decimals(2), eta_seconds: decimals(1), eta_low: decimals(1), eta_high: decimals(1), rate: digits(4), samples_per_second: digits(4),
      cpu_percent: decimals(1), read_bytes_per_s: decimals(0), write_bytes_per_s: decimals(0), duration_seconds: decimals(3),
    };
    const measures = ['loss', 'l0_sparsity', 'l1_sparsity', 'dead_neurons', 'explained_variance', 'learning_rate', 'grad_norm'];
    const seen = new Set();
    for (const { name, data } of received) {
      const own = name === 'training:progress' ? { ...rules, ...Object.fromEntries(measures.map((it) => [it, digits(7)])) } : rules;
      for (const [key, exact] of Object.entries(own)) {
        if (typeof data?.[key] !== 'number') continue;
        seen.add(key);
        assert.ok(exact(data[key]), `${name}: ${key} is ${data[key]}`);
      }
    }
    for (const it of ['progress', 'cpu_percent', 'duration_seconds', 'loss', 'learning_rate']) assert.ok(seen.has(it), it);
  });

  test('numbers are written as short as they can be', async () => {
    const { text } = await ask('GET', `/api/v1/trainings/${training.id}`);
    assert.match(text, /"decay_fraction":0\.2,/);
    assert.match(text, /"holdout_fraction":0\.1,/);
    for (const pathname of ['/jobs?limit=50', '/operations?state=failed', '/operations?state=finished', `/trainings/${training.id}/metrics?layer=*`]) {
      const { text: long } = await ask('GET', `/api/v1${pathname}`);
      for (const [number] of long.matchAll(/(?<=[:[,])-?\d+(\.\d+)?(e[-+]?\d+)?(?=[,\]}])/g)) assert.ok(number.length <= String(Number(number)).length + 2, number);
    }
  });

  test('every answer is declared and as declared, and every declared call was made', () => {
    assert.deepEqual([...new Set(rest.wrong)], []);
    assert.deepEqual(rest.uncalled(), []);
  });
});

describe('the schemas themselves', () => {
  test('an event or a field that they do not know is found', () => {
    const one = new Contract(events.document);
    const good = received.find((it) => it.name === 'training:progress').data;
    assert.deepEqual(one.wrong('training:progress', good), []);
    assert.match(one.wrong('training:finished', good)[0], /no such event/);
    assert.match(one.wrong('job:progress', good)[0], /no such event/, 'known, but not on this channel');
    for (const changed of [{ ...good, more: 1 }, { ...good, progress: 100.5 }, { ...good, loss: '0.1' }, { ...good, ts: 'now' }, (({ seq, ...rest }) => rest)(good)])
      assert.equal(one.wrong('training:progress', changed).length, 1);
  });

  test('an operation is a job, training:created a training, and the polled readings are those of the channels', () => {
    const [a, o] = [events.document, rest.document].map((it) => it.components.schemas);
    const own = ({ channel, epoch, seq, ts, ...properties }) => properties;
    for (const [event, object] of [['OperationCreated', 'Job'], ['TrainingCreated', 'Training'], ['JobResources', 'JobResources']])
      assert.deepEqual(own(a[event].properties), o[object].properties, event);
    const { status, ...finished } = own(a.OperationFinished.properties);
    const { status: any, ...job } = o.Job.properties;
    assert.deepEqual(finished, job);
    assert.deepEqual(status.enum, ['completed', 'failed', 'cancelled']);
    const { params, result, usage, ...updated } = o.Job.properties;
    assert.deepEqual(own(a.OperationUpdated.properties), updated);
    for (const part of ['Cpu', 'Memory', 'Disk', 'Network', 'Gpu']) {
      for (const whose of ['System', 'Host']) {
        assert.deepEqual(a[`${whose}${part}Metrics`], o[`${whose}${part}`], part);
        assert.deepEqual(own(a[`${whose}${part}Metrics`].properties), own(o[`Past${part}`].properties), part);
      }
      const { host, ...told } = own(a[`Host${part}Metrics`].properties);
      assert.deepEqual(Object.keys(o[`Reported${part}`].properties), Object.keys(told), part);
    }
  });

  test('the calls of the schema are those of the route tables', async () => {
    const routes = [];
    const files = ['src/api', 'src/server'].map(async (folder) => (await readdir(path.join(root, folder))).map((name) => path.join(root, folder, name)));
    for (const file of (await Promise.all(files)).flat().filter((it) => it.endsWith('.c')))
      for (const [, method, route] of (await readFile(file, 'utf8')).matchAll(/\{"(GET|POST|PUT|PATCH|DELETE)", *"(\/[^"]*)"/g)) routes.push(`${method} ${route}`);
    assert.deepEqual(rest.calls().sort(), routes.sort());
  });

  test('never_again_1_no_event_has_the_name_of_a_channel', () => {
    for (const { name, address } of events.messages) {
      assert.match(name, address ? /^[a-z]+:[a-z_]+$/ : /^[a-z]+$/);
      for (const other of events.messages) assert.ok(other.address !== name && !other.pattern?.test(name), name);
    }
    for (const { name, data } of received.filter((it) => it.data?.channel)) assert.notEqual(name, data.channel);
  });

  test('never_again_2_the_answer_of_every_emitter_must_be_looked_at', async () => {
    const header = await readFile(path.join(root, 'src/events/emitter.h'), 'utf8');
    const emitters = header.match(/^.*\bemit_\w+\(/gm);
    assert.ok(emitters.length > 30);
    for (const it of emitters) assert.match(it, /^EMIT_CHECKED int64_t emit_/);
    assert.match(header, /#define EMIT_CHECKED __attribute__\(\(warn_unused_result\)\)/);
  });

  test('never_again_8_the_channel_and_the_name_tell_what_a_payload_is_and_no_field_need_be_looked_at', () => {
    const { schemas } = events.document.components;
    const ofChannels = events.messages.filter((it) => it.address);
    assert.ok(ofChannels.length > 25);
    for (const one of ofChannels) {
      const channel = one.examples[0].payload.channel;
      const named = ofChannels.filter((it) => it.name === one.name && it.pattern.test(channel));
      assert.deepEqual(named.map((it) => it.key), [one.key]);
      for (const other of ofChannels.filter((it) => it.address !== one.address)) {
        const { pattern } = schemas[other.payload.$ref.split('/').at(-1)].properties.channel;
        assert.ok(!new RegExp(pattern).test(channel), `${other.key} takes ${channel}`);
      }
    }
  });

  test('every event has an example, which is valid', () => {
    for (const message of events.messages) {
      assert.equal(message.examples?.length, 1, message.name);
      assert.deepEqual(new Contract(events.document).wrong(message.name, message.examples[0].payload, message), []);
    }
  });

  test('what is made from the schemas is up to date', async () => {
    const generators = (await readdir(path.join(root, 'scripts'))).filter((it) => /^generate-.*\.mjs$/.test(it));
    assert.ok(generators.length >= 4);
    for (const it of generators) await promisify(execFile)(process.execPath, [path.join(root, 'scripts', it), '--check']);
  });

  test('the files, functions and events that documents name are there', async () => {
    await promisify(execFile)(process.execPath, [path.join(root, 'scripts/check-doc-names.mjs')]);
  });

  test('a document that is out of date, or names what is not there, is found', async () => {
    const copy = await temporaryFolder();
    for (const it of ['schema', 'scripts', 'docs', 'src', 'ARCHITECTURE.md', 'frontend/src']) await cp(path.join(root, it), path.join(copy, it), { recursive: true });
    const run = (script) => promisify(execFile)(process.execPath, [path.join(copy, 'scripts', script), '--check']);
    const schema = path.join(copy, 'schema/asyncapi.json');
    await writeFile(schema, (await readFile(schema, 'utf8')).replaceAll('samples_processed', 'samples_seen'));
    for (const it of ['generate-event-docs.mjs', 'generate-event-types.mjs', 'generate-payload-sizes.mjs']) await assert.rejects(run(it), /make docs/, it);
    await writeFile(schema, (await readFile(schema, 'utf8')).replaceAll('job:resources', 'job:usage'));
    await assert.rejects(run('generate-channel-docs.mjs'), /make docs/);
    await assert.rejects(run('check-doc-names.mjs'), /there is no event job:resources/);
    await rm(path.join(copy, 'src/jobs/queue_report.c'));
    await assert.rejects(run('check-doc-names.mjs'), /there is no file queue_report\.c/);
    await rm(copy, { recursive: true, force: true });
  });
});
