// headway backup and headway restore, against real servers that write and archive meanwhile, on SQLite and on PostgreSQL.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, watch } from 'node:fs';
import { cp, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { daysAgo, inDatabase } from './lib/database.mjs';
import { headway, root, Server, temporaryFolder, until } from './lib/headway.mjs';
import { Postgres } from './lib/postgres.mjs';

const STEPS = 8000; // of each old training
const OLD = ['trn_1', 'trn_2'];
const BATCH = 50; // rows of a report

// An old training's rows: a spike among them, so that a curve that is thinned out has something to keep.
const OLD_ROWS = `i % 2 - 1, i, START + CAST(i AS BIGINT) * 200000000, CASE WHEN i = 7777 THEN 99.5 ELSE (i * 7919 % 1000) / 1000.0 END, '{"accuracy":' || i || '}'`;
const oldRows = (key) => `${key}, ${OLD_ROWS.replace('START', String(Math.round(daysAgo(60))))}`;

// {code, out, err}, whatever the end.
function run(args, env = {}) {
  return new Promise((resolve) => {
    execFile(headway, args, { env: { ...process.env, ...env } }, (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
  });
}

async function succeeds(args, env) {
  const r = await run(args, env);
  assert.equal(r.code, 0, `headway ${args.join(' ')}: ${r.out}${r.err}`);
  return r;
}

async function refused(args, env, says, code = 1) {
  const r = await run(args, env);
  assert.equal(r.code, code, `headway ${args.join(' ')}: ${r.out}${r.err}`);
  assert.match(r.err, says);
}

// ---- two kinds of places --------------------------------------------------------------------------------------------

class SqlitePlace {
  static async make() {
    const place = new SqlitePlace();
    place.data = await temporaryFolder();
    place.env = {};
    return place;
  }

  async fill(steps = STEPS) {
    for (const [i, id] of OLD.entries()) {
      await inDatabase(this.data, [`INSERT INTO trainings (key, id, status, created_at, updated_at) VALUES (?1, ?2, 'completed', ?3, ?3)`, i + 1, id, daysAgo(100)], [
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${steps - 1})
         INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, extra) SELECT ${oldRows(i + 1)} FROM n`,
      ]);
    }
  }

  async remove() {
    await rm(this.data, { recursive: true, force: true });
  }
}

class PostgresPlace {
  static servers = [];
  static made = 0;

  static async make() {
    const place = new PostgresPlace();
    PostgresPlace.server ??= await Postgres.start();
    place.name = `place_${++PostgresPlace.made}`;
    await PostgresPlace.server.ask(`CREATE DATABASE ${place.name}`);
    place.data = await temporaryFolder();
    place.url = PostgresPlace.server.url.replace('/postgres?', `/${place.name}?`);
    place.env = { DATABASE_URL: place.url };
    return place;
  }

  async ask(text) {
    return execFileSync('psql', ['-d', this.url, '-qAtX', '-c', text], { encoding: 'utf8' }).trim();
  }

  async fill(steps = STEPS) {
    for (const [i, id] of OLD.entries()) {
      await this.ask(`INSERT INTO trainings (key, id, status, created_at, updated_at) VALUES (${i + 1}, '${id}', 'completed', ${Math.round(daysAgo(100))}, 1)`);
      await this.ask(`INSERT INTO training_metrics (training_id, layer_idx, step, timestamp, loss, extra) SELECT ${oldRows(i + 1)} FROM generate_series(0, ${steps - 1}) AS i`);
    }
    await this.ask("SELECT setval(pg_get_serial_sequence('trainings', 'key'), 2)");
  }

  async remove() {
    await PostgresPlace.server.ask(`DROP DATABASE ${this.name} WITH (FORCE)`);
    await rm(this.data, { recursive: true, force: true });
  }
}
after(() => PostgresPlace.server?.stop());

const start = (place) => Server.start({ data: place.data, env: place.env, worker: false });
const backup = (place, file, ...more) => succeeds(['backup', file, '--data', place.data, ...more], place.env);
const restore = (place, file, ...more) => succeeds(['restore', file, '--data', place.data, ...more], place.env);

// ---- what is written and read ---------------------------------------------------------------------------------------

const valueOf = (step) => (step % 1000 === 500 ? -step : 1 + (step % 97) / 97);

// An attached program that reports rows for as long as it is let; it knows how many were acknowledged.
class Writer {
  static async begin(server) {
    const writer = new Writer();
    writer.server = server;
    writer.worker = await server.post('/workers', { host: 'here', pid: 1 });
    writer.job = await server.post(`/workers/${writer.worker.id}/jobs`, { kind: 'command', params: { command: ['writes'] } });
    writer.batch = writer.sent = writer.acknowledged = 0;
    await writer.report();
    writer.training = (await server.get(`/jobs/${writer.job.job_id}`)).entity_id;
    writer.running = writer.loop();
    return writer;
  }

  async report() {
    const events = Array.from({ length: BATCH }, (_, i) => ({ type: 'metric', step: this.sent + i, loss: valueOf(this.sent + i) }));
    this.sent += BATCH;
    await this.server.post(`/workers/${this.worker.id}/report`, { batch: ++this.batch, reports: [{ job_id: this.job.job_id, attempt: 1, lease: this.job.lease, events }] });
    this.acknowledged = this.sent;
  }

  async loop() {
    while (!this.stopped) await this.report();
  }

  async stop() {
    this.stopped = true;
    await this.running;
  }
}

const task = async (server) => (await server.get('/schedule')).items.find((it) => it.name === 'metric_archival');

// Rows go to the archive and back, again and again.
class Mover {
  static begin(server) {
    const mover = new Mover();
    mover.server = server;
    mover.moves = 0;
    mover.running = mover.loop();
    return mover;
  }

  async loop() {
    for (let i = 0; !this.stopped; i++) {
      await until('a quiet moment', async () => {
        const it = await task(this.server);
        return it.next_run_at && !it.running;
      }, 120);
      // The second time what the first has moved is packed.
      const [name, body] = i % 3 < 2 ? ['archive', { days_old: 0 }] : ['restore', { all: true }];
      const answer = await this.server.request('POST', `/api/v1/maintenance/${name}`, body);
      if (answer.status < 300) this.moves++;
    }
  }

  async stop() {
    this.stopped = true;
    await this.running;
  }
}

const ready = (server) => until('it to be ready', async () => (await server.request('GET', '/readyz')).status === 200);

async function rows(server, id) {
  const answer = await server.request('GET', `/api/v1/trainings/${id}/metrics?layer=*&format=csv`);
  assert.equal(answer.status, 200, answer.text.slice(0, 200));
  return answer.text;
}

const sum = (text) => createHash('sha256').update(text).digest('hex');
const sums = async (server) => Object.fromEntries(await Promise.all(OLD.map(async (id) => [id, sum(await rows(server, id))])));

// Rows [0, n) of the writer's curve, each once and as it was sent; n.
function assertNoneMissing(csv) {
  const lines = csv.trim().split('\r\n');
  const names = lines[0].split(',');
  const [step, loss] = [names.indexOf('step'), names.indexOf('loss')];
  lines.slice(1).forEach((line, i) => {
    const cells = line.split(',');
    assert.deepEqual([Number(cells[step]), Number(cells[loss])], [i, valueOf(i)]);
  });
  return lines.length - 1;
}

// A curve that is thinned out is made of sums: they know the rows' lowest and highest.
async function assertSumsFit(server, id, n) {
  const wanted = Array.from({ length: n }, (_, i) => valueOf(i));
  const { items } = await server.get(`/trainings/${id}/metrics?max_points=40`);
  assert.ok(items.length >= 2 && items.length < n, `${items.length} of ${n}`);
  for (const row of items) assert.equal(row.loss, valueOf(row.step));
  const losses = items.map((row) => row.loss);
  assert.equal(Math.min(...losses), wanted.reduce((a, b) => Math.min(a, b)));
  assert.equal(Math.max(...losses), wanted.reduce((a, b) => Math.max(a, b)));
}

// ---- a moment of a database that is written and archived -------------------------------------------------------------

for (const [name, Place, Other] of [['SQLite', SqlitePlace, PostgresPlace], ['PostgreSQL', PostgresPlace, SqlitePlace]]) {
  describe(`a backup from ${name}`, () => {
    const taken = []; // {file, least, most}: rows of the writer's that it must have, and that it may have
    let from, files, wanted, writer;

    before(async () => {
      from = await Place.make();
      files = await temporaryFolder();
      await succeeds(['migrate', '--data', from.data], from.env);
      await from.fill();
      const server = await start(from);
      await ready(server);
      wanted = await sums(server);
      writer = await Writer.begin(server);
      const mover = Mover.begin(server);
      await until('rows to move', async () => mover.moves > 0 && writer.acknowledged > 2000);
      for (let i = 0; i < 4; i++) {
        const file = path.join(files, `${i}.backup`);
        const least = writer.acknowledged;
        await backup(from, file);
        taken.push({ file, least, most: writer.sent });
      }
      await mover.stop();
      await writer.stop();
      assert.ok(mover.moves >= 2, `${mover.moves} moves`);
      assert.deepEqual(await sums(server), wanted);
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
    });
    after(async () => {
      await from.remove();
      await rm(files, { recursive: true, force: true });
    });

    for (const [what, Into] of [[name, Place], ['the other database', Other]]) {
      test(`goes back to ${what} as it was at one moment: no row is missing, none is there twice, and nothing runs`, async () => {
        for (const { file, least, most } of Into === Place ? taken : taken.slice(0, 1)) {
          const into = await Into.make();
          await restore(into, file);
          const server = await start(into);
          await ready(server);
          assert.deepEqual(await sums(server), wanted);
          const n = assertNoneMissing(await rows(server, writer.training));
          assert.equal(n % BATCH, 0, 'a report is in it whole or not at all');
          assert.ok(n >= least && n <= most, `${n} rows; ${least} were acknowledged before it began, ${most} sent before it ended`);
          await assertSumsFit(server, writer.training, n);
          const counts = await server.get('/maintenance/metrics');
          assert.equal(counts.live.rows + counts.archived.rows >= n + OLD.length * STEPS, true);

          const job = await server.get(`/jobs/${writer.job.job_id}`);
          assert.deepEqual([job.status, job.error_type], ['failed', 'WORKER_LOST']);
          assert.match(job.error_message, /^the database was restored from a backup of \d{4}-.*, when the job ran$/);
          const lost = await server.request('POST', `/api/v1/workers/${writer.worker.id}/report`, {
            batch: 1e6,
            reports: [{ job_id: writer.job.job_id, attempt: 1, lease: writer.job.lease, events: [{ type: 'heartbeat' }] }],
          });
          assert.match(lost.text, /lease_lost|no worker/, 'whoever still runs it is told');
          // Keys go on where they were.
          const again = await Writer.begin(server);
          await again.stop();
          assert.deepEqual(await sums(server), wanted);
          assertNoneMissing(await rows(server, again.training));
          assert.deepEqual(await server.stop(), { code: 0, signal: null });
          await into.remove();
        }
      });
    }

    test('says what it holds and what it doesn’t, and is its owner’s alone', async () => {
      const file = taken[0].file;
      const { out } = await succeeds(['restore', '--check', file]);
      assert.match(out, new RegExp(`from ${name}, schema version \\d+`));
      assert.match(out, /1 job, 0 models, .* 3 trainings/);
      assert.match(out, /read and found whole/);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      const second = await backup(from, path.join(files, 'second'));
      assert.match(second.out, /Models, datasets, tokens, activations and checkpoints are files, and not in it\./);
    });

    test('isn’t put where a server is, nor over what is there, unless that is said', async () => {
      const into = await Place.make();
      const file = taken[0].file;
      const server = await start(into);
      await ready(server);
      await refused(['restore', file, '--data', into.data, '--force'], into.env, /a server runs on .* already/);
      const elsewhere = await temporaryFolder();
      const url = into.url ?? `sqlite:${path.join(into.data, 'headway.db')}`;
      await refused(['restore', file, '--data', elsewhere, '--database-url', url, '--force'], {}, /in use by another program: stop it first|connections? of headway's to this database are open: stop its servers first/);
      await rm(elsewhere, { recursive: true });
      await (await Writer.begin(server)).stop();
      const before = await server.get('/jobs');
      await server.stop();
      await refused(['restore', file, '--data', into.data], into.env, /isn't empty .*--force/);
      await server.restart();
      await ready(server);
      assert.deepEqual((await server.get('/jobs')).items.map((it) => it.id), before.items.map((it) => it.id));
      await server.stop();

      await restore(into, file, '--force');
      const kept = (await readdir(into.data)).filter((it) => it.includes('.before-restore-'));
      if (Place === SqlitePlace) {
        // The old database is whole, in two files, and can be gone back to.
        const stamp = /before-restore-(.*)$/.exec(kept[0])[1];
        assert.deepEqual(kept.sort(), [`headway-archive.db.before-restore-${stamp}`, `headway.db.before-restore-${stamp}`]);
        const old = await temporaryFolder();
        for (const it of kept) await cp(path.join(into.data, it), path.join(old, it.split('.before')[0]));
        const back = await Server.start({ data: old, worker: false });
        assert.deepEqual((await back.get('/jobs')).items.map((it) => it.id), before.items.map((it) => it.id));
        await back.stop();
        await rm(old, { recursive: true });
      } else {
        assert.deepEqual(kept, []);
      }
      await server.restart();
      await ready(server);
      assert.deepEqual(await sums(server), wanted);
      await server.stop();
      await into.remove();
    });

    test('kill -9 while it is made: nothing is there that looks like one, and the next goes well', async () => {
      const server = await start(from);
      await ready(server);
      const before = await sums(server);
      const file = path.join(files, 'killed');
      for (let i = 0; i < 6; i++) {
        const child = spawn(headway, ['backup', file, '--data', from.data], { env: { ...process.env, ...from.env }, stdio: 'ignore' });
        const exited = new Promise((resolve) => child.once('exit', resolve));
        await until('it to begin', () => existsSync(`${file}.part`) || child.exitCode !== null);
        await new Promise((resolve) => setTimeout(resolve, i * 15)); // the kill's own moment: not waiting for anything
        child.kill('SIGKILL');
        await exited;
        if (existsSync(file)) await succeeds(['restore', '--check', file]); // it was faster
        await rm(file, { force: true });
      }
      assert.deepEqual(await sums(server), before);
      await backup(from, file);
      assert.equal(existsSync(`${file}.part`), false);
      await server.stop();
    });

    test('kill -9 while it is restored: afterwards either the old database is there or the new one, whole', async (t) => {
      const into = await Place.make();
      await restore(into, taken[0].file);
      const server = await start(into);
      await ready(server);
      const other = await Writer.begin(server);
      await other.stop();
      await server.stop();
      let kept = 0;
      for (let i = 0; i < 10; i++) {
        const args = ['restore', taken[1].file, '--data', into.data, '--force'];
        const child = spawn(headway, args, { env: { ...process.env, ...into.env }, stdio: 'ignore' });
        const exited = new Promise((resolve) => child.once('exit', resolve));
        await new Promise((resolve) => setTimeout(resolve, 20 + i * 60)); // the kill's own moment: not waiting for anything
        child.kill('SIGKILL');
        await exited;
        await server.restart();
        await ready(server);
        assert.deepEqual(await sums(server), wanted);
        const jobs = (await server.get('/jobs')).items.map((it) => it.id).sort();
        const old = jobs.includes(other.job.job_id);
        if (old) kept++;
        assert.deepEqual(jobs, (old ? [writer.job.job_id, other.job.job_id] : [writer.job.job_id]).sort());
        if (old) assertNoneMissing(await rows(server, other.training));
        assertNoneMissing(await rows(server, writer.training));
        await server.stop();
        if (!old) break;
      }
      t.diagnostic(`${kept} kills came before the new database counted`);
      assert.ok(kept > 0, 'a kill came before the end');
      await restore(into, taken[1].file, '--force');
      assert.deepEqual((await readdir(into.data)).filter((it) => /restoring|restore-ready/.test(it)), [], 'what the kills left is gone');
      await server.restart();
      await ready(server);
      assert.deepEqual(await sums(server), wanted);
      await server.stop();
      await into.remove();
    });
  });
}

// ---- files that are none --------------------------------------------------------------------------------------------

describe('backup files', () => {
  const MANY = 20000; // so that there is time to interrupt it
  let from, folder, good;
  before(async () => {
    from = await SqlitePlace.make();
    folder = await temporaryFolder();
    await succeeds(['migrate', '--data', from.data]);
    await from.fill(MANY);
    good = path.join(folder, 'good');
    await backup(from, good);
  });
  after(async () => {
    await from.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function changed(name, ...statements) {
    const place = path.join(folder, name);
    await mkdir(place);
    await cp(good, path.join(place, 'headway.db'));
    if (statements.length) await inDatabase(place, ...statements);
    return path.join(place, 'headway.db');
  }

  test('what is no backup, or not a whole one, is refused, and nothing is touched', async () => {
    const garbage = path.join(folder, 'garbage');
    await writeFile(garbage, Buffer.alloc(100000, 'not a database '));
    const empty = path.join(folder, 'empty');
    await writeFile(empty, '');
    const short = path.join(folder, 'short');
    await cp(good, short);
    const { size } = await stat(short);
    const handle = await open(short, 'r+');
    await handle.truncate(Math.floor(size / 2));
    await handle.close();
    const hole = path.join(folder, 'hole');
    await cp(good, hole);
    const middle = await open(hole, 'r+');
    await middle.write(Buffer.alloc(4096, 0xaa), 0, 4096, Math.floor(size / 8192) * 4096);
    await middle.close();
    const into = await SqlitePlace.make();
    for (const [file, says] of [
      [garbage, /is no backup that headway has made/],
      [empty, /is no backup that headway has made/],
      [path.join(from.data, 'headway.db'), /is no backup that headway has made/],
      [short, /is damaged or was cut off/],
      [hole, /is damaged or was cut off/],
      [folder, /is a folder/],
      [path.join(folder, 'nothing'), /there is no file/],
      [await changed('rowless', ['DELETE FROM training_metrics WHERE step = 5']), new RegExp(`is damaged: training_metrics has ${2 * MANY - 2} rows, and should have ${2 * MANY}`)],
    ]) {
      await refused(['restore', '--check', file], {}, says);
      await refused(['restore', file, '--data', into.data], {}, says);
    }
    assert.deepEqual((await readdir(into.data)).filter((it) => it !== 'server.lock'), []);
    await into.remove();
  });

  test('one of a newer program is refused with both versions', async () => {
    const newer = await changed('newer', ["INSERT INTO schema_migrations VALUES (999, 'later', 1)"], ["UPDATE headway_backup SET value = '77.0' WHERE name = 'program'"]);
    await refused(['restore', '--check', newer], {}, /its schema is version 999, this program knows \d+: headway 77\.0 made it, this is headway \d/);
    const format = await changed('format', ["UPDATE headway_backup SET value = 9 WHERE name = 'format'"]);
    await refused(['restore', '--check', format], {}, /its format is 9, this program knows 1/);
  });

  test('one of an older schema is migrated', async () => {
    // What every migration since the fourth has added is taken away again.
    const migrations = path.join(root, 'src/store/migrations/sqlite');
    const later = (await readdir(migrations)).sort().slice(4);
    const text = (await Promise.all(later.map((it) => readFile(path.join(migrations, it), 'utf8')))).join('\n');
    const columns = [...text.matchAll(/^ALTER TABLE (\w+) ADD COLUMN (\w+)/gm)];
    const tables = [...text.matchAll(/^CREATE TABLE (\w+)/gm)].map(([, name]) => name);
    assert.ok(later.length >= 3 && columns.length > 0 && tables.includes('training_metric_rollups'));
    const older = await changed(
      'older',
      ...columns.map(([, table, column]) => [`ALTER TABLE ${table} DROP COLUMN ${column}`]),
      ...tables.map((it) => [`DROP TABLE ${it}`]),
      ...tables.map((it) => ['DELETE FROM headway_backup_tables WHERE name = ?', it]),
      ['DELETE FROM schema_migrations WHERE version > 4'],
      ["UPDATE headway_backup_tables SET rows = 4 WHERE name = 'schema_migrations'"],
    );
    const into = await SqlitePlace.make();
    await restore(into, older);
    const server = await start(into);
    await ready(server);
    assert.equal((await rows(server, 'trn_1')).trim().split('\r\n').length - 1, MANY);
    await server.stop();
    await into.remove();
  });

  test('a file that is there, a folder, a place that isn’t: said, and nothing is left', async () => {
    const before = await readdir(folder);
    await refused(['backup', good, '--data', from.data], {}, /exists already; --force replaces it/);
    await refused(['backup', folder, '--data', from.data], {}, /is a folder/);
    await refused(['backup', path.join(folder, 'no/where'), '--data', from.data], {}, /can't create .*no\/where\.part: No such file/);
    await refused(['backup', '/proc/backup', '--data', from.data], {}, /can't create \/proc\/backup\.part/);
    await refused(['backup', path.join(folder, 'new'), '--data', folder], {}, /there is no database .*headway\.db/);
    await refused(['backup', '--data', from.data], {}, /the name of one file is wanted/, 2);
    assert.deepEqual(await readdir(folder), before);
    const { mtimeMs } = await stat(good);
    await backup(from, good, '--force');
    assert.ok((await stat(good)).mtimeMs > mtimeMs);
    await succeeds(['restore', '--check', good]);
  });

  test('on a terminal a bar shows how far it is; elsewhere standard error stays empty', async () => {
    const file = path.join(folder, 'shown');
    const pty = path.join(root, 'tests/integration/lib/on_pty.py');
    const shown = await new Promise((resolve, reject) => {
      const args = [pty, '24', '100', headway, 'backup', file, '--data', from.data];
      const child = execFile('/usr/bin/python3', args, (error, out) => (error ? reject(error) : resolve(out)));
      child.stdin.on('error', () => {}); // it may have ended
    });
    assert.match(shown, /copying +[█░]{24} +\d+ %/);
    assert.match(shown, /checking +[█░]{24}/);
    assert.match(shown, /\r\x1b\[K[^\r]*shown: /, 'it makes way for what is said at the end');
    const { err } = await backup(from, file, '--force');
    assert.equal(err, '');
  });

  test('Ctrl-C takes away what was begun', async () => {
    const file = path.join(folder, 'interrupted');
    let met = false;
    for (let i = 0; i < 30 && !met; i++) {
      const child = spawn(headway, ['backup', file, '--data', from.data], { stdio: ['ignore', 'ignore', 'pipe'] });
      let err = '';
      child.stderr.on('data', (bytes) => (err += bytes));
      const exited = new Promise((resolve) => child.once('exit', resolve));
      const watcher = watch(folder, () => existsSync(`${file}.part`) && child.kill('SIGINT'));
      const code = await exited;
      watcher.close();
      assert.equal(existsSync(`${file}.part`), false);
      if (code === 130) {
        met = true;
        assert.match(err, /interrupted; nothing was written/);
        assert.equal(existsSync(file), false);
      }
      await rm(file, { force: true });
    }
    assert.ok(met, 'one was interrupted');
  });

  test('a full disk is said, and what was begun is gone', async (t) => {
    const small = await temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'headway-backup', small], { stdio: 'pipe' });
    } catch (error) {
      await rm(small, { recursive: true });
      t.skip(`mounting a small tmpfs isn't allowed here: ${String(error.stderr).trim()}`);
      return;
    }
    try {
      await refused(['backup', path.join(small, 'file'), '--data', from.data], {}, /the database can't grow: .*full/);
      assert.deepEqual(await readdir(small), []);
      await refused(['restore', good, '--data', path.join(small, 'data')], {}, /the database can't grow: .*full/);
      assert.deepEqual((await readdir(path.join(small, 'data'))).filter((it) => it !== 'server.lock'), []);
    } finally {
      execFileSync('umount', [small]);
      await rm(small, { recursive: true });
    }
  });
});
