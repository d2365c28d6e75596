// Downloads from a hub: whole files and only whole files, whatever the hub and the network do.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { before, after, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { Follower } from './lib/follower.mjs';
import { Server, headway, sample, until } from './lib/headway.mjs';
import { Hub } from './lib/hub.mjs';

const TOKEN = 'hf_thisIsASecretOfTheTests';
const MODEL = 'test/gpt2-tiny';
const WEIGHTS = 'model.safetensors';
let hub, server, weights;

before(async () => {
  hub = await Hub.start();
  server = await Server.start({ env: { HF_ENDPOINT: hub.url, HF_TOKEN: TOKEN, HEADWAY_STALL_SECONDS: '1' } });
  weights = await readFile(path.join(sample, 'model', WEIGHTS));
});
after(() => server?.stop());

// Every test has the sample model to itself.
async function fresh() {
  hub.requests.length = 0;
  hub.behave = () => false;
  return hub.putSampleModel(MODEL, { 'README.md': '# sample', 'pytorch_model.bin': 'never needed', 'onnx/model.safetensors': 'nor this' });
}

async function download(body = {}) {
  const model = await server.post('/models', { repo_id: MODEL, ...body });
  return { model, job: (seconds) => server.job(model.job_id, undefined, seconds), now: () => server.get(`/models/${model.id}`) };
}

// Once, for the weights: `act` sends something of its own, and later requests are answered as they should be.
function once(act) {
  let used = false;
  hub.behave = (it) => {
    if (used || it.file !== WEIGHTS) return false;
    used = true;
    return act(it);
  };
}

const cutAfter = (cut, more = {}) => ({ req, res, repo, file }) => {
  hub.sendFile(req, res, repo.files.get(file), { cut, ...more });
  return true;
};

async function same(model) {
  assert.ok(weights.equals(await readFile(path.join(model.path, WEIGHTS))), 'the weights are the hub\'s, byte for byte');
  const left = (await readdir(model.path, { recursive: true })).filter((name) => /\.(part|part\.json|tmp)$/.test(name));
  assert.deepEqual(left, [], 'nothing half is left');
}

const logOf = async (id) => (await server.get(`/jobs/${id}/logs?limit=5000`)).items.map((it) => it.text).join('\n');

