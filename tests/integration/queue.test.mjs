// The queue with real workers: named queues, turns, delays, time limits, failures that are tried again, and submissions that come twice.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { readSchema } from './lib/contract.mjs';
import { Follower } from './lib/follower.mjs';
import { headway, Server, until } from './lib/headway.mjs';
import { processesOf } from './lib/processes.mjs';
import { Worker } from './lib/worker.mjs';

// A training's seed says what its task does. $1 KIND --params FILE; the wire is descriptor 3.
const script = `
seed=$(sed 's/.*"seed":\\([0-9]*\\).*/\\1/' "$3")
case "$seed" in
  1) exec sleep 1000 ;;
  2) trap 'exit 0' TERM; sleep 1000 & wait ;;
  3) if [ "$HEADWAY_ATTEMPT" = 1 ]; then
       echo '{"type":"error","error_type":"NETWORK","message":"connection refused by example.org"}' >&3
       exit 1
     fi ;;
  4) if ! grep -q '"batch_size":512[,}]' "$3"; then
       echo '{"type":"error","error_type":"OOM","message":"tried to allocate 9 GiB"}' >&3
       exit 1
     fi ;;
esac
echo '{"type":"result"}' >&3`;
const [SLEEPS, ENDS_WELL_WHEN_ASKED, NETWORK, MEMORY] = [1, 2, 3, 4];

