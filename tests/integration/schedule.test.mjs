// Periodic tasks of a real server: what was missed is caught up once, what a kill cut off too, by hand, and what is shown.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { daysAgo, inDatabase } from './lib/database.mjs';
import { Server, temporaryFolder, until } from './lib/headway.mjs';

async function tasks(server) {
  const { items } = await server.get('/schedule');
  return Object.fromEntries(items.map((it) => [it.name, it]));
}

const ended = (server, name, runs) => until(`run ${runs} of ${name}`, async () => {
  const task = (await tasks(server))[name];
  return task.runs >= runs && !task.running ? task : null;
});

// Before it has read what the database knows, it can't say when anything is due.
const started = (server) => until('the schedule', async () => (await tasks(server)).worker_retention.next_run_at);

async function run(server, name) {
  await started(server);
  const { runs } = await server.post(`/schedule/${name}/run`);
  return ended(server, name, runs + 1);
}

const stop = async (server) => assert.deepEqual(await server.stop(), { code: 0, signal: null });

const worker = (id, days) => [
  'INSERT INTO workers (id, slots_gpu, slots_cpu, slots_io, last_batch, created_at, last_seen_at) VALUES (?, 0, 1, 0, 0, ?, ?)', id, daysAgo(days), daysAgo(days),
];

// A running job's lease lasts until tomorrow.
const job = (id, status, days, workerId = null) => [
  `INSERT INTO jobs (id, kind, name, status, attempt, max_attempts, priority, queue, resource_class, params, spec, phase_index, phase_count, created_at, queued_at,
     finished_at, updated_at, log_seq, version, dismissed, determinate, worker_id, lease, lease_until)
   VALUES (?1, 'command', 'x', ?2, 1, 1, 0, 'default', 'cpu', '{}', '{}', 0, 0, ?3, ?3, ?3, ?3, 0, 1, 0, 0, ?4, ?5, ?6)`,
  id, status, daysAgo(days), workerId, status === 'running' ? 'lease' : null, status === 'running' ? daysAgo(-1) : null,
];

