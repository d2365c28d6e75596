// Old metrics move to the archive and back on PostgreSQL, too: with the server killed in the middle.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { daysAgo } from './lib/database.mjs';
import { Server, until } from './lib/headway.mjs';
import { Postgres } from './lib/postgres.mjs';

const STEPS = 20000;

async function curve(server, query = '') {
  const answer = await server.request('GET', `/api/v1/trainings/trn_1/metrics?layer=*&format=csv${query}`);
  assert.equal(answer.status, 200, answer.text.slice(0, 200));
  return { rows: answer.text.trim().split('\r\n').length - 1, sum: createHash('sha256').update(answer.text).digest('hex') };
}

const task = async (server) => (await server.get('/schedule')).items.find((it) => it.name === 'metric_archival');
const idle = (server) => until('a quiet moment', async () => {
  const it = await task(server);
  return it.next_run_at && !it.running ? it : null;
});
async function move(server, name, body) {
  const { runs } = await idle(server);
  await server.post(`/maintenance/${name}`, body);
  const it = await until('the run', async () => {
    const now = await task(server);
    return now.runs > runs && !now.running ? now : null;
  });
  assert.equal(it.last_error, null);
  return it.last_result;
}

test('archival on PostgreSQL: rows of many months move and come back; the server is killed meanwhile, and no row is lost or comes twice', async () => {
  const database = await Postgres.start();
  const server = await Server.start({ env: { DATABASE_URL: database.url }, worker: false });
  await idle(server);
  await database.ask(`INSERT INTO trainings (key, id, status, created_at, updated_at) VALUES (1, 'trn_1', 'completed', ${daysAgo(100)}, 1)`);
  await database.ask(
    `INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, extra) SELECT 1, i % 2 - 1, i, ${daysAgo(60)}::bigint + i * ${60 * 86400e6 / STEPS}::bigint,
     (i * 7919 % 1000) / 1000.0, '{"accuracy":' || i || '}' FROM generate_series(0, ${STEPS - 1}) AS i`,
  );
  const wanted = await curve(server);
  assert.equal(wanted.rows, STEPS);

  const first = await move(server, 'archive', {});
  assert.ok(first.rows > STEPS * 0.49 && first.rows < STEPS * 0.51, `${first.rows}`);
  assert.deepEqual(await curve(server), wanted);
  assert.equal((await curve(server, '&include_archived=false')).rows, STEPS - first.rows);
  const counts = await server.get('/maintenance/metrics');
  assert.deepEqual([counts.live.rows, counts.archived.rows], [STEPS - first.rows, first.rows]);
  assert.deepEqual(await database.ask('SELECT COUNT(*) FROM training_metrics_archive'), [[String(first.rows)]]);

  // Each is killed once its first rows have moved; the second archival goes on with what the first left.
  const [cutOff, places] = ["SELECT running_since IS NOT NULL FROM scheduled_tasks WHERE name = 'metric_archival'", 'SELECT (SELECT COUNT(*) FROM training_metrics), (SELECT COUNT(*) FROM training_metrics_archive)'];
  let met = 0;
  for (const [name, body] of [['archive', { days_old: 0 }], ['archive', { days_old: 0 }], ['restore', { all: true }]]) {
    await idle(server);
    const before = String(await database.ask(places));
    await server.post(`/maintenance/${name}`, body);
    await until('rows to move', async () => String(await database.ask(places)) !== before || !(await task(server)).running);
    await server.kill();
    met += Number((await database.ask(cutOff))[0][0] === 't');
    await server.restart();
    await until('it to be ready', async () => (await server.request('GET', '/readyz')).status === 200);
    assert.deepEqual(await curve(server), wanted, `killed during ${name}`);
  }
  assert.ok(met > 0, 'a kill met a run');

  await move(server, 'restore', { training_id: 'trn_1' });
  assert.deepEqual(await curve(server, '&include_archived=false'), wanted);
  assert.deepEqual(await curve(server), wanted);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await database.stop();
});
