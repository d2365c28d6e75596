// The REST interface of the real server: what it refuses and how, lists, logs, caching, who may call.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';
import { Server, sample } from './lib/headway.mjs';

// With headers that fetch won't send.
function ask(server, method, pathname, headers = {}, body) {
  return new Promise((resolve, reject) => {
    const req = request(server.url + pathname, { method, headers, agent: false }, (res) => {
      const parts = [];
      res.on('data', (bytes) => parts.push(bytes));
      res.on('end', () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: res.statusCode, headers: res.headers, text, json: text.startsWith('{') ? JSON.parse(text) : null });
      });
    });
    req.on('error', reject);
    req.end(body);
  });
}

// Bytes as they are; what came until the server closed, or the first answer's head.
function raw(server, bytes, { head = false } = {}) {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (some) => {
      text += some;
      if (head && text.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', (error) => (text ? resolve(text) : reject(error)));
    socket.on('close', () => resolve(text));
  });
}

const json = { 'content-type': 'application/json' };

describe('REST', () => {
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(async () => {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  function assertError(r, status, field) {
    assert.equal(r.status, status, r.text);
    assert.match(r.headers['content-type'], /^application\/json/);
    assert.equal(typeof r.json.error.code, 'string');
    assert.ok(r.json.error.message.length > 10, r.text);
    if (field) assert.equal(r.json.error.field, field, r.text);
  }

  test('malformed JSON is 400 with the place', async () => {
    for (const [body, place] of [['{"path": ', /line 1/], ['{"path":\n "a",\n}', /line 3/], ['[1,2]', /object/], ['{"a":"\\ud800"}', /line 1/], ['{"a":1} x', /line 1/]]) {
      const r = await ask(server, 'POST', '/api/v1/models', json, body);
      assertError(r, 400);
      assert.match(r.json.error.message, place, body);
    }
    assertError(await ask(server, 'POST', '/api/v1/models', json, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), 400);
    assertError(await ask(server, 'POST', '/api/v1/models', json, '['.repeat(100000)), 400);
  });

  test('a value of the wrong type is 422 with the field', async () => {
    for (const [pathname, body, field] of [
      ['/models', { path: 7 }, 'path'],
      ['/models', { path: '/x', name: [] }, 'name'],
      ['/datasets', {}, 'path'],
      ['/datasets', { path: path.join(sample, 'corpus/kjv.jsonl.gz'), text_field: 3 }, 'text_field'],
      ['/jobs', {}, 'kind'],
      ['/jobs', { kind: 'train_sae', params: [] }, 'params'],
      ['/jobs', { kind: 5 }, 'kind'],
      ['/trainings', { extraction_id: 'ext_x', n_features: 1.5 }, 'n_features'],
      ['/trainings', { extraction_id: 'ext_x', learning_rate: 1e30 }, 'learning_rate'],
      ['/trainings', { extraction_id: 'ext_x', layers: [1, 1] }, 'layers'],
      ['/trainings', { extraction_id: 'ext_x', architecture: 'magic' }, 'architecture'],
      ['/trainings', { extraction_id: ['ext_x'] }, 'extraction_id'],
      ['/trainings', { extraction_id: 'ext_x', max_attempts: 0 }, 'max_attempts'],
    ])
      assertError(await ask(server, 'POST', `/api/v1${pathname}`, json, JSON.stringify(body)), 422, field);
    for (const [pathname, field] of [
      ['/jobs?limit=0', 'limit'],
      ['/jobs?limit=501', 'limit'],
      ['/jobs?limit=many', 'limit'],
      ['/jobs?status=dancing', 'status'],
      ['/operations?state=odd', 'state'],
      ['/system/history?window=4000', 'window'],
      ['/system/history?from=yesterday', 'from'],
      ['/system/history?to=2026-01-01T00:00:00Z', 'from'],
      ['/system/history?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'to'],
      ['/system/history?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&resolution=60', 'resolution'],
      ['/progress-history', 'entity_id'],
      ['/progress-history?entity_id=job_none&start_time=now', 'start_time'],
      ['/progress-history?entity_id=job_none&start_time=2026-01-02T00:00:00Z&end_time=2026-01-01T00:00:00Z', 'end_time'],
      ['/progress-history/compare', 'entity_ids'],
      ['/progress-history/compare?entity_ids=job_none', 'entity_ids'],
      ['/progress-history/compare?entity_ids=job_none,job_none', 'entity_ids'],
      [`/progress-history/compare?entity_ids=${Array.from({ length: 21 }, (_, i) => `job_${i}`)}`, 'entity_ids'],
    ])
      assertError(await ask(server, 'GET', `/api/v1${pathname}`), 422, field);
    assertError(await ask(server, 'GET', '/api/v1/jobs?cursor=nonsense'), 400, 'cursor');
  });

  test('unknown paths are 404, known ones with another method 405 with Allow', async () => {
    for (const pathname of ['/api/v1/nothing', '/api/v1/jobs/job_none', '/api/v1/jobs/job_none/logs', '/api/v1/jobs/job_none/timeline', '/api/v1/models/mdl_none', '/api/v1/trainings/trn_none/metrics', '/api/v1', '/api/v2/jobs', '/nothing.js', '/../../etc/passwd.txt', '/%2e%2e/%2e%2e/etc/passwd.txt'])
      assertError(await ask(server, 'GET', pathname), 404);
    for (const [method, pathname, allow] of [
      ['DELETE', '/api/v1/jobs', 'GET, HEAD, POST'],
      ['PUT', '/api/v1/models', 'GET, HEAD, POST'],
      ['GET', '/api/internal/ws/emit', 'POST'],
      ['GET', '/api/v1/jobs/job_x/cancel', 'POST'],
      ['POST', '/api/v1/system/metrics', 'GET, HEAD'],
    ]) {
      const r = await ask(server, method, pathname);
      assertError(r, 405);
      assert.deepEqual(r.headers.allow.split(', ').sort(), allow.split(', ').sort(), pathname);
    }
  });

  test('a body over 8 MiB is 413, a header over 16 KiB 431', async () => {
    const head = (more) => `POST /api/v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${more}\r\n\r\n`;
    assert.match(await raw(server, head(`Content-Length: ${8 * 1024 * 1024 + 1}`)), /^HTTP\/1\.1 413 .*"message":/s);
    assert.match(await raw(server, head(`X-Long: ${'x'.repeat(17000)}`)), /^HTTP\/1\.1 431 .*"message":/s);
    assert.match(await raw(server, `GET /${'x'.repeat(20000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`), /^HTTP\/1\.1 4(14|31) /);
    assert.match(await raw(server, head('Content-Length: 5\r\nContent-Length: 6')), /^HTTP\/1\.1 400 /);
    assert.match(await raw(server, head('Content-Length: 5\r\nTransfer-Encoding: chunked')), /^HTTP\/1\.1 400 /);
    const fits = await ask(server, 'POST', '/api/v1/models', json, JSON.stringify({ path: '/none', name: 'x'.repeat(8 * 1024 * 1024 - 100) }));
    assert.equal(fits.status, 422);
  });

  test('a foreign Host is 403, and so is a foreign Origin where something is written', async () => {
    const port = server.port;
    for (const host of ['evil.example', `evil.example:${port}`, 'localhost.evil.example'])
      assertError(await ask(server, 'GET', '/api/v1/jobs', { host }), 403);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) assert.equal((await ask(server, 'GET', '/api/v1/jobs', { host })).status, 200, host);
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${port + 1}`]) {
      assertError(await ask(server, 'POST', '/api/v1/models', { ...json, origin }, '{"path":"/none"}'), 403);
      const poll = await ask(server, 'GET', '/socket.io/?EIO=4&transport=polling', { origin });
      assert.deepEqual([poll.status, poll.json], [403, { code: 4, message: 'Forbidden' }], 'in the words of Engine.IO');
      const upgrade = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: ${origin}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
      assert.match(await raw(server, upgrade, { head: true }), /^HTTP\/1\.1 403 /);
      const refused = await new Promise((resolve) => {
        const socket = io(server.url, { transports: ['websocket'], reconnection: false, extraHeaders: { origin } });
        socket.on('connect_error', () => resolve(true));
        socket.on('connect', () => resolve(false));
      });
      assert.ok(refused, origin);
    }
    assert.equal((await ask(server, 'POST', '/api/v1/models', { ...json, origin: server.url }, '{"path":"/none"}')).status, 422, 'the own origin is let through');
  });

  test('never_again_38_events_are_published_only_by_this_host_and_never_on_reserved_channels', async () => {
    const body = JSON.stringify({ channel: 'jobs/job_x/progress', event: 'job:progress', data: { progress: 1 } });
    const told = await ask(server, 'POST', '/api/internal/ws/emit', json, body);
    assert.equal(told.status, 201);
    assert.deepEqual(Object.keys(told.json), ['seq']);
    for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via'])
      assertError(await ask(server, 'POST', '/api/internal/ws/emit', { ...json, [header]: '127.0.0.1' }, body), 403);
    for (const channel of ['system/cpu', 'system/gpu/0', 'admin/x'])
      assertError(await ask(server, 'POST', '/api/internal/ws/emit', json, JSON.stringify({ channel, event: 'system:metrics', data: {} })), 403, 'channel');
    for (const channel of ['', 'a b', 'jobs//x', `jobs/${'x'.repeat(300)}/progress`, 'jobs/ä/progress'])
      assertError(await ask(server, 'POST', '/api/internal/ws/emit', json, JSON.stringify({ channel, event: 'x', data: {} })), 422, 'channel');
  });

  test('lists go on by cursor: every row once, newest first, while others are added', async () => {
    const file = path.join(server.data, 'one.txt');
    await writeFile(file, 'text\n');
    const added = [];
    for (let i = 0; i < 120; i++) added.push((await server.post('/datasets', { path: file, name: `set ${i}` })).id);
    const seen = [];
    let cursor = '';
    let pages = 0;
    do {
      const page = await server.get(`/datasets?limit=50${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
      assert.ok(page.items.length <= 50);
      seen.push(...page.items.map((it) => it.id));
      cursor = page.next_cursor;
      if (++pages === 1) await server.post('/datasets', { path: file, name: 'came meanwhile' });
    } while (cursor);
    assert.equal(pages, 3);
    assert.deepEqual(seen, [...added].reverse());
    assert.equal((await server.get('/datasets')).items.length, 50, 'the default');
    assert.equal((await server.get('/datasets?limit=500')).items.length, 121);
    const created = (await server.get('/datasets?limit=500')).items.map((it) => it.created_at);
    assert.deepEqual(created, [...created].sort().reverse());
  });

  test('logs are kept after a failure and read on with after=', async () => {
    const model = await server.post('/models', { path: path.join(sample, 'model') });
    const corpus = path.join(server.data, 'bad.jsonl');
    await writeFile(corpus, '{"text": "good"}\n'.repeat(100) + '{"text": "bad\n');
    const dataset = await server.post('/datasets', { path: corpus });
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
    assert.equal((await server.job(job.id)).status, 'failed');
    const all = await server.get(`/jobs/${job.id}/logs`);
    assert.ok(all.items.length > 0);
    assert.deepEqual(all.items.map((it) => it.seq), all.items.map((_, i) => i + 1));
    for (const line of all.items) {
      assert.deepEqual(Object.keys(line), ['seq', 'ts', 'stream', 'text']);
      assert.ok(['stdout', 'stderr', 'log'].includes(line.stream));
    }
    assert.equal(all.next_after, all.items.at(-1).seq);
    const rest = await server.get(`/jobs/${job.id}/logs?after=${all.next_after}`);
    assert.deepEqual(rest, { items: [], next_after: all.next_after, next_before: all.next_after + 1 });
    assert.deepEqual((await server.get(`/jobs/${job.id}/logs?before=${rest.next_before}`)).items, all.items);
    const one = await server.get(`/jobs/${job.id}/logs?limit=1&stream=stderr`);
    assert.equal(one.items.length, 1);
    assert.equal(one.items[0].stream, 'stderr');
    assertError(await ask(server, 'GET', `/api/v1/jobs/${job.id}/logs?stream=other`), 422, 'stream');
  });

  test('HEAD answers as GET without the body', async () => {
    for (const pathname of ['/', '/api/v1/version', '/healthz']) {
      const got = await ask(server, 'GET', pathname);
      const head = await ask(server, 'HEAD', pathname);
      assert.equal(head.status, got.status, pathname);
      assert.equal(head.text, '');
      assert.equal(head.headers['content-type'], got.headers['content-type']);
      if (pathname === '/') assert.equal(head.headers['content-length'], got.headers['content-length']);
    }
  });

  test('static files carry an entity tag as RFC 9110 writes it, and are 304 to who has them', async () => {
    const page = await ask(server, 'GET', '/');
    assert.equal(page.status, 200);
    assert.match(page.headers.etag, /^(W\/)?"[^"]+"$/);
    assert.match(page.headers['content-security-policy'], /default-src 'self'/);
    for (const known of [page.headers.etag, page.headers.etag.replace(/^W\//, ''), `"other", ${page.headers.etag}`, '*']) {
      const same = await ask(server, 'GET', '/', { 'if-none-match': known });
      assert.equal(same.status, 304, known);
      assert.equal(same.text, '');
      assert.equal(same.headers.etag, page.headers.etag);
    }
    assert.equal((await ask(server, 'GET', '/', { 'if-none-match': '"other"' })).status, 200);
    const asset = /(?:src|href)="(\/assets\/[^"]+)"/.exec(page.text)[1];
    const gzip = await ask(server, 'GET', asset, { 'accept-encoding': 'gzip' });
    assert.equal(gzip.headers['content-encoding'], 'gzip');
    assert.match(gzip.headers['cache-control'], /immutable/);
    assert.equal((await ask(server, 'GET', '/trainings/trn_x')).text, page.text, 'routes of the page are the page');
  });

  test('liveness, readiness and the version', async () => {
    assert.equal((await ask(server, 'GET', '/healthz')).status, 200);
    assert.equal((await ask(server, 'GET', '/readyz')).status, 200);
    const version = await server.get('/version');
    assert.deepEqual(Object.keys(version).sort(), ['instance', 'server_time', 'started_at', 'version']);
  });
});

test('never_again_14_a_job_that_no_worker_serves_says_so', async () => {
  const server = await Server.start({ worker: false });
  try {
    const { model, dataset } = await server.importSample();
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
    assert.equal(job.status, 'queued');
    assert.match((await server.get(`/jobs/${job.id}`)).status_text, /no worker serves the class cpu/);
  } finally {
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  }
});
