// Old metrics move to a database beside the first and back: by the server, by the command line, and with the server killed in the middle.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { daysAgo, inDatabase } from './lib/database.mjs';
import { headway, Server, temporaryFolder, until } from './lib/headway.mjs';

const run = promisify(execFile);
const kills = Number(process.env.HEADWAY_ARCHIVAL_KILLS ?? 12);
const seed = Number(process.env.HEADWAY_ARCHIVAL_SEED ?? 1);

// Trainings with rows of every age, the oldest first: into a stopped server's database.
async function fill(data, trainings, steps) {
  const server = await Server.start({ data, worker: false });
  await server.stop();
  for (let i = 1; i <= trainings; i++) {
    await inDatabase(
      data,
      [`INSERT INTO trainings (key, id, status, created_at, updated_at) VALUES (?1, ?2, 'completed', ?3, ?3)`, i, `trn_${i}`, daysAgo(100)],
      [
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?2 - 1)
         INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, grad_norm, extra)
         SELECT ?1, i % 2 - 1, i, CAST(?3 + i * ((?4 - ?3) / ?2) AS INTEGER), (i * 7919 % 1000) / 1000.0, NULL, '{"accuracy":' || i || '}' FROM n`,
        i, steps, daysAgo(60), daysAgo(0.5),
      ],
    );
  }
}

// Everything a training has, as somebody reads it.
async function curve(server, id, query = '') {
  const answer = await server.request('GET', `/api/v1/trainings/${id}/metrics?layer=*&format=csv${query}`);
  assert.equal(answer.status, 200);
  const lines = answer.text.trim().split('\r\n').slice(1);
  return { rows: lines.length, sum: createHash('sha256').update(answer.text).digest('hex') };
}

const task = async (server) => (await server.get('/schedule')).items.find((it) => it.name === 'metric_archival');
const ready = (server) => until('the schedule', async () => (await task(server)).next_run_at);
async function ended(server, runs) {
  return until('the run', async () => {
    const it = await task(server);
    return it.runs > runs && !it.running ? it : null;
  });
}
async function archive(server, body = {}) {
  await ready(server);
  const { runs } = await task(server);
  await server.post('/maintenance/archive', body);
  const it = await ended(server, runs);
  assert.equal(it.last_error, null);
  return it.last_result;
}

describe('the archive', () => {
  let server, data, before1;
  before(async () => {
    data = await temporaryFolder();
    await fill(data, 1, 4000);
    server = await Server.start({ data, worker: false });
    before1 = await curve(server, 'trn_1');
    assert.equal(before1.rows, 4000);
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    await rm(data, { recursive: true, force: true });
  });

  test('archival: what is older than TRAINING_METRIC_ARCHIVE_DAYS moves, and curves stay as they were', async () => {
    const result = await archive(server);
    assert.equal(result.action, 'archive');
    assert.equal(result.days_old, 30);
    assert.ok(result.rows > 1900 && result.rows < 2200, `${result.rows}`);
    assert.ok(existsSync(path.join(data, 'headway-archive.db')));
    assert.deepEqual(await curve(server, 'trn_1'), before1);
    assert.equal((await curve(server, 'trn_1', '&include_archived=false')).rows, 4000 - result.rows);
    const counts = await server.get('/maintenance/metrics');
    assert.equal(counts.live.rows, 4000 - result.rows);
    assert.equal(counts.archived.rows, result.rows);
    assert.deepEqual(counts.live.by_age.map((it) => [it.from_days, it.to_days]), [[0, 1], [1, 7], [7, 30], [30, 90], [90, null]]);
    assert.equal(counts.archived.by_age[3].rows, result.rows);
  });

  test('Prometheus is told how many and how long', async () => {
    const { text } = await server.request('GET', '/metrics');
    const archived = Number(/^headway_training_metrics_archived_total (\d+)$/m.exec(text)[1]);
    assert.ok(archived > 1900);
    assert.match(text, /^headway_archival_duration_seconds_count 1$/m);
    assert.match(text, new RegExp(`^headway_training_metrics_rows\\{where="archived",days="\\+Inf"\\} ${archived}$`, 'm'));
    assert.match(text, /^headway_archival_failures_total 0$/m);
  });

  test('headway archive --days, --restore and --counts', async () => {
    const env = { ...process.env, HEADWAY_URL: server.url };
    const all = await run(headway, ['archive', '--days', '0'], { env });
    assert.match(all.stdout, /^\d+ rows archived in /);
    assert.equal((await curve(server, 'trn_1', '&include_archived=false')).rows, 0);
    assert.deepEqual(await curve(server, 'trn_1'), before1);
    const counted = JSON.parse((await run(headway, ['archive', '--counts', '--json'], { env })).stdout);
    assert.deepEqual([counted.live.rows, counted.archived.rows], [0, 4000]);
    assert.match((await run(headway, ['archive', '--restore', 'trn_1'], { env })).stdout, /^4000 rows brought back in /);
    assert.equal((await curve(server, 'trn_1', '&include_archived=false')).rows, 4000);
    assert.deepEqual(await curve(server, 'trn_1'), before1);
    assert.equal((await archive(server)).rows, 0, 'what was brought back stays');
    await run(headway, ['archive', '--restore', '--all'], { env });
    await assert.rejects(run(headway, ['archive', '--restore', 'trn_none'], { env }), (e) => e.code === 1 && /there is no training trn_none/.test(e.stderr));
    await assert.rejects(run(headway, ['archive', '--days', 'x'], { env }), (e) => e.code === 2);
  });

  test('what can\'t be asked for is said with its name', async () => {
    for (const [name, body, field] of [['archive', { days_old: 'x' }, 'days_old'], ['archive', { days_old: 99999 }, 'days_old'], ['restore', {}, 'training_id'], ['restore', { all: true, training_id: 'trn_1' }, 'training_id']]) {
      const answer = await server.request('POST', `/api/v1/maintenance/${name}`, body);
      assert.equal(answer.status, 422, JSON.stringify(body));
      assert.equal(answer.json.error.field, field);
    }
  });
});

// A pseudo-random number of each kill, so that a failure can be had again: HEADWAY_ARCHIVAL_SEED, HEADWAY_ARCHIVAL_KILLS.
function random(state) {
  return () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
}

test('archival: killed in the middle again and again, no row is lost and none comes twice', async (t) => {
  const trainings = 3;
  const steps = 20000;
  const data = await temporaryFolder();
  await fill(data, trainings, steps);
  const server = await Server.start({ data, worker: false });
  const next = random(seed);
  t.diagnostic(`seed ${seed}, ${kills} kills`);
  try {
    const wanted = [];
    for (let i = 1; i <= trainings; i++) wanted.push(await curve(server, `trn_${i}`));
    let cutOff = 0;
    for (let kill = 0; kill < kills; kill++) {
      await ready(server);
      const back = kill % 3 === 2;
      // The one of the schedule may be under way already: it catches up what the kill before cut off.
      if (!(await task(server)).running) await server.request('POST', `/api/v1/maintenance/${back ? 'restore' : 'archive'}`, back ? { all: true } : { days_old: 0 });
      const delay = next() * 250;
      await new Promise((resolve) => setTimeout(resolve, delay)); // the kill's own moment: not waiting for anything
      cutOff += (await task(server)).running ? 1 : 0;
      await server.kill();
      await server.restart();
      for (let i = 1; i <= trainings; i++) assert.deepEqual(await curve(server, `trn_${i}`), wanted[i - 1], `training ${i} after kill ${kill}`);
    }
    assert.ok(cutOff > kills / 4, `${cutOff} of ${kills} kills met a run`);
    await until('a quiet moment', async () => (await ready(server)) && !(await task(server)).running);
    await archive(server, { days_old: 0 });
    const counts = await server.get('/maintenance/metrics');
    assert.deepEqual([counts.live.rows, counts.archived.rows], [0, trainings * steps]);
    for (let i = 1; i <= trainings; i++) assert.deepEqual(await curve(server, `trn_${i}`), wanted[i - 1]);
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
});

test('archival: killed while rows are packed, no row is lost and none comes twice; packed ones come back', async (t) => {
  const steps = 100000;
  const data = await temporaryFolder();
  await fill(data, 1, steps);
  const server = await Server.start({ data, worker: false });
  // {rows, packed}: the archive's.
  const places = async () => (await inDatabase(data, ['ATTACH ?1 AS archive', path.join(data, 'headway-archive.db')], [
    'SELECT (SELECT COUNT(*) FROM archive.training_metrics_archive) AS rows, (SELECT COALESCE(SUM(rows), 0) FROM archive.training_metric_blocks) AS packed',
  ]))[0];
  try {
    const wanted = await curve(server, 'trn_1');
    await archive(server, { days_old: 0 });
    assert.deepEqual(await places(), { rows: steps, packed: 0 });
    // Each kill comes once something has been packed since the one before.
    let amid = 0;
    for (let before = 0, kill = 0; before < steps; kill++) {
      await ready(server);
      if (!(await task(server)).running) await server.request('POST', '/api/v1/maintenance/archive', { days_old: 0 });
      await until('rows to be packed', async () => (await places()).packed > before);
      await server.kill();
      const { rows, packed } = await places();
      before = packed;
      assert.equal(rows + packed, steps);
      amid += rows > 0 && packed > 0 ? 1 : 0;
      await server.restart();
      assert.deepEqual(await curve(server, 'trn_1'), wanted, `after kill ${kill}`);
    }
    t.diagnostic(`${amid} kills left it half packed`);
    assert.ok(amid > 0);
    await until('a quiet moment', async () => (await ready(server)) && !(await task(server)).running);
    await archive(server, { days_old: 0 });
    assert.deepEqual(await places(), { rows: 0, packed: steps });
    const counts = await server.get('/maintenance/metrics');
    assert.deepEqual([counts.live.rows, counts.archived.rows], [0, steps]);
    assert.deepEqual(await curve(server, 'trn_1'), wanted);
    assert.equal((await curve(server, 'trn_1', '&include_archived=false')).rows, 0);
    const { runs } = await task(server);
    await server.post('/maintenance/restore', { training_id: 'trn_1' });
    assert.equal((await ended(server, runs)).last_result.rows, steps);
    assert.deepEqual(await curve(server, 'trn_1', '&include_archived=false'), wanted);
  } finally {
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
});
