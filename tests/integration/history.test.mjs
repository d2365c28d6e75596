// The histories of a real server: snapshots of real jobs' progress, runs compared, and the machine's minutes.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { daysAgo, inDatabase } from './lib/database.mjs';
import { Follower } from './lib/follower.mjs';
import { Server, build, temporaryFolder, until } from './lib/headway.mjs';

const small = { n_features: 256, k: 16, batch_size: 256, log_every: 10, checkpoint_every: 500, seed: 5 };
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const near = (a, b, by, what) => assert.ok(Math.abs(a - b) <= by, `${what}: ${a}, and not ${b}`);

// Each attempt's snapshots: in order, no two closer than the rule has it but for the ends of a stretch, and the counts go on.
function checkAttempt(rows) {
  for (let i = 1; i < rows.length; i++) {
    const [a, b] = [rows[i - 1], rows[i]];
    assert.ok(b.progress >= a.progress && b.metrics.elapsed_seconds >= a.metrics.elapsed_seconds);
    const ends = i === rows.length - 1 || [a, b].some((it) => it.metrics.status === 'paused');
    if (ends) continue;
    assert.ok(b.progress - a.progress >= 1 - 0.011, `${a.progress} to ${b.progress} is no step`); // as shown, cut to hundredths
    assert.ok(Date.parse(b.timestamp) - Date.parse(a.timestamp) >= 1000 - 50, `${a.timestamp} to ${b.timestamp} is no interval`);
  }
  const { tenths, elapsed_seconds, phases } = rows.at(-1).metrics;
  near(sum(tenths), elapsed_seconds, 0.1 + 0.1 * elapsed_seconds, 'the tenths together');
  assert.ok(sum(phases.map((it) => it.seconds)) <= elapsed_seconds + 0.02);
}

