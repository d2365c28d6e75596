// A training is deleted: nothing shows it from the answer on, and nothing is left of it, live or archived, though the server is killed meanwhile.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { daysAgo, inDatabase } from './lib/database.mjs';
import { Server, temporaryFolder, until } from './lib/headway.mjs';
import { Postgres } from './lib/postgres.mjs';

const ROWS = 120000;
const TABLES = {
  training_metrics: 'training_id = 1', training_metrics_archive: 'training_id = 1', training_metric_rollups: 'training_id = 1', training_metric_cuts: 'training_id = 1',
  training_metric_restores: 'training_id = 1', checkpoints: "training_id = 'trn_1'", progress_history: "entity_id = 'trn_1'", trainings: 'key = 1', deleted_trainings: 'key = 1',
};
const COUNTS = Object.entries(TABLES).map(([table, where]) => `(SELECT COUNT(*) FROM ${table} WHERE ${where}) AS ${table}`);

// Two trainings, each with its ended job, a checkpoint and a snapshot; and curves with rows of two months for both backends' SQL.
const trainings = [1, 2].flatMap((key) => [
  `INSERT INTO jobs (id, kind, name, status, attempt, max_attempts, priority, queue, resource_class, entity_type, entity_id, params, spec, phase_index, phase_count, created_at, queued_at, updated_at, log_seq,
     version, dismissed, determinate) VALUES ('job_${key}', 'train_sae', 'x', 'failed', 1, 1, 0, 'default', 'cpu', 'training', 'trn_${key}', '{}', '{}', 0, 0, 1, 1, 1, 0, 1, 0, 0)`,
  `INSERT INTO trainings (key, id, job_id, name, status, output_path, created_at, updated_at) VALUES (${key}, 'trn_${key}', 'job_${key}', 'x', 'failed', '/nowhere/trn_${key}', ${key}, 1)`,
  `INSERT INTO checkpoints (id, training_id, step, layer_idx, is_best, storage_path, created_at) VALUES ('ckp_${key}', 'trn_${key}', 1, 0, 1, '/nowhere', 1)`,
  `INSERT INTO progress_history (entity_type, entity_id, timestamp, progress, metrics, created_at) VALUES ('training', 'trn_${key}', 1, 5, '{"job_id":"job_${key}","attempt":1,"status":"failed"}', 1)`,
]);
const begin = Math.round(daysAgo(60));
const cut = 'INSERT INTO training_metric_cuts (training_id, layer_idx, step) VALUES (1, 0, 100)';
const restored = `INSERT INTO training_metric_restores (training_id, restored_at, complete) VALUES (1, ${Math.round(daysAgo(0))}, 0)`;
const rows = (key, n, numbers) => `INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss) SELECT ${key}, i % 2 - 1, i, ${begin} + i * ${Math.floor(60 * 86400e6 / n)}, 1.5 FROM ${numbers}`;

const task = async (server, name) => (await server.get('/schedule')).items.find((it) => it.name === name);
const quiet = (server, name) => until(`${name} to be over`, async () => {
  const it = await task(server, name);
  return it.next_run_at && !it.running ? it : null;
}, 60);
async function run(server, name, ask) {
  const { runs } = await quiet(server, name);
  await ask();
  await until(`${name} to run`, async () => (await task(server, name)).runs > runs, 60);
  assert.equal((await quiet(server, name)).last_error, null);
}

async function assertShowsNothing(server, kept) {
  for (const path of ['trn_1', 'trn_1/metrics', 'trn_1/metrics?layer=*&max_points=100&include_archived=true', 'trn_1/metrics?layer=*&format=binary', 'trn_1/checkpoints'])
    assert.equal((await server.request('GET', `/api/v1/trainings/${path}`)).status, 404, path);
  assert.equal((await server.request('DELETE', '/api/v1/trainings/trn_1')).status, 404);
  assert.deepEqual((await server.get('/trainings')).items.map((it) => it.id), ['trn_2']);
  assert.deepEqual((await server.get('/trainings/curves?ids=trn_1,trn_2')).items.map((it) => it.training_id), ['trn_2']);
  for (const query of ['entity_id=trn_1', 'entity_id=trn_1&entity_type=training']) assert.equal((await server.request('GET', `/api/v1/progress-history?${query}`)).status, 404, query);
  assert.deepEqual((await server.get('/progress-history?entity_id=job_1')).items, []);
  assert.equal((await server.request('GET', '/api/v1/progress-history/compare?entity_ids=trn_1,trn_2')).status, 404);
  const counts = await server.get('/maintenance/metrics');
  assert.equal(counts.live.rows + counts.archived.rows, kept);
  assert.equal((await server.request('POST', '/api/v1/maintenance/restore', { training_id: 'trn_1' })).status, 202);
  assert.match((await quiet(server, 'metric_archival')).last_error, /there is no training trn_1/);
  // Its job is history.
  assert.equal((await server.get('/jobs/job_1')).entity_id, 'trn_1');
  const { items } = await server.get('/operations?state=failed');
  assert.deepEqual(items.map((it) => [it.id, it.training?.id ?? null]).sort(), [['job_1', null], ['job_2', 'trn_2']]);
  const retry = await server.request('POST', '/api/v1/jobs/job_1/retry', {});
  assert.deepEqual([retry.status, retry.json.error.message], [409, "its training trn_1 was deleted: a job can't be retried without one"]);
}

