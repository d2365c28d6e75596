// What jobs use: measured over the socket, attributed in GET /operations, kept when they have ended.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readlink, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Follower } from './lib/follower.mjs';
import { taskOf } from './lib/processes.mjs';
import { build, Server, temporaryFolder, until } from './lib/headway.mjs';

const long = { n_features: 256, k: 16, batch_size: 256, total_steps: 1000000, threads: 1 };
const sum = (list) => list.reduce((a, b) => a + (b ?? 0), 0);

describe('what a job uses', () => {
  let server, files, extraction, hostPids;
  const gpus = (...lines) =>
    writeFile(path.join(files, 'gpus'), ['gpus 1', 'gpu 0 name Fake', 'gpu 0 memory_total 1000', 'gpu 0 memory_used 400', 'gpu 0 utilization 60', ...lines, ''].join('\n'));

  before(async () => {
    files = await temporaryFolder();
    await gpus('gpu 0 no_processes');
    hostPids = (await readlink('/proc/self/ns/pid')) === 'pid:[4026531836]';
    server = await Server.start({
      env: { HEADWAY_NVML: path.join(build, 'tests/libnvidia-ml.so.1'), HEADWAY_FAKE_NVML: path.join(files, 'gpus'), SYSTEM_MONITOR_INTERVAL_SECONDS: '0.2' },
    });
    ({ extraction } = await server.prepare());
  });
  after(async () => {
    await server?.stop();
    await rm(files, { recursive: true, force: true });
  });

  test('a training is measured while it runs, and what it used stays when it has ended', async () => {
    const training = await server.post('/trainings', { extraction_id: extraction.id, ...long });
    const follower = await Follower.open(server.url, [`jobs/${training.job_id}/resources`]);
    const seen = await follower.wait('job:resources', (it) => it.cpu_percent > 10);
    assert.equal(seen.source, 'measured');
    assert.ok(seen.rss_bytes > 1 << 20, `${seen.rss_bytes} bytes`);
    assert.ok(seen.processes >= 1);
    // One thread that computes: up to one core, but for the ticks that a reading rounds to.
    await follower.wait('job:resources', (it) => it.cpu_percent > 30, 40);
    for (const it of follower.of('job:resources')) {
      assert.ok(it.cpu_percent === null || (it.cpu_percent >= 0 && it.cpu_percent < 250), `${it.cpu_percent} %`);
      for (const key of ['read_bytes_per_s', 'write_bytes_per_s']) assert.ok(it[key] === null || it[key] >= 0, key);
    }
    const running = await server.get(`/jobs/${training.job_id}`);
    assert.equal(running.usage.source, 'measured', 'of a running job too');
    await server.post(`/jobs/${training.job_id}/cancel`);
    const { usage } = await server.job(training.job_id);
    assert.ok(usage.seconds > 0 && usage.seconds >= running.usage.seconds);
    assert.ok(usage.cpu_percent.peak > 30 && usage.cpu_percent.mean > 0 && usage.cpu_percent.mean <= usage.cpu_percent.peak);
    assert.ok(usage.rss_bytes.peak > 1 << 20 && usage.rss_bytes.mean <= usage.rss_bytes.peak);
    assert.deepEqual(usage.gpus, []);
    follower.close();
  });

  test('never_again_32_a_jobs_part_of_a_gpu_is_its_own_or_unknown', async () => {
    const training = await server.post('/trainings', { extraction_id: extraction.id, ...long });
    const follower = await Follower.open(server.url, [`jobs/${training.job_id}/resources`, 'system/gpu/0']);
    const pid = await taskOf(training.job_id);
    await gpus(`gpu 0 process ${pid} 300`, 'gpu 0 process 1 50', `gpu 0 process_utilization ${pid} ${Date.now() * 1000} 42`);
    const processes = (it) => it.processes?.find((one) => one.pid === pid);
    if (!hostPids) {
      // The driver's numbers may be the host's, and the task holds no device: nothing is claimed.
      await follower.wait('job:resources', (it) => it.gpus === null);
      assert.equal((await follower.wait('system:metrics', processes)).processes.find((one) => one.pid === pid).job_id, undefined);
    } else {
      const seen = await follower.wait('job:resources', (it) => it.gpus?.length);
      assert.deepEqual({ ...seen.gpus[0], utilization: null }, { gpu_id: 0, memory_bytes: 300, utilization: null });
      const system = await follower.wait('system:metrics', (it) => processes(it)?.job_id);
      assert.equal(processes(system).job_id, training.job_id);
      assert.equal(system.processes.find((one) => one.pid === 1).job_id, undefined);
      const { resources } = await until('the attribution', async () => {
        const page = await server.get('/operations');
        return page.resources.gpus[0]?.jobs.length ? page : null;
      });
      const [gpu] = resources.gpus;
      assert.deepEqual({ ...gpu, jobs: null, unattributed_utilization: null }, { gpu_id: 0, memory_used: 400, memory_total: 1000, utilization: 60, jobs: null, unattributed_bytes: 100, unattributed_utilization: null });
      assert.deepEqual({ ...gpu.jobs[0], utilization: null }, { job_id: training.job_id, memory_bytes: 300, utilization: null, source: 'measured' });
    }
    await gpus('gpu 0 no_processes');
    const { resources } = await server.get('/operations');
    assert.ok(Math.abs(sum(resources.cpu.jobs.map((it) => it.cpu_percent)) + resources.cpu.unattributed_percent - resources.cpu.used_percent) < 0.05);
    assert.equal(sum(resources.memory.jobs.map((it) => it.rss_bytes)) + resources.memory.unattributed_bytes, resources.memory.used);
    assert.ok(resources.memory.jobs.some((it) => it.job_id === training.job_id && it.source === 'measured' && it.rss_bytes > 0));
    await server.post(`/jobs/${training.job_id}/cancel`);
    const { usage } = await server.job(training.job_id);
    if (hostPids) assert.deepEqual(usage.gpus.map((it) => [it.gpu_id, it.memory_bytes]), [[0, { mean: 300, peak: 300 }]]);
    await until('a machine without jobs', async () => (await server.get('/operations')).resources.cpu.jobs.length === 0);
    follower.close();
  });
});

test('a job of a worker that sends no readings is estimated, and has no usage', async () => {
  const server = await Server.start({ worker: false });
  const { dataset, model } = await server.importSample();
  const job = await server.post(`/datasets/${dataset.id}/tokenize`, { model_id: model.id });
  const follower = await Follower.open(server.url, [`jobs/${job.id}/resources`]);
  const worker = await server.post('/workers', { host: 'elsewhere', pid: 1, version: '1', slots: { cpu: 1 } });
  const { jobs: [claimed] } = await server.post(`/workers/${worker.id}/claim`, { slots: { cpu: 1 }, wait_seconds: 5 });
  const report = (batch, ...events) =>
    server.post(`/workers/${worker.id}/report`, { batch, reports: [{ job_id: job.id, attempt: claimed.attempt, lease: claimed.lease, events }] });
  await report(1, { type: 'started', pid: 4711 });
  const seen = await follower.wait('job:resources');
  assert.deepEqual([seen.source, seen.expected, seen.cpu_percent, seen.rss_bytes, seen.gpus], ['estimated', ['cpu'], null, null, null]);
  const page = await server.get('/operations');
  assert.equal(page.items[0].resources.source, 'estimated');
  assert.deepEqual(page.resources.cpu.jobs, [], 'another host has no part in this one');
  await report(2, { type: 'exited', code: 0 });
  assert.equal((await server.job(job.id)).usage, null);
  follower.close();
  await server.stop();
});
