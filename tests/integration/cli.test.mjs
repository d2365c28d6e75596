// The command line against a real server: what it prints, its exit status, and what it says when something is in the way.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Server, headway, patience, root, sample, temporaryFolder, until } from './lib/headway.mjs';
import { processesOf } from './lib/processes.mjs';

// A run of the program, not a terminal. `ended` resolves with {code, signal, out, err}.
function start(args, { url, cwd, env } = {}) {
  const child = spawn(headway, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HEADWAY_URL: url ?? '', ...env } });
  const run = { child, out: '', err: '' };
  child.stdout.on('data', (bytes) => (run.out += bytes));
  child.stderr.on('data', (bytes) => (run.err += bytes));
  run.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, out: run.out, err: run.err })));
  return run;
}

const cli = (args, options) => start(args, options).ended;

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('command line', () => {
  let server;
  let run;
  before(async () => {
    server = await Server.start();
    run = (...args) => cli(args, { url: server.url });
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  const ok = (r) => {
    assert.equal(r.code, 0, r.out + r.err);
    assert.equal(r.err, '');
    return r.out;
  };

  test('import, tokenize --detach, watch, extract, train, ls --json, logs: the whole way', async () => {
    const model = JSON.parse(ok(await run('import', 'model', path.join(sample, 'model'), '--json')));
    const dataset = JSON.parse(ok(await run('import', 'dataset', path.join(sample, 'corpus/kjv.jsonl.gz'), '--name', 'kjv', '--json')));
    assert.equal(dataset.name, 'kjv');

    const detached = ok(await run('tokenize', dataset.id, '--model', model.id, '--max-documents', '100', '--detach'));
    const job = /^queued as (job_\w+); "headway watch \1" follows it\n$/.exec(detached)[1];
    assert.match(ok(await run('watch', job)), /100\.0 % {2}completed\n$/);

    const extracted = ok(await run('extract', model.id, dataset.id, '--layers', '2', '--max-samples', '64'));
    const extraction = /^(ext_\w+)\n/.exec(extracted)[1];
    assert.match(extracted, /completed\n$/);

    const told = ok(await run('train', extraction, '--n-features', '256', '--k', '16', '--estimate'));
    assert.match(told, /^memory +\d.* of .* free\ndisk +\d.* of .* free\ntime +not known: no run of like size/);
    const much = await run('train', extraction, '--total-steps', '1000000000', '--log-every', '1000000', '--checkpoint-every', '1', '--estimate');
    assert.equal(much.code, 1);
    assert.match(much.out, /does not fit: it writes .*\ncheckpoint_every \d+ would fit/);
    const trained = ok(await run('train', extraction, '--n-features', '256', '--k', '16', '--total-steps', '1500', '--batch-size', '256', '--name', 'tiny'));
    const lines = trained.trim().split('\n').slice(1);
    assert.ok(lines.every((line) => /^tiny +\d+\.\d %|^tiny +–/.test(line)), trained);
    assert.ok(!trained.includes('\x1b'), 'no terminal codes where there is no terminal');
    assert.match(lines.at(-1), /100\.0 % {2}completed {2}loss \d/);
    const percents = lines.map((line) => Number(/(\d+\.\d) %/.exec(line)?.[1] ?? 0));
    assert.deepEqual(percents, [...percents].sort((a, b) => a - b));

    const jobs = JSON.parse(ok(await run('ls', '--json')));
    assert.deepEqual(jobs.map((it) => it.kind), ['train_sae', 'extract', 'tokenize']);
    assert.ok(jobs.every((it) => it.status === 'completed' && it.progress === 100));
    for (const what of ['models', 'datasets', 'extractions', 'trainings']) assert.equal(JSON.parse(ok(await run('ls', what, '--json'))).length, 1, what);
    assert.match(ok(await run('ls', 'trainings')), /tiny/);
    ok(await run('logs', job));
  });

  test('a job that fails ends with status 1 and says why, once', async () => {
    const corpus = path.join(server.data, 'broken.jsonl');
    await writeFile(corpus, '{"text": "good"}\n'.repeat(50) + '{"text": \n');
    const [model] = (await server.get('/models')).items;
    const dataset = await server.post('/datasets', { path: corpus });
    const r = await run('tokenize', dataset.id, '--model', model.id);
    assert.equal(r.code, 1, r.out);
    assert.match(r.out, /failed: .*broken\.jsonl.*line 51/);
    assert.equal(r.out.match(/failed/g).length, 1, r.out);
    const [job] = (await server.get('/jobs?limit=1')).items;
    assert.match(ok(await run('logs', job.id)), /broken\.jsonl/);
    assert.match(JSON.parse(ok(await run('logs', job.id, '--json')).split('\n')[0]).text, /./);
    const watched = await run('watch', job.id);
    assert.equal(watched.code, 1);
    assert.match(watched.out, /line 51/);
  });

  test('Ctrl-C leaves the job running; cancel stops it; a second cancel of a finished one is refused', async () => {
    const [extraction] = (await server.get('/extractions')).items;
    const training = start(['train', extraction.id, '--n-features', '256', '--k', '16', '--batch-size', '256', '--total-steps', '100000000'], { url: server.url });
    await until('some progress', () => /loss/.test(training.out));
    training.child.kill('SIGINT');
    const left = await training.ended;
    assert.equal(left.code, 130);
    const job = /headway cancel (job_\w+)/.exec(left.out)[1];
    assert.equal((await server.get(`/jobs/${job}`)).status, 'running');
    assert.match(ok(await run('cancel', job)), new RegExp(`^${job} cancelling\n$`));
    await server.job(job, ['cancelled']);
    assert.deepEqual(await processesOf(job), []);
    const watched = await run('watch', job);
    assert.equal(watched.code, 1, 'it did not complete');
    const done = (await server.get('/jobs?status=completed&limit=1')).items[0].id;
    const late = await run('cancel', done);
    assert.equal(late.code, 1);
    assert.match(late.err, /completed/);
  });

  test('what the server refuses is status 1 with its words, what can\'t be understood status 2', async () => {
    for (const [args, code, message] of [
      [['cancel', 'job_nobody'], 1, /job_nobody/],
      [['logs', 'job_nobody'], 1, /job_nobody/],
      [['watch', 'job_nobody'], 1, /job_nobody/],
      [['import', 'model', '/nowhere'], 1, /\/nowhere/],
      [['import', 'dataset', path.join(sample, 'model')], 1, /model/],
      [['train', 'ext_nobody', '--n-features', '64'], 1, /ext_nobody/],
      [['train', 'ext_nobody', '--n-features', '64', '--auto-retry', 'yes'], 1, /auto_retry is true or false, not "yes"/],
      [['tokenize', 'dst_nobody', '--model', 'mdl_nobody'], 1, /nobody/],
      [[], 2, /usage/],
      [['dance'], 2, /no command dance/],
      [['train'], 2, /--help/],
      [['train', 'x', '--learning-rat', '1'], 2, /--learning-rate/],
      [['ls', 'socks'], 2, /trainings/],
      [['ls', '--limit', '0'], 2, /1 to 500/],
      [['import', 'socks', 'x'], 2, /model FOLDER/],
      [['serve', '--listen', 'nowhere'], 2, /HEADWAY_LISTEN is "nowhere"; accepted is/],
      [['serve', '--training-metric-archive-days', 'ten'], 2, /TRAINING_METRIC_ARCHIVE_DAYS is "ten"; accepted is/],
      [['serve', '--bogus'], 2, /--bogus/],
      [['demo', '--port', 'x'], 2, /65535/],
      [['worker', 'x'], 2, /--help/],
    ]) {
      const r = await run(...args);
      assert.equal(r.code, code, `${args.join(' ')}: ${r.code} ${r.out}${r.err}`);
      assert.match(r.err, message, args.join(' '));
    }
    for (const name of ['serve', 'worker', 'demo', 'import', 'tokenize', 'extract', 'train', 'ls', 'watch', 'logs', 'cancel', 'version'])
      assert.match(ok(await run(name, '--help')), name === 'version' ? /./ : /usage: headway/);
  });

  test('without a server: status 3, and what to do', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    for (const args of [['ls'], ['watch'], ['watch', 'job_x'], ['cancel', 'job_x'], ['logs', 'job_x'], ['import', 'model', path.join(sample, 'model')], ['train', 'ext_x']]) {
      const r = await cli(args, { url });
      assert.equal(r.code, 3, `${args.join(' ')}: ${r.err}`);
      assert.match(r.err, new RegExp(`no Headway server answers at ${url}.*headway serve`));
    }
  });

  test('a port that is taken is said, and the data folder is left alone', async () => {
    const folder = await temporaryFolder();
    const data = path.join(folder, 'data');
    const r = await cli(['serve', '--listen', `127.0.0.1:${server.port}`, '--data', data]);
    assert.equal(r.code, 1);
    assert.match(r.err, new RegExp(`127\\.0\\.0\\.1:${server.port}`));
    assert.match(r.err, /taken.*--listen/);
    assert.deepEqual(await readdir(folder), []);
    await rm(folder, { recursive: true });
  });
});

test('demo --once runs twice on one data folder', { timeout: 120000 * patience }, async () => {
  const data = await temporaryFolder();
  for (const times of [1, 2]) {
    const r = await cli(['demo', '--once', '--port', '0', '--data', data], { cwd: root });
    assert.equal(r.code, 0, r.out + r.err);
    for (const kind of ['tokenize kjv', 'extract layer 2', 'train TopK SAE']) assert.match(r.out, new RegExp(`\n${kind} +completed`), `${times}. time`);
    assert.match(r.out, /% of the variance explained/);
    assert.deepEqual(await readdir(path.join(data, 'spool')), []);
    assert.deepEqual(await readdir(path.join(data, 'scratch')), []);
  }
  await rm(data, { recursive: true });
});

describe('a full disk', () => {
  let folder;
  let why; // it can't be tried
  before(async () => {
    folder = await temporaryFolder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'headway-test', folder], { stdio: 'pipe' });
    } catch (error) {
      why = `mounting a small tmpfs isn't allowed here: ${String(error.stderr).trim()}`;
    }
  });
  after(async () => {
    if (!why) execFileSync('umount', [folder]);
    await rm(folder, { recursive: true });
  });

  async function fill() {
    // Down to the last block, and then what is left of it.
    for (const block of [1 << 20, 1 << 12, 1]) {
      const file = path.join(folder, `fill${block}`);
      for (;;) {
        try {
          await writeFile(file, Buffer.alloc(block), { flag: 'a' });
        } catch (error) {
          assert.equal(error.code, 'ENOSPC');
          break;
        }
      }
    }
  }

  async function empty() {
    for (const name of await readdir(folder)) if (name.startsWith('fill')) await rm(path.join(folder, name));
  }

  // A server in a folder of its own on the small disk, stopped whatever happens.
  async function onSmallDisk(t, name, args, body) {
    if (why) return t.skip(why);
    const data = path.join(folder, name);
    await mkdir(data);
    const server = await Server.start({ data, args });
    try {
      await body(server);
    } finally {
      await empty();
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      await rm(data, { recursive: true });
    }
  }

  test('a job that needs more than there is fails with DISK_FULL, and others go on', async (t) =>
    onSmallDisk(t, 'one', [], async (server) => {
      const { model, dataset } = await server.prepare({ samples: 16 });
      const big = await server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [0, 1, 2, 3], hooks: ['residual', 'mlp', 'attention'] });
      const failed = await server.job(big.job_id);
      assert.equal(failed.status, 'failed');
      assert.equal(failed.error_type, 'DISK_FULL', failed.error_message);
      assert.match(failed.error_message, /need .* MB .* are free/);
      const small = await server.post(`/models/${model.id}/extractions`, { dataset_id: dataset.id, layers: [1], max_samples: 8 });
      assert.equal((await server.job(small.job_id)).status, 'completed');
    }));

  test('a disk full to the last byte refuses new work, fails what must write and loses nothing else', async (t) =>
    onSmallDisk(t, 'two', ['--slots', 'cpu=2'], async (server) => {
      const { extraction } = await server.prepare();
      // However many checkpoints a slow machine makes before the disk is full: so much is free again afterwards, which is more
      // than the database and its log take to catch up.
      await writeFile(path.join(folder, 'fill'), Buffer.alloc(12 << 20));
      const body = { extraction_id: extraction.id, n_features: 256, k: 16, batch_size: 256, log_every: 100, total_steps: 100000000 };
      const quiet = await server.post('/trainings', { ...body, checkpoint_every: 100000000 });
      const writes = await server.post('/trainings', { ...body, checkpoint_every: 1000 });
      const rowsOf = async (training) => (await server.get(`/trainings/${training.id}/metrics`)).items.map((it) => it.step);
      await until('a checkpoint', async () => (await server.get(`/trainings/${writes.id}/checkpoints`)).items.length > 0, 60);
      await fill();
      // The database's log may have room of its own for some rows.
      const refused = await until('a refusal', async () => {
        const r = await server.request('POST', '/api/v1/datasets', { path: path.join(sample, 'corpus/kjv.jsonl.gz') });
        return r.status === 201 ? null : r;
      });
      assert.equal(refused.status, 507, refused.text);
      assert.match(refused.json.error.message, /full/);
      assert.equal((await server.request('GET', '/healthz')).status, 200);
      const before = await rowsOf(quiet);
      await until('the worker to say that its reports wait', () => /doesn't take reports .*507|doesn't take reports .*full/.test(server.stderr), 60);
      await until('the task that writes to end', async () => (await processesOf(writes.job_id)).length === 0, 60);

      await empty();
      const failed = await server.job(writes.job_id);
      assert.equal(failed.status, 'failed');
      assert.equal(failed.error_type, 'DISK_FULL', failed.error_message);
      assert.match(failed.error_message, /step_\d+.*[Nn]o space left/);
      const after = await until('rows after it', async () => {
        const rows = await rowsOf(quiet);
        return rows.length > before.length + 5 ? rows : null;
      });
      assert.deepEqual(after, [1, ...after.slice(1).map((_, i) => 100 * (i + 1))], 'not a row is missing');
      await server.post(`/jobs/${quiet.job_id}/cancel`);
      await server.job(quiet.job_id, ['cancelled']);
    }));
});
