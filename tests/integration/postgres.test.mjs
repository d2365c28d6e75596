// The server on PostgreSQL: the pipeline runs, and a database that is killed in the middle of it costs nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { headway, Server, temporaryFolder, until } from './lib/headway.mjs';
import { Postgres } from './lib/postgres.mjs';

test('tokenize, extract and train on PostgreSQL; the database is killed meanwhile, and nothing is lost', async () => {
  const database = await Postgres.start();
  const server = await Server.start({ env: { DATABASE_URL: database.url } });
  await until('it to be ready', async () => (await server.request('GET', '/readyz')).status === 200);
  const environment = await readFile(`/proc/${await server.workerPid()}/environ`, 'utf8');
  assert.ok(!environment.includes('DATABASE_URL'), 'never again 38: a password is no business of worker and jobs');
  const { extraction } = await server.prepare({ documents: 40, samples: 64 });
  const training = await server.post('/trainings', { extraction_id: extraction.id, n_features: 256, k: 16, total_steps: 1500, batch_size: 256, checkpoint_every: 400 });
  await until('its first metrics', async () => (await server.get(`/trainings/${training.id}/metrics`)).items.length > 3);

  await database.crash();
  const away = await server.request('GET', `/api/v1/trainings/${training.id}`);
  assert.equal(away.status, 503);
  assert.equal(away.json.error.code, 'unavailable');
  assert.match(away.json.error.message, /the database is away/);
  // So are the counts: what nobody can read has no sample, and the scrape goes on.
  const scraped = await (await fetch(`${server.url}/metrics`)).text();
  assert.match(scraped, /^headway_store_up 0$/m);
  assert.doesNotMatch(scraped, /^headway_jobs\{/m);
  const readiness = await server.request('GET', '/readyz');
  assert.equal(readiness.status, 503);
  assert.match(readiness.json.reasons[0], /the database is away/);
  assert.equal((await server.request('GET', '/healthz')).status, 200, 'the server itself lives');
  const refused = await server.request('POST', '/api/v1/trainings', { extraction_id: extraction.id, total_steps: 10 });
  assert.equal(refused.status, 503, 'what can’t be written is not accepted');
  await until('the worker to keep its reports', () => /they wait in the spool/.test(server.stderr));

  await database.restart();
  await until('it to be ready again', async () => (await server.request('GET', '/readyz')).status === 200);
  const trained = await server.job(training.job_id);
  assert.equal(trained.status, 'completed', trained.error_message);
  assert.equal(trained.attempt, 1, 'it was never given up');
  const { items } = await server.get(`/trainings/${training.id}/metrics`);
  const wanted = [1, ...Array.from({ length: 150 }, (_, i) => 10 * (i + 1))];
  assert.deepEqual(items.map((row) => row.step), wanted, 'every step that the job told, none twice');
  const stored = await database.ask('SELECT COUNT(*), COUNT(DISTINCT (training_id, layer_idx, step)) FROM training_metrics');
  assert.equal(stored[0][0], stored[0][1]);
  assert.deepEqual((await server.get('/jobs?status=failed')).items, []);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await database.stop();
});

test('a server without its database says so and ends', async () => {
  await assert.rejects(Server.start({ args: ['--database-url', 'postgresql://postgres@/postgres?host=/no/such/folder'] }), /the database is away.*\/no\/such\/folder/s);
});

test('headway migrate applies what is missing, says what it did, and then has nothing to do', async () => {
  const database = await Postgres.start();
  const migrate = async () => (await promisify(execFile)(headway, ['migrate'], { env: { ...process.env, DATABASE_URL: database.url } })).stdout.trim().split('\n');
  const [first, ...more] = await migrate();
  assert.equal(first, 'applied migration 1 (tables)');
  assert.deepEqual((await database.ask('SELECT version, name FROM schema_migrations ORDER BY version')).map(([version, name]) => `applied migration ${version} (${name})`), [first, ...more]);
  assert.deepEqual(await migrate(), ['nothing to do: the schema is this version\'s']);
  await database.stop();
});

test('headway copy takes everything along: the server goes on with PostgreSQL where SQLite was left', async () => {
  const data = await temporaryFolder();
  const before = await Server.start({ data });
  await before.prepare({ documents: 20, samples: 16 });
  const jobs = (await before.get('/jobs')).items;
  const logs = await before.get(`/jobs/${jobs[0].id}/logs`);
  await before.stop();

  const database = await Postgres.start();
  const { stdout } = await promisify(execFile)(headway, ['copy', '--from', `sqlite:${data}/headway.db`, '--to', database.url]);
  assert.match(stdout, /^jobs +2 rows copied, +2 on both sides, the same$/m);
  const after = await Server.start({ data, args: ['--database-url', database.url] });
  assert.deepEqual((await after.get('/jobs')).items, jobs);
  assert.deepEqual(await after.get(`/jobs/${jobs[0].id}/logs`), logs);
  const { items } = await after.get('/extractions');
  const training = await after.post('/trainings', { extraction_id: items[0].id, n_features: 256, k: 16, total_steps: 20, batch_size: 128 });
  assert.equal((await after.job(training.job_id)).status, 'completed');
  await after.stop();
  await database.stop();
  await rm(data, { recursive: true });
});
