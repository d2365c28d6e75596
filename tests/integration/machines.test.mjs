// Machines of other hosts: a real worker that goes by another host's name reports the machine it is on.
import assert from 'node:assert/strict';
import { readlink, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Follower } from './lib/follower.mjs';
import { taskOf } from './lib/processes.mjs';
import { Worker } from './lib/worker.mjs';
import { build, Server, temporaryFolder, until } from './lib/headway.mjs';

const interval = { SYSTEM_MONITOR_INTERVAL_SECONDS: '0.2' };
const parts = ['cpu', 'memory', 'disk', 'network', 'gpu-0'];

describe('a worker on another host', () => {
  let server, worker, files, hostPids;
  const hosts = async () => (await server.get('/system/hosts')).items;
  const box2 = async () => (await hosts()).find((it) => it.host === 'box2');
  const gpus = (...lines) => writeFile(path.join(files, 'gpus'), ['gpus 1', 'gpu 0 name Fake', 'gpu 0 memory_total 1000', 'gpu 0 utilization 60', ...lines, ''].join('\n'));
  const startWorker = (more) =>
    Worker.start(server, {
      args: ['--host-name', 'box2'],
      env: { HEADWAY_NVML: path.join(build, 'tests/libnvidia-ml.so.1'), HEADWAY_FAKE_NVML: path.join(files, 'gpus') },
      script: 'exec sleep 1000',
      ...more,
    });

  before(async () => {
    files = await temporaryFolder();
    await gpus('gpu 0 no_processes');
    hostPids = (await readlink('/proc/self/ns/pid')) === 'pid:[4026531836]';
    // The server's own worker is on the server's host: it reports no machine.
    server = await Server.start({ env: { ...interval, HEADWAY_NVML: '' } });
    worker = await startWorker({ queues: 'there' });
  });
  after(async () => {
    await worker?.stop();
    assert.deepEqual(await server?.stop(), { code: 0, signal: null }, server?.stderr);
    await rm(files, { recursive: true, force: true });
  });

  test('both machines are there, the server’s own first', async () => {
    await server.workerPid();
    const items = await until('a reading of both', async () => {
      const it = await hosts();
      return it.length === 2 && it.every(({ live, seen_at }) => live && seen_at) ? it : null;
    });
    assert.deepEqual(items.map(({ host, server: own, gpus: cards }) => [host, own, cards]), [[hostname(), true, []], ['box2', false, [0]]]);
    for (const it of items) assert.ok(Math.abs(Date.now() - Date.parse(it.seen_at)) < 60e3, JSON.stringify(it));
  });

  test('its channels bring events and a snapshot, the server’s own stay what they were', async () => {
    const channels = [...parts.map((it) => `hosts/box2/${it}`), 'system/cpu'];
    const first = await Follower.open(server.url, channels);
    for (const channel of channels) {
      const events = await until(`events of ${channel}`, () => (first.of('system:metrics', channel).length >= 3 ? first.of('system:metrics', channel) : null));
      assert.deepEqual([...new Set(events.map((it) => it.host))], [channel === 'system/cpu' ? hostname() : 'box2'], channel);
    }
    const cpu = await first.wait('system:metrics', (it) => it.channel === 'hosts/box2/cpu' && it.percent !== null);
    assert.ok(cpu.percent >= 0 && cpu.percent <= 100 && cpu.per_core.length >= 1);
    const second = await Follower.open(server.url, ['hosts/box2/gpu-0']);
    const { snapshot } = second.of('subscribed')[0];
    assert.deepEqual([snapshot['system:metrics'].host, snapshot['system:metrics'].name, snapshot['system:metrics'].utilization], ['box2', 'Fake', 60]);
    for (const channel of channels) assert.deepEqual(first.unexplained(channel), []);
    first.close();
    second.close();
  });

  test('over REST: the newest of each channel, and a history that grows', async () => {
    assert.deepEqual(Object.keys(await server.get('/system/metrics?host=box2')), [...parts.map((it) => `hosts/box2/${it}`), 'gpu_reason']);
    const kept = async () => (await server.get('/system/history?host=box2&window=60')).channels;
    const before = (await kept())['hosts/box2/memory'].length;
    await until('more history', async () => (await kept())['hosts/box2/memory'].length > before + 2);
    const all = await kept();
    assert.deepEqual(Object.keys(all).sort(), parts.map((it) => `hosts/box2/${it}`).sort());
    for (const rows of Object.values(all)) for (const it of rows) assert.equal(it.host, 'box2');
    const range = await server.get(`/system/history?host=box2&from=${new Date(Date.now() - 600e3).toISOString()}`);
    assert.equal(range.host, 'box2');
    assert.ok(range.items.length >= 1 && range.items.at(-1).samples >= 1 && range.items.at(-1).memory_used, JSON.stringify(range));
    for (const own of ['', '?host=', `?host=${hostname()}`]) {
      const keys = Object.keys(await server.get(`/system/metrics${own}`));
      assert.deepEqual(keys, ['system/cpu', 'system/memory', 'system/disk', 'system/network', 'gpu_reason'], own);
    }
    for (const it of ['/system/metrics?host=nobody', '/system/history?host=nobody&window=60'])
      await assert.rejects(server.get(it), (e) => e.status === 404 && e.error.field === 'host');
  });

  test('a process on its GPU is the job’s that runs there', async () => {
    const { dataset, model } = await server.importSample();
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id, queue: 'there' });
    const pid = await taskOf(job.id);
    await gpus(`gpu 0 process ${pid} 300`, 'gpu 0 process 1 50');
    const follower = await Follower.open(server.url, ['hosts/box2/gpu-0']);
    const of = (it, wanted) => it.processes?.find((one) => one.pid === wanted);
    // Where the driver's numbers may be another host's, nothing is claimed (resources.test.mjs).
    const seen = await follower.wait('system:metrics', (it) => of(it, pid) && (!hostPids || of(it, pid).job_id));
    assert.equal(of(seen, pid).job_id, hostPids ? job.id : undefined);
    assert.deepEqual(of(seen, 1), { pid: 1, memory_bytes: 50 });
    follower.close();
    await gpus('gpu 0 no_processes');
    await server.post(`/jobs/${job.id}/cancel`);
    await server.job(job.id, ['cancelled']);
  });

  test('after a kill -9 of the server it goes on under the same id, and the log says so once', async () => {
    await server.kill();
    await until('the log to say so', () => /the server doesn't get this machine's readings: /.test(worker.stderr));
    await server.restart();
    await until('a reading of box2', async () => (await box2())?.live);
    await until('the log to say so, too', () => /the server gets this machine's readings again/.test(worker.stderr));
    assert.equal(worker.stderr.match(/doesn't get this machine's readings/g).length, 1, worker.stderr);
  });

  test('once the worker is killed its machine is not live, and what it did is still told', async () => {
    await worker.kill();
    const last = await until('box2 to go silent', async () => {
      const it = await box2();
      return it.live ? null : it;
    });
    assert.ok((await hosts())[0].live);
    assert.ok((await server.get('/system/metrics?host=box2'))['hosts/box2/cpu']);
    const data = worker.data;
    worker = await startWorker({ data });
    await until('box2 to be back', async () => (await box2()).live);
    assert.ok(Date.parse((await box2()).seen_at) > Date.parse(last.seen_at));
  });
});