describe('the history of progress', () => {
  let server;
  let made;
  before(async () => {
    server = await Server.start({ args: ['--progress-history-step-percent', '1', '--progress-history-interval-seconds', '1'] });
    made = await server.prepare({ documents: 0, samples: 256, layers: [2] });
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
  const past = async (id, more = '') => (await server.get(`/progress-history?entity_id=${id}${more}`)).items;
  const train = (more = {}) => server.post('/trainings', { extraction_id: made.extraction.id, ...small, ...more });

  test('a tokenization and an extraction have a first and a last snapshot, and their phases', async () => {
    for (const [id, phases] of [[made.dataset.id, ['encoding']], [made.extraction.id, ['extracting']]]) {
      const rows = await past(id);
      assert.ok(rows.length >= 2);
      assert.deepEqual([rows[0].progress, rows[0].metrics.status], [0, 'running']);
      assert.deepEqual([rows.at(-1).progress, rows.at(-1).metrics.status], [100, 'completed']);
      for (const phase of phases) assert.ok(rows.at(-1).metrics.phases.some((it) => it.name === phase), JSON.stringify(rows.at(-1).metrics));
      checkAttempt(rows);
    }
  });

  test('a training leaves a curve by the rule, and the events stay what they are', async () => {
    const training = await train({ total_steps: 4000 });
    const follower = await Follower.open(server.url, [`jobs/${training.job_id}/progress`]);
    await server.job(training.job_id, ['completed']);
    const rows = await past(training.id, '&entity_type=training');
    checkAttempt(rows);
    const last = rows.at(-1);
    const whole = await server.get(`/trainings/${training.id}`);
    assert.deepEqual([last.progress, last.metrics.step, last.metrics.total_steps, last.metrics.loss], [100, 4000, 4000, whole.loss]);
    near(last.metrics.elapsed_seconds, whole.duration_seconds, 0.5, 'the running time');
    assert.deepEqual(await past(training.job_id), rows, 'the same by its job');
    await until('the last event', () => follower.of('job:completed').length === 1);
    assert.equal(follower.of('job:progress').some((it) => 'metrics' in it || 'elapsed_seconds' in it), false);
    await follower.close();

    const [first, ...others] = rows;
    const page = await server.get(`/progress-history?entity_id=${training.id}&limit=1`);
    assert.deepEqual([page.rule, page.items], [{ step_percent: 1, interval_seconds: 1 }, [first]]);
    assert.deepEqual(await past(training.id, `&cursor=${page.next_cursor}`), others);
    assert.deepEqual(await past(training.id, `&end_time=${first.timestamp}`), [], 'the time has more digits than are shown');
    assert.deepEqual(await past(training.id, `&start_time=${new Date(Date.parse(first.timestamp) + 1).toISOString()}`), others);
  });

  test('a pause, and a kill -9 of the server, are in no count', async () => {
    const training = await train({ total_steps: 12000 });
    await until('a start', async () => (await server.get(`/jobs/${training.job_id}`)).progress > 5);
    await server.post(`/jobs/${training.job_id}/pause`);
    await server.job(training.job_id, ['paused']);
    const paused = (await past(training.id)).at(-1);
    assert.equal(paused.metrics.status, 'paused');
    await server.kill();
    await server.restart();
    await server.post(`/jobs/${training.job_id}/resume`);
    await until('some more', async () => (await server.get(`/jobs/${training.job_id}`)).progress > paused.progress + 5);
    await server.kill();
    await server.restart();
    await server.job(training.job_id, ['completed']);
    const rows = await past(training.id);
    checkAttempt(rows);
    assert.equal(rows.filter((it) => it.metrics.attempt !== 1).length, 0);
    const at = rows.findIndex((it) => it.id === paused.id);
    const resumed = rows[at + 1];
    assert.equal(resumed.metrics.status, 'running');
    near(resumed.metrics.elapsed_seconds, paused.metrics.elapsed_seconds, 0.01, 'the pause');
    const ran = (Date.parse(paused.timestamp) - Date.parse(rows[0].timestamp) + Date.parse(rows.at(-1).timestamp) - Date.parse(resumed.timestamp)) / 1000;
    near(rows.at(-1).metrics.elapsed_seconds, ran, 0.2, 'the running time');
  });

  test('a slower run is said to be slower, and one that was stopped is compared as far as it came', async () => {
    const quick = await train({ total_steps: 1500, name: 'quick' });
    const slow = await train({ total_steps: 1500, name: 'slow', batch_size: 2048 });
    await server.job(quick.job_id, ['completed']);
    await until('a third', async () => (await server.get(`/jobs/${slow.job_id}`)).progress > 33);
    const early = await server.get(`/progress-history/compare?entity_ids=${quick.id},${slow.id}`);
    assert.equal(early.basis, 'progress');
    assert.match(early.sentence, /slow is running at/);
    await server.post(`/jobs/${slow.job_id}/cancel`);
    await server.job(slow.job_id, ['cancelled']);
    const c = await server.get(`/progress-history/compare?entity_ids=${quick.id},${slow.job_id}`);
    assert.deepEqual([c.fastest, c.slowest], [quick.id, slow.job_id]);
    assert.deepEqual(c.runs.map((it) => [it.name, it.status, it.entity_id]), [['quick', 'completed', quick.id], ['slow', 'cancelled', slow.id]]);
    assert.ok(c.to < 100 && c.to > 30, `compared to ${c.to} %`);
    assert.ok(c.runs[1].speed < 0.9, `${c.runs[1].speed} of the speed`);
    assert.match(c.sentence, /^quick was .* slow.*; slow was cancelled at \d+/);
    assert.equal(c.by_progress.at(-1).seconds[1], null);
    assert.ok(c.by_progress.at(-1).seconds[0] > 0);
  });

  test('steps a second where there was not equally much to do', async () => {
    const [a, b] = [await train({ total_steps: 800, name: 'short' }), await train({ total_steps: 2400, name: 'long' })];
    for (const it of [a, b]) await server.job(it.job_id, ['completed']);
    const c = await server.get(`/progress-history/compare?entity_ids=${a.id},${b.id}`);
    assert.equal(c.basis, 'units');
    assert.ok(c.runs.every((it) => it.speed > 0.4), `of the same kind of work: ${c.runs.map((it) => it.speed)}`);
    assert.deepEqual(c.runs.map((it) => [it.unit, it.total]), [['steps', 800], ['steps', 2400]]);
  });

  test('what has not begun has no history yet, what nobody has is 404', async () => {
    const job = await server.post('/jobs', { kind: 'tokenize', params: { dataset_id: made.dataset.id, model_id: made.model.id }, queue: 'nobody' });
    assert.deepEqual((await past(job.id)).length, 0);
    const c = await server.get(`/progress-history/compare?entity_ids=${job.id},${made.extraction.id}`);
    assert.deepEqual([c.basis, c.fastest], [null, null]);
    await server.post(`/jobs/${job.id}/cancel`);
    for (const it of ['?entity_id=trn_none', '/compare?entity_ids=trn_none,trn_never', `?entity_type=dataset&entity_id=${made.extraction.id}`])
      assert.equal((await server.request('GET', `/api/v1/progress-history${it}`)).status, 404, it);
  });
});

describe('the machine over time', () => {
  let data;
  before(async () => {
    data = await temporaryFolder();
  });
  after(() => rm(data, { recursive: true, force: true }));

  const minute = (time, host, samples, readings) => [
    'INSERT INTO system_history (time, host, samples, readings) VALUES (?, ?, ?, ?)', time, host, samples, JSON.stringify(readings),
  ];
  const fast = { SYSTEM_MONITOR_INTERVAL_SECONDS: '0.1', HEADWAY_NVML: '' };
  const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
  const range = (server, from, more = '') => server.get(`/system/history?from=${from}${more}`);

  test('a minute is on the disk once it is over, and outlives a kill -9', { skip: /asan|tsan/.test(build) && 'its clock is preloaded' }, async () => {
    // The server's clock stands three seconds before the end of a minute.
    const skew = (57 - (Math.floor(Date.now() / 1000) % 60) + 60) % 60;
    const env = { ...fast, LD_PRELOAD: path.join(build, 'tests/libskewed_clock.so'), HEADWAY_CLOCK_SKEW: String(skew) };
    const server = await Server.start({ data, worker: false, env });
    const begun = new Date(Date.now() + skew * 1000 - 120e3).toISOString();
    const to = new Date(Date.now() + 600e3).toISOString();
    const first = await until('a minute on the disk', async () => {
      const answer = await range(server, begun, `&to=${to}&resolution=60`);
      return answer.items.length >= 2 ? answer : null;
    });
    assert.equal(first.source, 'disk');
    const last = first.items[0];
    await server.kill();
    const [row] = await inDatabase(data, ['SELECT time, host, samples FROM system_history']);
    assert.equal(row.time / 1000, Date.parse(last.ts));
    assert.equal(row.samples, last.samples);
    assert.ok(row.samples >= 5 && row.samples <= 100, `${row.samples} in about three seconds`);
    await server.restart();
    const again = await range(server, begun, `&to=${to}&resolution=60`);
    assert.deepEqual(again.items[0], last);
    assert.equal(again.host, row.host);
    assert.ok(last.memory_used[0] > 0 && last.memory_used[0] <= last.memory_used[1] && last.memory_used[1] <= last.memory_used[2]);
    assert.deepEqual(last.gpus, []);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  test('a server that has just begun tells all there is in fine steps, though it is asked from before', async () => {
    const young = await Server.start({ worker: false, env: fast });
    const told = await until('three readings', async () => {
      const answer = await range(young, ago(30));
      return answer.items.reduce((sum, it) => sum + it.samples, 0) >= 3 ? answer : null;
    });
    assert.deepEqual([told.source, told.resolution_seconds], ['memory', 1]);
    assert.equal((await range(young, ago(30), '&resolution=60')).source, 'disk', 'nothing finer was asked for');
    await young.stop();
  });

  test('from the disk in steps of any length, from memory as finely as it was read', async () => {
    let server = await Server.start({ data, worker: false, env: fast });
    const { host } = await until('a reading', async () => (await server.get('/system/metrics'))['system/cpu']);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    const noon = Math.floor(daysAgo(3) / 86400e6) * 86400e6 + 43200e6;
    await inDatabase(
      data,
      ...[10, 20, 60].map((cpu, i) => minute(noon + i * 60e6, host, 30, { cpu_percent: [0, cpu, 100], gpus: [{ gpu_id: 0, utilization: [i, i, i] }] })),
      minute(noon + 10 * 60e6, host, 10, { cpu_percent: [5, 6, 7] }),
      minute(noon + 11 * 60e6, host, 30, { cpu_percent: [1, 2, 3], memory_used: [7, 8, 9] }),
      minute(noon, 'elsewhere', 30, { cpu_percent: [99, 99, 99] }),
    );
    server = await Server.start({ data, worker: false, env: fast });
    await until('readings', async () => (await server.get('/system/metrics'))['system/memory']);
    const at = (us) => new Date(us / 1000).toISOString();
    const day = await range(server, at(noon), `&to=${at(noon + 3600e6)}&resolution=300`);
    assert.deepEqual([day.host, day.source, day.resolution_seconds], [host, 'disk', 300]);
    assert.deepEqual(day.items.map((it) => [it.ts, it.samples, it.cpu_percent, it.memory_used]), [
      [at(noon), 90, [0, 30, 100], null],
      [at(noon + 600e6), 40, [1, 3, 7], [7, 8, 9]],
    ]);
    assert.deepEqual(day.items[0].gpus, [{ gpu_id: 0, utilization: [0, 1, 2], memory_used: null, temperature: null, power_usage: null }]);
    assert.equal((await range(server, at(noon), `&to=${at(noon + 3600e6)}&resolution=1`)).resolution_seconds, 60);
    const other = await range(server, at(noon), `&to=${at(noon + 60e6)}&host=elsewhere`);
    assert.deepEqual(other.items.map((it) => it.cpu_percent), [[99, 99, 99]]);

    // Of this server's own short life.
    const now = await until('two seconds of it', async () => {
      const answer = await range(server, ago(2), '&resolution=1');
      return answer.items.length >= 2 ? answer : null;
    });
    assert.deepEqual([now.source, now.resolution_seconds], ['memory', 1]);
    for (const it of now.items) assert.ok(it.samples >= 1 && it.samples <= 11);
    await server.post('/schedule/system_retention/run');
    const { last_result } = await until('the removal', async () => (await server.get('/schedule')).items.find((it) => it.name === 'system_retention' && it.runs));
    assert.equal(last_result.removed, 0, 'three days are not thirty');
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
});