const log = (jobId, lines) => [
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
   INSERT INTO job_logs (job_id, seq, lines, bytes, streams, data) SELECT ?1, i, 1, length(t), 1, '1 o ' || length(t) || ' ' || t
     FROM n, (SELECT 'a line of a job that ended long ago' AS t)`, jobId, lines,
];

describe('the schedule', () => {
  let server, data;
  before(async () => {
    data = await temporaryFolder();
    // Nine hours before UTC all year: 02:30 there is 17:30.
    server = await Server.start({ data, worker: false, env: { TZ: 'JST-9', SYSTEM_MONITOR_INTERVAL_SECONDS: '0.2' } });
  });
  after(async () => {
    await stop(server);
    await rm(data, { recursive: true, force: true });
  });

  test('a new server has run nothing, and says when it will', async () => {
    await started(server);
    const { items } = await server.get('/schedule');
    assert.deepEqual(items.map((it) => [it.name, it.spec, it.timezone]), [
      ['system_monitor', 'every 0.2 seconds', null],
      ['database_maintenance', 'daily 02:30', 'local'],
      ['worker_retention', 'daily 03:10', 'local'],
      ['output_sweep', 'daily 03:20', 'local'],
      ['job_log_retention', 'monthly 1 03:30', 'local'],
      ['progress_retention', 'monthly 1 03:50', 'local'],
      ['system_retention', 'daily 03:20', 'local'],
      ['curve_sums', 'daily 01:30', 'local'],
      ['metric_archival', 'daily 02:00', 'local'],
      ['training_removal', 'daily 02:20', 'local'],
    ]);
    for (const task of items.slice(1)) {
      assert.equal(task.runs, 0, task.name);
      assert.equal(task.last_started_at, null);
      assert.equal(task.last_result, null);
      assert.ok(Date.parse(task.next_run_at) > Date.now());
    }
    assert.match(items[1].next_run_at, /T17:30:00\.000Z$/);
    assert.ok(Date.parse(items[1].next_run_at) <= Date.now() + 86400e3);
    assert.match(items.find((it) => it.name === 'job_log_retention').next_run_at, /T18:30:00\.000Z$/);
  });

  test('system monitoring shows its own readings', async () => {
    const first = await until('a reading', async () => {
      const task = (await tasks(server)).system_monitor;
      return task.runs > 0 ? task : null;
    });
    const later = await until('another', async () => {
      const task = (await tasks(server)).system_monitor;
      return task.runs > first.runs ? task : null;
    });
    assert.ok(Date.parse(later.last_started_at) > Date.parse(first.last_started_at));
    assert.ok(Date.parse(later.next_run_at) > Date.parse(later.last_started_at));
    assert.ok(later.last_duration_seconds >= 0);
    await assert.rejects(server.post('/schedule/system_monitor/run'), { status: 409 });
  });

  test('by hand a task runs now, and its result is what it measured', async () => {
    await started(server);
    const asked = await server.post('/schedule/database_maintenance/run');
    assert.equal(asked.running, true);
    assert.ok(Math.abs(Date.parse(asked.last_started_at) - Date.now()) < 60e3);
    const task = await ended(server, 'database_maintenance', 1);
    assert.equal(task.last_error, null);
    assert.equal(task.failures, 0);
    assert.equal(task.last_result.page_bytes, 4096);
    assert.ok(task.last_result.database_pages > 10);
    assert.equal(task.last_started_at, asked.last_started_at);
    assert.equal(task.next_run_at, asked.next_run_at);
    await assert.rejects(server.post('/schedule/gardening/run'), { status: 404 });
  });

  test('never_again_15_periodic_tasks_wait_for_no_place_of_a_worker', async () => {
    await stop(server);
    await inDatabase(data, job('job_waits', 'queued', 0));
    await server.restart();
    assert.equal((await run(server, 'database_maintenance')).runs, 2);
    assert.equal((await server.get('/jobs/job_waits')).status, 'queued');
  });

  test('Prometheus is told how often and when last', async () => {
    const { text } = await server.request('GET', '/metrics');
    assert.match(text, /^headway_scheduled_task_runs_total\{task="database_maintenance",outcome="success"\} 2$/m);
    assert.match(text, /^headway_scheduled_task_runs_total\{task="database_maintenance",outcome="failure"\} 0$/m);
    assert.match(text, /^headway_scheduled_task_last_success_timestamp_seconds\{task="database_maintenance"\} 1\d{9}(\.\d+)?$/m);
    assert.doesNotMatch(text, /last_success_timestamp_seconds\{task="worker_retention"/);
  });

  test('what was missed while no server ran is caught up once, and a restart repeats nothing', async () => {
    await stop(server);
    await inDatabase(
      data,
      ['UPDATE scheduled_tasks SET last_started_at = ? WHERE name = ?', daysAgo(12), 'worker_retention'],
      worker('wrk_old', 31), worker('wrk_new', 29), worker('wrk_holds', 31),
      job('job_held', 'running', 31, 'wrk_holds'),
    );
    await server.restart();
    const task = await ended(server, 'worker_retention', 1);
    assert.equal(task.runs, 1);
    assert.deepEqual(task.last_result, { removed: 1 });
    assert.ok(Date.parse(task.next_run_at) > Date.now());
    assert.equal((await tasks(server)).database_maintenance.runs, 2, 'nothing else was missed');

    await stop(server);
    assert.deepEqual(await inDatabase(data, ['SELECT id FROM workers ORDER BY id']), [{ id: 'wrk_holds' }, { id: 'wrk_new' }]);
    await server.restart();
    await run(server, 'database_maintenance'); // by now what is due at the start has begun
    const again = (await tasks(server)).worker_retention;
    assert.equal(again.runs, 1);
    assert.equal(again.running, false);
    assert.equal(again.last_started_at, task.last_started_at);
    assert.deepEqual(again.last_result, task.last_result);
  });

  test('a run that a kill cut off counts as missed', async () => {
    await stop(server);
    await inDatabase(
      data,
      ['UPDATE scheduled_tasks SET last_started_at = ? WHERE name = ?', daysAgo(45), 'job_log_retention'],
      job('job_old', 'completed', 91), job('job_fresh', 'failed', 89),
      log('job_old', 300000), log('job_fresh', 50),
    );
    await server.restart();
    const mark = ['SELECT running_since FROM scheduled_tasks WHERE name = ?', 'job_log_retention'];
    await until('the mark of the run', async () => (await inDatabase(data, mark))[0].running_since);
    await server.kill();
    const [left] = await inDatabase(data, ['SELECT running_since, runs, (SELECT COUNT(*) FROM job_logs) AS lines FROM scheduled_tasks WHERE name = ?', 'job_log_retention']);
    assert.ok(left.running_since > 0, 'killed in the middle');
    assert.equal(left.runs, 0);
    assert.ok(left.lines > 50);

    await server.restart();
    const task = await ended(server, 'job_log_retention', 1);
    assert.equal(task.last_error, null);
    assert.equal(task.runs, 1);
    assert.equal(task.last_result.jobs, 1);
    assert.equal(task.last_result.lines, left.lines - 50);
    assert.ok(task.last_result.slices > 1, 'the writer was left to others in between');
    assert.equal((await server.get('/jobs/job_old/logs')).items.length, 0);
    assert.equal((await server.get('/jobs/job_fresh/logs')).items.length, 50);
  });

  test('a server that is stopped in a run ends in order, and runs it again', async () => {
    await stop(server);
    await inDatabase(data, ['UPDATE scheduled_tasks SET last_started_at = ? WHERE name = ?', daysAgo(45), 'job_log_retention'], log('job_old', 300000));
    await server.restart();
    await until('the run', async () => (await tasks(server)).job_log_retention.running);
    await stop(server);
    const [left] = await inDatabase(data, ['SELECT running_since, interruptions, runs, failures, (SELECT COUNT(*) FROM job_logs) AS lines FROM scheduled_tasks WHERE name = ?', 'job_log_retention']);
    const { lines, ...row } = left;
    assert.deepEqual(row, { running_since: null, interruptions: 0, runs: 1, failures: 0 });
    assert.ok(lines > 50);
    await server.restart();
    const task = await ended(server, 'job_log_retention', 2);
    assert.equal(task.last_result.lines, lines - 50);
  });
});