describe('what a machine’s readings may be', () => {
  let server;
  before(async () => (server = await Server.start({ worker: false, env: interval })));
  after(() => server.stop());
  const register = async (host) => (await server.post('/workers', { host, pid: 1 })).id;
  const send = (id, body) => server.request('POST', `/api/v1/workers/${id}/machine`, body);

  test('a server tells a worker its own name, and how often it wants to hear', async () => {
    const { host, machine_interval_seconds } = await server.post('/workers', { host: 'box2' });
    assert.deepEqual([host, machine_interval_seconds], [hostname(), 0.2]);
  });

  test('garbage is refused with the field’s name, and shown nowhere', async () => {
    const id = await register('box3');
    for (const [body, field] of [
      [{ cpu: [] }, 'cpu'],
      [{ cpu: { percent: '12' } }, 'cpu.percent'],
      [{ cpu: { per_core: [1, 2, 101] } }, 'cpu.per_core[2]'],
      [{ memory: { ram: { used: -1 } } }, 'memory.ram.used'],
      [{ disk: { devices: [{ name: 'x'.repeat(32) }] } }, 'disk.devices[0].name'],
      [{ network: { interfaces: Array.from({ length: 1025 }, () => ({ name: 'eth0' })) } }, 'network.interfaces'],
      [{ gpus: [{ gpu_id: 0 }, { gpu_id: 1, processes: [{ pid: 'init' }] }] }, 'gpus[1].processes[0].pid'],
    ]) {
      const { status, json } = await send(id, body);
      assert.deepEqual([status, json.error.field], [422, field]);
      assert.ok(json.error.message.includes(field), json.error.message);
    }
    assert.equal((await send(id, '{"cpu":')).status, 400);
    assert.equal((await send(id, { gpu_reason: null, more: 'x'.repeat(300 << 10) })).status, 413);
    assert.deepEqual((await server.get('/system/hosts')).items.map((it) => it.host), [hostname()]);
  });

  test('a worker whose host no channel can be named after, or that is the server’s own, is told so', async () => {
    for (const host of ['box 4', 'a/b', '', 'x'.repeat(101), hostname()]) {
      const { status, json } = await send(await register(host), { cpu: { percent: 1 } });
      assert.deepEqual([status, json.error.field], [422, 'host'], host);
    }
    assert.equal((await send('wrk_nobody', {})).status, 404);
  });

  test('the log of a real worker of such a host says it once, and its jobs run', async () => {
    const worker = await Worker.start(server, { args: ['--host-name', 'box 4'], script: 'exit 0' });
    await until('the refusal', () => /the worker's host name can't be part of a channel's/.test(worker.stderr));
    const { dataset, model } = await server.importSample();
    const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
    await server.job(job.id);
    assert.equal(worker.stderr.match(/host name can't be part/g).length, 1, worker.stderr);
    await worker.stop();
  });

  test('there are 64 at most', async () => {
    for (let i = 0; i < 64; i++) assert.equal((await send(await register(`rack${String(i).padStart(2, '0')}`), { cpu: { percent: i } })).status, 204);
    const { status, json } = await send(await register('one-more'), { cpu: { percent: 1 } });
    assert.deepEqual([status, json.error.code], [503, 'unavailable']);
    assert.match(json.error.message, /64 other machines/);
    const { items } = await server.get('/system/hosts');
    assert.deepEqual([items.length, items[1].host, items[64].host], [65, 'rack00', 'rack63']);
    assert.equal((await server.get('/system/metrics?host=rack07'))['hosts/rack07/cpu'].percent, 7);
  });
});