describe('queue', () => {
  let server;
  let ready; // model, dataset and extraction
  before(async () => {
    server = await Server.start();
    ready = await server.prepare();
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  const submit = (body = {}) => {
    const { seed = 0, ...rest } = body;
    return server.post('/jobs', { kind: 'train_sae', params: { extraction_id: ready.extraction.id, batch_size: 1024, seed }, queue: 'scripted', ...rest });
  };
  const unserved = async () => (await server.get('/operations')).unserved;

  test('never again 14, 15: two workers, two queues: each takes its own, and a queue that nobody serves says so', async () => {
    const job = await submit({ queue: 'nightly' });
    assert.equal(job.status_text, 'no worker serves the queue nightly');
    assert.equal((await server.get(`/jobs/${job.id}`)).status_text, 'no worker serves the queue nightly');
    assert.deepEqual(await unserved(), [{ queue: 'nightly', resource_class: 'cpu', jobs: 1 }]);
    const scripted = await Worker.start(server, { queues: 'scripted', script });
    const blocking = await submit({ seed: SLEEPS });
    await server.job(blocking.id, ['running']);
    assert.equal((await server.get(`/jobs/${job.id}`)).status, 'queued', 'not for a worker of another queue');
    const nightly = await Worker.start(server, { queues: 'nightly,weekly', script });
    const done = await server.job(job.id);
    assert.equal(done.status, 'completed', done.error_message);
    assert.equal(done.worker_id, nightly.id);
    assert.deepEqual(await unserved(), []);
    const { workers } = await server.get('/operations');
    assert.deepEqual(workers.find((it) => it.id === nightly.id).queues, ['nightly', 'weekly']);
    await server.post(`/jobs/${blocking.id}/cancel`);
    assert.equal((await server.job(blocking.id)).worker_id, scripted.id);
    await nightly.stop();
    await scripted.stop();
  });

  test('never again 15: a queue with many jobs takes turns with one that has few', async () => {
    const many = [];
    for (let i = 0; i < 40; i++) many.push(await submit({ queue: 'many' }));
    const few = [await submit({ queue: 'few' }), await submit({ queue: 'few' })];
    const worker = await Worker.start(server, { queues: 'many,few', script });
    const ended = [];
    for (const job of few) ended.push(await server.job(job.id));
    assert.deepEqual(ended.map((it) => it.status), ['completed', 'completed']);
    const before = (await Promise.all(many.map((it) => server.get(`/jobs/${it.id}`)))).filter((it) => it.started_at && it.started_at < ended[1].started_at);
    assert.ok(before.length <= 3, `${before.length} of the other queue went before`);
    for (const job of many) await server.request('POST', `/api/v1/jobs/${job.id}/cancel`);
    await worker.stop();
  });

  test('a delayed job waits, says so, and is taken when its time comes', async () => {
    const worker = await Worker.start(server, { queues: 'scripted', script });
    const job = await submit({ delay_seconds: 1.5, priority: 1000 });
    assert.match(job.status_text, /^waits until \d{4}-/);
    const ahead = Date.parse(job.not_before) - Date.parse(job.created_at);
    assert.ok(ahead > 500 && ahead <= 1500, `${ahead} ms`);
    const other = await server.job((await submit()).id);
    const done = await server.job(job.id);
    assert.equal(done.status, 'completed', done.error_message);
    assert.ok(done.started_at >= job.not_before, `${done.started_at} is before ${job.not_before}`);
    assert.ok(Date.parse(done.started_at) - Date.parse(job.not_before) < 5000, 'a claim that waits is woken');
    assert.ok(other.started_at < done.started_at, 'it held up nobody');
    await worker.stop();
  });

  test('a delay outlives a server that was killed', async () => {
    const not_before = new Date(Date.now() + 2500).toISOString();
    const job = await submit({ not_before });
    assert.equal(job.not_before, not_before);
    await server.kill();
    await server.restart();
    const worker = await Worker.start(server, { queues: 'scripted', script });
    const done = await server.job(job.id);
    assert.equal(done.status, 'completed', done.error_message);
    assert.ok(done.started_at >= not_before);
    await worker.stop();
  });

  test('a failing network is tried again by itself: the same job, its next attempt', async () => {
    const job = await submit({ seed: NETWORK });
    const follower = await Follower.open(server.url, [`jobs/${job.id}/progress`]);
    const worker = await Worker.start(server, { queues: 'scripted', script });
    await follower.wait('job:completed');
    const ways = follower.of('job:status_changed').map((it) => `${it.previous}>${it.status}`);
    // What one report brings together is told as one change.
    assert.match(ways.join(' '), /^queued>starting (starting>running running|starting)>queued queued>starting (starting>running running|starting)>completed$/);
    const done = await server.get(`/jobs/${job.id}`);
    assert.deepEqual([done.attempt, done.error_type, done.progress], [2, null, 100]);
    const { items } = await server.get(`/jobs/${job.id}/logs?stream=log`);
    assert.match(items[0].text, /^attempt 1 failed \(NETWORK\): connection refused by example\.org; attempt 2 begins in [012]\.\d s$/);
    assert.deepEqual(follower.unexplained(`jobs/${job.id}/progress`), []);
    follower.close();
    await worker.stop();
  });

  test('memory that ran out is tried once more with half the batch, only where that was asked for', async () => {
    const worker = await Worker.start(server, { queues: 'scripted', script });
    const refused = await server.job((await submit({ seed: MEMORY })).id);
    assert.deepEqual([refused.status, refused.error_type, refused.attempt, refused.suggested_retry_params], ['failed', 'OOM', 1, { batch_size: 512 }]);
    const done = await server.job((await submit({ seed: MEMORY, auto_retry: true })).id);
    assert.equal(done.status, 'completed', done.error_message);
    assert.deepEqual([done.attempt, done.params.batch_size], [2, 512]);
    assert.equal((await server.get(`/trainings/${done.entity_id}`)).batch_size, 512);
    const { items } = await server.get(`/jobs/${done.id}/logs?stream=log`);
    assert.match(items[0].text, /attempt 2 begins at once with \{"batch_size":512\}/);
    await worker.stop();
  });

  test('a time limit ends the job and every process of it, whatever its exit says', async () => {
    const worker = await Worker.start(server, { queues: 'scripted', script });
    const job = await submit({ seed: ENDS_WELL_WHEN_ASKED, time_limit_seconds: 1 });
    assert.equal(job.time_limit_seconds, 1);
    const done = await server.job(job.id);
    assert.deepEqual([done.status, done.error_type], ['failed', 'TIMEOUT']);
    assert.ok(Date.parse(done.finished_at) - Date.parse(done.started_at) >= 900);
    assert.deepEqual(await processesOf(job.id), []);
    await worker.stop();
  });

  test('the command line passes on what is asked of the queue', async () => {
    const args = ['train', ready.extraction.id, '--queue', 'nobody', '--priority', '7', '--not-before', '2030-01-31T08:00:00Z', '--time-limit-seconds', '2.5', '--max-attempts', '3', '--auto-retry', 'true', '--json'];
    const { stdout } = await promisify(execFile)(headway, args, { env: { ...process.env, HEADWAY_URL: server.url } });
    const job = await server.get(`/jobs/${JSON.parse(stdout).job_id}`);
    assert.deepEqual([job.queue, job.priority, job.not_before, job.time_limit_seconds, job.max_attempts, job.auto_retry], ['nobody', 7, '2030-01-31T08:00:00.000Z', 2.5, 3, true]);
    assert.equal(job.status_text, 'waits until 2030-01-31T08:00:00.000Z; no worker serves the queue nobody');
    await server.post(`/jobs/${job.id}/cancel`);
  });

  test('never again 16: a job that a worker is given is there already, and so is what it is for', async () => {
    const { json: worker } = await server.request('POST', '/api/v1/workers', { slots: { cpu: 1 }, queues: ['raw'] });
    for (let round = 0; round < 30; round++) {
      const claim = server.request('POST', `/api/v1/workers/${worker.id}/claim`, { slots: { cpu: 1 }, wait_seconds: 20 });
      const submitted = submit({ queue: 'raw' });
      const given = (await claim).json.jobs[0];
      const [job, training] = await Promise.all([
        server.request('GET', `/api/v1/jobs/${given.job_id}`),
        server.request('GET', `/api/v1/trainings/${given.spec.output_dir.split('/').at(-1)}`),
      ]);
      assert.deepEqual([job.status, training.status], [200, 200]);
      assert.equal((await submitted).id, given.job_id);
      await server.post(`/jobs/${given.job_id}/cancel`);
      const end = { job_id: given.job_id, attempt: 1, lease: given.lease, events: [{ type: 'exited', code: 1 }] };
      await server.request('POST', `/api/v1/workers/${worker.id}/report`, { batch: round + 1, reports: [end] });
    }
  });

  test('never again 17: ten clicks at once are one job, and a finished one is not run again', async () => {
    const idempotency_key = 'ten clicks';
    const body = { kind: 'train_sae', params: { extraction_id: ready.extraction.id }, queue: 'raw2', idempotency_key };
    const answers = await Promise.all(Array.from({ length: 10 }, () => server.request('POST', '/api/v1/jobs', body)));
    assert.deepEqual(answers.map((it) => it.status).sort(), [200, 200, 200, 200, 200, 200, 200, 200, 200, 201]);
    assert.equal(new Set(answers.map((it) => it.json.id)).size, 1);
    const id = answers[0].json.id;
    const { json: worker } = await server.request('POST', '/api/v1/workers', { slots: { cpu: 1 }, queues: ['raw2'] });
    const claim = async () => (await server.request('POST', `/api/v1/workers/${worker.id}/claim`, { slots: { cpu: 9 }, wait_seconds: 0 })).json.jobs;
    const [given, ...others] = await claim();
    assert.deepEqual([given.job_id, others], [id, []]);
    const report = { batch: 1, reports: [{ job_id: id, attempt: 1, lease: given.lease, events: [{ type: 'started' }, { type: 'exited', code: 0 }] }] };
    // An answer that was lost on the way: the same batch again.
    for (let i = 0; i < 2; i++) assert.equal((await server.request('POST', `/api/v1/workers/${worker.id}/report`, report)).json.jobs[id].ok, true);
    const done = await server.get(`/jobs/${id}`);
    assert.equal(done.status, 'completed');
    const again = await server.request('POST', '/api/v1/jobs', body);
    assert.deepEqual([again.status, again.json.id, again.json.status, again.json.version], [200, id, 'completed', done.version]);
    assert.deepEqual(await claim(), []);
  });

  test('never again 17: a second click on what the first one has changed is the same job, not a conflict', async () => {
    const { id } = await server.post('/datasets', { path: ready.dataset.path });
    const body = { model_id: ready.model.id, queue: 'nobody', idempotency_key: `tokenize ${id}` };
    const clicks = await Promise.all(Array.from({ length: 5 }, () => server.request('POST', `/api/v1/datasets/${id}/tokenize`, body)));
    clicks.push(await server.request('POST', `/api/v1/datasets/${id}/tokenize`, body));
    assert.deepEqual(clicks.map((it) => it.status).sort(), [200, 200, 200, 200, 200, 201], clicks.map((it) => it.text).join('\n'));
    assert.equal(new Set(clicks.map((it) => it.json.id)).size, 1);
    await server.post(`/jobs/${clicks[0].json.id}/cancel`);
  });

  test('never again 18: what the queue can not do is refused with the field, for every kind, and nothing is queued', async () => {
    const ids = { tokenize: { dataset_id: ready.dataset.id, model_id: ready.model.id }, extract: { dataset_id: ready.dataset.id, model_id: ready.model.id, layers: [2] }, train_sae: { extraction_id: ready.extraction.id }, fine_tune: { model_id: ready.model.id, dataset_id: ready.dataset.id }, download_model: { repo_id: 'some/model' }, download_dataset: { repo_id: 'some/words' } };
    const kinds = (await readSchema('openapi.json')).components.schemas.Kind.enum.filter((it) => it !== 'command');
    const bad = [
      ['queue', 'two words'], ['queue', ''], ['queue', 'q'.repeat(65)], ['queue', 7],
      ['delay_seconds', -1], ['delay_seconds', 'soon'], ['not_before', 'tomorrow'], ['not_before', 5],
      ['time_limit_seconds', 0], ['time_limit_seconds', '1h'], ['auto_retry', 'yes'], ['priority', 1001], ['max_attempts', 0], ['idempotency_key', ''],
    ];
    const before = (await server.get('/operations')).counts;
    assert.deepEqual(kinds, Object.keys(ids), 'each kind is tried here');
    for (const kind of kinds) {
      for (const [field, value] of bad) {
        const r = await server.request('POST', '/api/v1/jobs', { kind, params: ids[kind], [field]: value });
        assert.deepEqual([r.status, r.json.error?.field], [422, field], `${kind} ${field} ${value}: ${r.text}`);
      }
      const both = await server.request('POST', '/api/v1/jobs', { kind, params: ids[kind], delay_seconds: 1, not_before: '2030-01-01T00:00:00Z' });
      assert.deepEqual([both.status, both.json.error?.field], [422, 'not_before'], both.text);
      // What a hub has, only the hub knows.
      for (const id of Object.keys(ids[kind]).filter((it) => it.endsWith('_id') && it !== 'repo_id')) {
        const r = await server.request('POST', '/api/v1/jobs', { kind, params: { ...ids[kind], [id]: 'xxx_none' } });
        assert.deepEqual([r.status, r.json.error?.field], [422, id], r.text);
      }
      const unknown = await server.request('POST', '/api/v1/jobs', { kind, params: { ...ids[kind], no_such: 1 } });
      assert.deepEqual([unknown.status, unknown.json.error?.field], [422, 'no_such'], unknown.text);
    }
    for (const queues of [[], ['a', 'a'], ['a b'], ['a,b'], 'a', [1], Array.from({ length: 17 }, (_, i) => `q${i}`)]) {
      const r = await server.request('POST', '/api/v1/workers', { queues });
      assert.deepEqual([r.status, r.json.error?.field], [422, 'queues'], `${queues}: ${r.text}`);
    }
    await until('the counts to be as before', async () => JSON.stringify((await server.get('/operations')).counts) === JSON.stringify(before));
  });
});