// count: the rows of each of TABLES, of a server that runs or not.
async function deleteWhileKilled(t, server, count, kept) {
  const all = await count();
  for (const [table, n] of Object.entries(all)) assert.ok(table === 'deleted_trainings' ? n === 0 : n > 0, `${table}: ${n}`);
  assert.ok(all.training_metrics > 30000 && all.training_metrics_archive > 30000);
  const answer = await server.request('DELETE', '/api/v1/trainings/trn_1');
  assert.deepEqual([answer.status, answer.json], [200, { id: 'trn_1', files_kept: '/nowhere/trn_1' }]);
  await server.kill();
  let left = await count();
  assert.equal(left.trainings, 0);
  assert.equal(left.deleted_trainings, 1);
  assert.ok(left.training_metrics_archive > 0, 'the kill came before its end');
  // What is left goes with the next server, but that is killed, too, once it has removed something more.
  const sum = (it) => it.training_metrics + it.training_metrics_archive;
  await server.restart();
  const before = sum(left);
  await until('rows to go', async () => sum((left = await count())) < before);
  await server.kill();
  left = await count();
  assert.ok(left.deleted_trainings === 1 && sum(left) > 0, `killed in the middle: ${JSON.stringify(left)}`);
  await server.restart();
  await assertShowsNothing(server, kept);
  await until('nothing to be left', async () => Object.values(await count()).every((n) => n === 0), 60);
  await assertShowsNothing(server, kept);
  const it = await quiet(server, 'training_removal');
  assert.equal(it.last_error, null);
  t.diagnostic(JSON.stringify(it.last_result));
}

const numbers = (n) => `(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${n - 1}) SELECT i FROM n)`;

test('a training with rows by the hundred thousand is deleted, and the server killed twice while it removes them', async (t) => {
  const data = await temporaryFolder();
  const server = await Server.start({ data, worker: false });
  try {
    await server.stop();
    await inDatabase(data, ...trainings.map((text) => [text]), [rows(1, ROWS, numbers(ROWS))], [rows(2, 1000, numbers(1000))]);
    await server.restart();
    await run(server, 'curve_sums', () => server.post('/schedule/curve_sums/run'));
    await run(server, 'metric_archival', () => server.post('/maintenance/archive'));
    await server.stop();
    await inDatabase(data, [cut], [restored]);
    await server.restart();
    const count = async () => (await inDatabase(data, ['ATTACH ? AS archive', `${data}/headway-archive.db`], [`SELECT ${COUNTS.join(', ')}`]))[0];
    await deleteWhileKilled(t, server, count, 1000);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
});

test('the same on PostgreSQL', async (t) => {
  const database = await Postgres.start();
  const server = await Server.start({ env: { DATABASE_URL: database.url }, worker: false });
  await quiet(server, 'metric_archival');
  for (const text of [...trainings, rows(1, ROWS, `generate_series(0::bigint, ${ROWS - 1}) AS i`), rows(2, 1000, 'generate_series(0::bigint, 999) AS i')]) await database.ask(text);
  await run(server, 'curve_sums', () => server.post('/schedule/curve_sums/run'));
  await run(server, 'metric_archival', () => server.post('/maintenance/archive'));
  for (const text of [cut, restored]) await database.ask(text);
  const count = async () => {
    const [values] = await database.ask(`SELECT ${COUNTS.join(', ')}`);
    return Object.fromEntries(Object.keys(TABLES).map((table, i) => [table, Number(values[i])]));
  };
  await deleteWhileKilled(t, server, count, 1000);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await database.stop();
});

test('a training whose job hasn\'t ended is kept, several are deleted one after the other, and pages are told', async () => {
  const data = await temporaryFolder();
  const server = await Server.start({ data, worker: false });
  try {
    await server.stop();
    await inDatabase(data, ...trainings.map((text) => [text]), ["UPDATE jobs SET status = 'queued' WHERE id = 'job_1'"], ["UPDATE trainings SET status = 'queued', output_path = NULL WHERE key = 1"]);
    await server.restart();
    const refused = await server.request('DELETE', '/api/v1/trainings/trn_1');
    assert.deepEqual([refused.status, refused.json.error.code, refused.json.error.message], [409, 'conflict', 'the training trn_1 is queued: cancel its job job_1 first']);
    const unknown = await server.request('DELETE', '/api/v1/trainings/trn_none');
    assert.deepEqual([unknown.status, unknown.json.error.message], [404, 'there is no training trn_none']);
    await server.post('/jobs/job_1/cancel');
    const socket = io(server.url, { transports: ['websocket'] });
    const told = [];
    socket.on('training:deleted', (it) => told.push([it.channel, it.training_id, it.job_id]));
    for (const channel of ['operations', 'trainings/trn_1/progress']) await socket.emitWithAck('subscribe', { channel });
    assert.deepEqual(await server.call('DELETE', '/trainings/trn_1'), { id: 'trn_1', files_kept: null });
    assert.deepEqual(await server.call('DELETE', '/trainings/trn_2'), { id: 'trn_2', files_kept: '/nowhere/trn_2' });
    await until('both to be told', () => told.length === 3);
    assert.deepEqual(told.sort(), [['operations', 'trn_1', 'job_1'], ['operations', 'trn_2', 'job_2'], ['trainings/trn_1/progress', 'trn_1', 'job_1']]);
    // Whoever comes later is told, too.
    const late = io(server.url, { transports: ['websocket'] });
    const { snapshot } = await late.emitWithAck('subscribe', { channel: 'trainings/trn_2/progress' });
    assert.equal(snapshot['training:deleted'].training_id, 'trn_2');
    socket.close();
    late.close();
    await until('the rest to go', async () => (await inDatabase(data, ['SELECT (SELECT COUNT(*) FROM deleted_trainings) + (SELECT COUNT(*) FROM checkpoints) + (SELECT COUNT(*) FROM progress_history) AS n']))[0].n === 0);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
});