test('a model comes with what is needed of it, is looked at as an imported one is, and becomes ready', async () => {
  const { commit } = await fresh();
  const started = await server.post('/models', { repo_id: MODEL, name: 'tiny' });
  assert.equal(started.status, 'downloading');
  assert.equal(started.size_bytes, null);
  const job = await server.job(started.job_id);
  assert.equal(job.status, 'completed', job.error_message);
  assert.equal(job.kind, 'download_model');
  assert.equal(job.resource_class, 'io');
  const model = await server.get(`/models/${started.id}`);
  assert.equal(model.name, 'tiny');
  assert.equal(model.status, 'ready');
  assert.equal(model.commit, commit);
  assert.deepEqual((await readdir(model.path)).sort(), ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']);
  await same(model);
  const imported = await server.post('/models', { path: path.join(sample, 'model') });
  for (const key of ['architecture', 'n_layers', 'width', 'vocab_size', 'parameters', 'dtype', 'size_bytes', 'has_tokenizer']) {
    assert.equal(model[key], imported[key], key);
  }
});

test('its progress is told in bytes with file and rate, from downloading to ready, and never goes back', async () => {
  await fresh();
  // The rest of the weights is held back until the page has heard of them.
  let go;
  const heard = new Promise((resolve) => (go = resolve));
  hub.behave = ({ res, repo, file }) => {
    if (file !== WEIGHTS) return false;
    const bytes = repo.files.get(file);
    res.writeHead(200, { 'content-length': bytes.length });
    res.write(bytes.subarray(0, 1_000_000));
    void heard.then(() => res.end(bytes.subarray(1_000_000)));
    return true;
  };
  const { model, job } = await download();
  const follower = await Follower.open(server.url, [`models/${model.id}/progress`]);
  await follower.wait('model:progress', (it) => it.file === WEIGHTS && it.bytes_done >= 1_000_000);
  go();
  await job();
  const completed = await follower.wait('model:completed');
  const events = follower.of('model:progress');
  assert.ok(events.length > 0);
  assert.ok(events.every((it) => it.status === 'downloading' && it.progress < 100));
  assert.deepEqual(events.map((it) => it.progress), [...events.map((it) => it.progress)].sort((a, b) => a - b));
  const withFile = events.filter((it) => it.file);
  assert.ok(withFile.length > 0);
  const names = ['config.json', WEIGHTS, 'tokenizer.json', 'tokenizer_config.json'];
  for (const it of withFile) assert.deepEqual([it.file, it.file_count], [names[it.file_index - 1], 4]);
  assert.equal(events.at(-1).bytes_total, completed.bytes_total);
  assert.equal(completed.status, 'ready');
  assert.equal(completed.progress, 100);
  assert.equal(completed.bytes_done, completed.bytes_total);
  assert.deepEqual(follower.unexplained(`models/${model.id}/progress`), []);
  follower.close();
});

test('[37] a connection that is cut is gone on with where it broke, by the queue, with Range and If-Range', async () => {
  await fresh();
  once(cutAfter(500_000));
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  assert.equal(ended.attempt, 2);
  const asked = hub.asked(WEIGHTS);
  assert.equal(asked.length, 2);
  assert.match(asked[1].range, /^bytes=\d+-$/);
  assert.ok(Number(/\d+/.exec(asked[1].range)[0]) > 0);
  assert.match(asked[1].ifRange, /^"[0-9a-f]{64}"$/);
  assert.equal(hub.asked('/config.json').length, 1, 'what came whole is not fetched again');
  await same(await now());
});

test('one that is cut after much has come goes on at once, within the attempt', async () => {
  await fresh();
  once(cutAfter(1_500_000));
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  assert.equal(ended.attempt, 1);
  assert.match(await logOf(ended.id), /going on at byte 1500000/);
  await same(await now());
});

test('silence ends as NETWORK after the time that is set, and the next attempt goes on', async () => {
  await fresh();
  once(({ req, res, repo, file }) => {
    hub.sendFile(req, res, repo.files.get(file), { stall: 300_000 });
    return true;
  });
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  assert.equal(ended.attempt, 2);
  assert.match(await logOf(ended.id), /no byte came for 1 s/);
  assert.match(hub.asked(WEIGHTS)[1].range, /^bytes=300000-$/);
  await same(await now());
});

test('a file whose ETag has changed begins anew', async () => {
  await fresh();
  once(cutAfter(400_000, { etag: '"another"' }));
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  assert.match(await logOf(ended.id), /begins anew/);
  assert.equal(hub.asked(WEIGHTS)[1].ifRange, '"another"');
  await same(await now());
});

test('[37] a range that the hub refuses (416) begins anew instead of failing for ever', async () => {
  await fresh();
  let cut = false;
  hub.behave = ({ req, res, repo, file }) => {
    if (file !== WEIGHTS) return false;
    if (req.headers.range) {
      res.writeHead(416).end();
    } else {
      hub.sendFile(req, res, repo.files.get(file), cut ? {} : { cut: 200_000 });
      cut = true;
    }
    return true;
  };
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  assert.equal(ended.attempt, 2);
  await same(await now());
});

test('a hub that knows no ranges is read from the start', async () => {
  await fresh();
  let cut = false;
  hub.behave = ({ req, res, repo, file }) => {
    if (file !== WEIGHTS) return false;
    hub.sendFile(req, res, repo.files.get(file), { ranges: false, ...(cut ? {} : { cut: 200_000 }) });
    cut = true;
    return true;
  };
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  await same(await now());
});

test('bytes with another hash are thrown away and fetched again', async () => {
  await fresh();
  once(({ req, res, repo, file }) => {
    const wrong = Buffer.from(repo.files.get(file));
    wrong[wrong.length - 1] ^= 1;
    hub.sendFile(req, res, wrong);
    return true;
  });
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  assert.match(await logOf(ended.id), /its hash is [0-9a-f]{64} and the hub says [0-9a-f]{64}/);
  assert.equal(hub.asked(WEIGHTS)[1].range, undefined);
  await same(await now());
});

test('a busy hub (503) is asked again', async () => {
  await fresh();
  let busy = true;
  hub.behave = ({ res }) => {
    if (!busy) return false;
    busy = false;
    res.writeHead(503).end();
    return true;
  };
  const { job } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  assert.equal(ended.attempt, 2);
});

// What can't get better by trying again fails at once, and says why.
const hopeless = [
  ['a repository that is not there', 'NOT_FOUND', /test\/gpt2-tiny at main: the hub has nothing there \(404\)/, ({ res }) => res.writeHead(404).end()],
  ['one that is closed to us', 'VALIDATION', /the hub refuses it \(401\).*HF_TOKEN/, ({ res }) => res.writeHead(401).end()],
  ['an answer that is no JSON', 'UNKNOWN', /isn't what a hub says/, ({ res }) => res.end('<html>welcome to the hotel</html>')],
  ['an answer of another sort', 'UNKNOWN', /has no list of files/, ({ res }) => res.end('{"siblings": 7}')],
  ['a name that can be no file here', 'VALIDATION', /"x\\y\.safetensors", which can't be one/, ({ res }) =>
    res.end(JSON.stringify({ sha: 'a'.repeat(40), siblings: [{ rfilename: 'config.json', size: 2 }, { rfilename: 'x\\y.safetensors', size: 3 }] }))],
  ['no weights that can be read', 'VALIDATION', /has no safetensors: it keeps its weights in a form/, ({ res }) =>
    res.end(JSON.stringify({ sha: 'a'.repeat(40), siblings: [{ rfilename: 'config.json', size: 2 }, { rfilename: 'pytorch_model.bin', size: 3 }] }))],
  ['more than the disk holds', 'DISK_FULL', /MB are needed at .* and .* MB are free/, ({ res }) =>
    res.end(JSON.stringify({ sha: 'a'.repeat(40), siblings: [{ rfilename: 'config.json', size: 2 }, { rfilename: 'model.safetensors', size: 9e14 }] }))],
];
for (const [what, type, words, answer] of hopeless) {
  test(`${what} is ${type}, at once and in words`, async () => {
    await fresh();
    hub.behave = (it) => !it.file && (answer(it), true);
    const { model, job, now } = await download();
    const ended = await job();
    assert.equal(ended.status, 'failed');
    assert.equal(ended.error_type, type, ended.error_message);
    assert.equal(ended.attempt, 1);
    const row = await now();
    assert.equal(row.status, 'failed');
    assert.equal(row.error_type, type);
    assert.match(row.error_message, words);
    const refused = await server.request('POST', `/api/v1/models/${model.id}/extractions`, { dataset_id: 'dst_000000000000000', layers: [0] });
    assert.equal(refused.status, 422);
  });
}

test('[18] a model that can not be used is told by its configuration, before its weights are fetched', async () => {
  await fresh();
  await hub.putSampleModel(MODEL, { 'config.json': '{"model_type": "llama"}' });
  const { job, now } = await download();
  const ended = await job();
  assert.equal(ended.error_type, 'VALIDATION');
  assert.match(ended.error_message, /the architecture is llama; gpt2 is supported/);
  assert.equal(hub.asked(WEIGHTS).length, 0);
  assert.equal((await now()).status, 'failed');
});

test('a file of another length than the list says is refused', async () => {
  await fresh();
  hub.behave = ({ req, res, repo, file }) => {
    if (file !== WEIGHTS) return false;
    hub.sendFile(req, res, repo.files.get(file).subarray(1));
    return true;
  };
  const { job } = await download();
  const ended = await job();
  assert.equal(ended.status, 'failed');
  assert.match(ended.error_message, /lists it with 2705920 bytes and sends it with 2705919/);
});

test('only named files come if files are named, and each must be there', async () => {
  await fresh();
  const missing = await download({ files: ['config.json', 'nowhere.json'] });
  const ended = await missing.job();
  assert.equal(ended.error_type, 'NOT_FOUND');
  assert.match(ended.error_message, /no file nowhere\.json/);
  for (const [field, body] of [
    ['files', { files: ['../config.json'] }],
    ['files', { files: ['/etc/passwd'] }],
    ['files', { files: [] }],
    ['repo_id', { repo_id: 'a/b/c' }],
    ['repo_id', { repo_id: '../x' }],
    ['revision', { revision: 'a b' }],
    ['path', { path: '/tmp' }],
    ['split', { split: 'train' }],
  ]) {
    const refused = await server.request('POST', '/api/v1/models', { repo_id: MODEL, ...body });
    assert.equal(refused.status, 422, JSON.stringify(body));
    assert.equal(refused.json.error.field, field);
  }
});

// Holds the weights' answer after so many bytes until `release` is called.
function holdAfter(bytes) {
  let release, reached;
  const held = new Promise((resolve) => (release = resolve));
  const there = new Promise((resolve) => (reached = resolve));
  let used = false;
  hub.behave = ({ req, res, repo, file }) => {
    if (file !== WEIGHTS || used) return false;
    used = true;
    const all = repo.files.get(file);
    res.writeHead(200, { 'content-length': all.length, etag: '"held"' });
    res.write(all.subarray(0, bytes), reached);
    held.then(() => res.destroy());
    return true;
  };
  return { there, release };
}

const partOf = (model) => until('bytes in the part', async () => (await readFile(path.join(model.path, `${WEIGHTS}.part`)).catch(() => '')).length >= 700_000);

test('a worker killed in the middle: the next one goes on with what is there', async () => {
  await fresh();
  const patient = await Server.start({ env: { HF_ENDPOINT: hub.url, HEADWAY_STALL_SECONDS: '60' } });
  try {
    const hold = holdAfter(700_000);
    const model = await patient.post('/models', { repo_id: MODEL, max_attempts: 3 });
    await hold.there;
    await partOf(model);
    process.kill(await patient.workerPid(), 'SIGKILL');
    hold.release();
    // The tag has changed meanwhile: what follows may not be put behind what is here unless its hash says so.
    hub.behave = ({ req, res, repo, file }) => file === WEIGHTS && (hub.sendFile(req, res, repo.files.get(file), { etag: '"held"' }), true);
    const ended = await patient.job(model.job_id);
    assert.equal(ended.status, 'completed', ended.error_message);
    assert.ok(ended.attempt > 1);
    const again = hub.asked(WEIGHTS).at(-1);
    assert.equal(again.range, 'bytes=700000-');
    await same(await patient.get(`/models/${model.id}`));
  } finally {
    await patient.stop();
  }
});

test('paused it gives its place free, and resumed it goes on; cancelled it says so, and a retry goes on', async () => {
  await fresh();
  const patient = await Server.start({ env: { HF_ENDPOINT: hub.url, HEADWAY_STALL_SECONDS: '60' } });
  try {
    let hold = holdAfter(700_000);
    const model = await patient.post('/models', { repo_id: MODEL });
    await hold.there;
    await partOf(model);
    await patient.post(`/jobs/${model.job_id}/pause`);
    const paused = await patient.job(model.job_id, ['paused']);
    assert.equal(paused.worker_id, null, 'its process has ended');
    assert.equal((await patient.get(`/models/${model.id}`)).status, 'downloading');
    hold.release();
    hold = holdAfter(700_000); // the tag is the same: sent from the start all the same, as 200
    await patient.post(`/jobs/${model.job_id}/resume`);
    await hold.there;
    await partOf(model);
    await patient.post(`/jobs/${model.job_id}/cancel`);
    assert.equal((await patient.job(model.job_id)).status, 'cancelled');
    const cancelled = await patient.get(`/models/${model.id}`);
    assert.equal(cancelled.status, 'cancelled');
    hold.release();
    hub.behave = ({ req, res, repo, file }) => file === WEIGHTS && (hub.sendFile(req, res, repo.files.get(file), { etag: '"held"' }), true);
    const retry = await patient.post(`/jobs/${model.job_id}/retry`);
    assert.equal((await patient.job(retry.id)).status, 'completed');
    assert.equal(hub.asked(WEIGHTS).at(-1).range, 'bytes=700000-');
    const ready = await patient.get(`/models/${model.id}`);
    assert.equal(ready.status, 'ready');
    assert.equal(ready.job_id, retry.id);
    await same(ready);
  } finally {
    await patient.stop();
  }
});

test('what a failed or cancelled download has left is removed with it; nothing else is', async () => {
  await fresh();
  const hold = holdAfter(700_000);
  const patient = await Server.start({ env: { HF_ENDPOINT: hub.url, HEADWAY_STALL_SECONDS: '60' } });
  try {
    const remove = (kind, id) => patient.request('DELETE', `/api/v1/${kind}/${id}`);
    const model = await patient.post('/models', { repo_id: MODEL });
    await hold.there;
    await partOf(model);
    const early = await remove('models', model.id);
    assert.deepEqual([early.status, early.json.error.message], [409, `the model ${model.id} is downloading: only a download that failed or was cancelled can be removed`]);
    await patient.post(`/jobs/${model.job_id}/cancel`);
    await patient.job(model.job_id);
    hold.release();
    const gone = await remove('models', model.id);
    assert.deepEqual([gone.status, gone.json], [200, { id: model.id, files_kept: null }]);
    await assert.rejects(readdir(model.path), { code: 'ENOENT' });
    assert.equal((await remove('models', model.id)).status, 404);
    assert.deepEqual((await patient.get('/models')).items, []);
    const retry = await patient.request('POST', `/api/v1/jobs/${model.job_id}/retry`, {});
    assert.deepEqual([retry.status, retry.json.error.message], [409, `its model ${model.id} was deleted: a job can't be retried without one`]);

    const dataset = await patient.post('/datasets', { repo_id: 'test/nothing-there' });
    assert.equal((await patient.job(dataset.download_job_id)).status, 'failed');
    assert.deepEqual((await patient.get('/operations?state=failed')).items.map((it) => it.id), [dataset.download_job_id]);
    assert.equal((await remove('datasets', dataset.id)).status, 200);
    assert.deepEqual((await patient.get('/operations?state=failed')).items, [], 'its failure is dismissed');

    const imported = await patient.post('/models', { path: path.join(sample, 'model') });
    assert.equal((await remove('models', imported.id)).status, 409);
    assert.equal((await remove('datasets', imported.id)).status, 404);
    assert.ok((await readdir(imported.path)).length > 0);
  } finally {
    await patient.stop();
  }
});

test('[38] the token goes to the hub and to nobody else: no redirect, no parameter, no log, no file has it', async () => {
  await fresh();
  const store = await Hub.start(); // where the hub's large files lie
  store.behave = ({ req, res }) => {
    store.sendFile(req, res, weights);
    return true;
  };
  hub.behave = ({ res, file }) => file === WEIGHTS && (res.writeHead(302, { location: `${store.url}/large?key=signed` }).end(), true);
  const { model, job, now } = await download();
  const ended = await job();
  assert.equal(ended.status, 'completed', ended.error_message);
  await same(await now());
  assert.ok(hub.requests.every((it) => it.authorization === `Bearer ${TOKEN}`));
  assert.deepEqual(store.requests.map((it) => it.authorization), [undefined]);
  const told = JSON.stringify([ended, await now(), await logOf(ended.id), server.stderr]);
  assert.ok(!told.includes(TOKEN));
  const { stdout } = await promisify(execFile)('grep', ['-rlF', TOKEN, server.data]).catch((error) => error);
  assert.equal(stdout, '');
  assert.ok(model.id);
});

test('a redirect to what is not http is not followed', async () => {
  await fresh();
  hub.behave = ({ res, file }) => file === WEIGHTS && (res.writeHead(302, { location: 'file:///etc/passwd' }).end(), true);
  const { job } = await download();
  const ended = await job();
  assert.equal(ended.status, 'failed');
  assert.match(ended.error_message, /redirects to what isn't http/);
});

test('a dataset of several files becomes one corpus that can be tokenized; its phases are told', async () => {
  await fresh();
  const doc = (text) => `${JSON.stringify({ text })}\n`;
  hub.put('datasets', 'test/verses', {
    'README.md': '#',
    'data/train-00000-of-00002.jsonl': doc('In the beginning') + doc('and the earth').trimEnd(), // no newline at the end
    'data/train-00001-of-00002.jsonl': doc('was without form'),
    'data/test-00000-of-00001.jsonl': doc('not this one'),
  });
  const dataset = await server.post('/datasets', { repo_id: 'test/verses', split: 'train' });
  assert.equal(dataset.status, 'downloading');
  const job = await server.job(dataset.download_job_id);
  assert.equal(job.status, 'completed', job.error_message);
  assert.equal(job.phase, 'indexing');
  const ready = await server.get(`/datasets/${dataset.id}`);
  assert.equal(ready.status, 'ready');
  assert.equal(ready.split, 'train');
  assert.equal((await readFile(ready.path, 'utf8')).trim().split('\n').length, 3);
  assert.deepEqual(await readdir(path.dirname(ready.path)), ['corpus.jsonl', 'data']);
  const model = await server.post('/models', { path: path.join(sample, 'model') });
  const tokenize = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  assert.equal((await server.job(tokenize.id)).status, 'completed');
  const tokenized = await server.get(`/datasets/${dataset.id}`);
  assert.equal(tokenized.documents, 3);
  assert.equal(tokenized.download_job_id, job.id, 'the one job does not take the other\'s place');
});

test('packed files are joined as they are', async () => {
  await fresh();
  hub.put('datasets', 'test/packed', { 'a.txt.gz': gzipSync('one\ntwo'), 'b.txt.gz': gzipSync('three\n') });
  const dataset = await server.post('/datasets', { repo_id: 'test/packed' });
  const job = await server.job(dataset.download_job_id);
  assert.equal(job.status, 'completed', job.error_message);
  const model = await server.post('/models', { path: path.join(sample, 'model') });
  const tokenize = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  assert.equal((await server.job(tokenize.id)).status, 'completed');
  assert.equal((await server.get(`/datasets/${dataset.id}`)).documents, 3);
});

test('datasets in forms that are not read are refused with what is', async () => {
  await fresh();
  const refusals = [
    ['parquet', { 'data/train.parquet': 'PAR1' }, {}, /has \.parquet files, which Headway doesn't read: it reads \.jsonl and \.txt/],
    ['split', { 'train.jsonl': '{}' }, { split: 'validation' }, /no \.jsonl or \.txt file of the split "validation"/],
    ['mixed', { 'a.jsonl': '{}', 'b.txt': 'x' }, {}, /of different forms/],
  ];
  for (const [name, files, body, words] of refusals) {
    hub.put('datasets', `test/${name}`, files);
    const dataset = await server.post('/datasets', { repo_id: `test/${name}`, ...body });
    const job = await server.job(dataset.download_job_id);
    assert.equal(job.error_type, 'VALIDATION');
    assert.match(job.error_message, words);
    assert.equal((await server.get(`/datasets/${dataset.id}`)).status, 'failed');
    const refused = await server.request('POST', `/api/v1/datasets/${dataset.id}/tokenize`, { model_id: 'mdl_000000000000000' });
    assert.equal(refused.status, 422);
  }
});

test('a file that would lie outside the download is refused, and nothing is asked for', async () => {
  await fresh();
  for (const name of ['../../evil.jsonl', '/tmp/evil.jsonl', 'a/../../evil.jsonl', 'line\nbreak.jsonl']) {
    hub.put('datasets', 'test/evil', { [name]: '{"text":"x"}\n' });
    const dataset = await server.post('/datasets', { repo_id: 'test/evil' });
    const job = await server.job(dataset.download_job_id);
    assert.equal(job.error_type, 'VALIDATION', name);
    assert.match(job.error_message, /can't be one below a folder here/);
  }
  assert.equal(hub.asked('/resolve/').length, 0);
});

test('headway download follows a download to its end', async () => {
  await fresh();
  const run = promisify(execFile);
  const { stdout } = await run(headway, ['download', 'model', MODEL, '--name', 'by hand', '--server', server.url]);
  assert.match(stdout, /mdl_\w+/);
  const { items } = await server.get('/models');
  assert.equal(items[0].name, 'by hand');
  assert.equal(items[0].status, 'ready');
  await assert.rejects(run(headway, ['download', 'cat', MODEL, '--server', server.url]), /wanted is "model REPO" or "dataset REPO"/);
  const failed = await run(headway, ['download', 'dataset', 'test/nothing', '--server', server.url]).catch((error) => error);
  assert.equal(failed.code, 1);
  assert.match(failed.stderr + failed.stdout, /nothing there \(404\)/);
});
