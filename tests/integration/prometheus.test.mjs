// GET /metrics: what Prometheus reads, held against its own checker, and against what was done.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { io } from 'socket.io-client';
import { build, root, Server, temporaryFolder, until } from './lib/headway.mjs';

const unpacked = path.join(root, 'build/tools/promtool'); // scripts/setup.sh
const promtool = existsSync(unpacked) ? unpacked : 'promtool';

// { 'name{a="b"}': value }, in the order of the text.
function samples(text) {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

describe('what Prometheus reads', () => {
  let server, files, socket;
  const scrape = async () => (await fetch(`${server.url}/metrics`)).text();

  before(async () => {
    files = await temporaryFolder();
    await writeFile(path.join(files, 'gpus'), 'gpus 2\ngpu 0 utilization 60\ngpu 0 memory_total 1000\ngpu 0 memory_used 400\n');
    server = await Server.start({
      env: { HEADWAY_NVML: path.join(build, 'tests/libnvidia-ml.so.1'), HEADWAY_FAKE_NVML: path.join(files, 'gpus'), SYSTEM_MONITOR_INTERVAL_SECONDS: '0.2' },
    });
    socket = io(server.url, { transports: ['websocket'] });
    socket.emit('subscribe', { channel: 'system/cpu' });
    await new Promise((resolve) => socket.once('system:metrics', resolve));
  });
  after(async () => {
    socket?.close();
    await server?.stop();
    await rm(files, { recursive: true, force: true });
  });

  test('promtool finds nothing to say, whatever has happened', async () => {
    await server.get('/operations');
    await server.request('GET', '/api/v1/jobs/job_none');
    await server.request('GET', '/no/such/page');
    await server.request('DELETE', '/api/v1/jobs');
    await server.post('/maintenance/archive', { days_old: 0 });
    await until('the archival is over', async () => /headway_training_metrics_rows\{/.test(await scrape()));
    const text = await scrape();
    const { error, status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(error, undefined, `${promtool} can't be run: sh scripts/setup.sh test brings it`);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
    // It would have found something.
    const wrong = spawnSync(promtool, ['check', 'metrics'], { input: text.replace('_requests_total counter', '_requests_total gauge'), encoding: 'utf8' });
    assert.notEqual(wrong.status, 0);
  });

  test('requests are counted by route and status, whatever stands in the path', async () => {
    const key = 'headway_http_requests_total{method="GET",route="/api/v1/jobs/{id}",code="404"}';
    const before = samples(await scrape())[key] ?? 0;
    for (const id of ['job_a', 'job_b', 'job_c']) await server.request('GET', `/api/v1/jobs/${id}`);
    const now = samples(await scrape());
    assert.equal(now[key], before + 3);
    const all = Object.entries(now).filter(([name]) => name.startsWith('headway_http_requests_total{method="GET",route="/api/v1/jobs/{id}"'));
    const durations = 'headway_http_request_duration_seconds_count{method="GET",route="/api/v1/jobs/{id}"}';
    assert.equal(now[durations], all.reduce((sum, [, n]) => sum + n, 0));
  });

  test('jobs by status, and what waits in which queue', async () => {
    const { extraction } = await server.prepare();
    for (let i = 0; i < 2; i++) await server.post('/trainings', { extraction_id: extraction.id, batch_size: 256, seed: i, queue: 'nightly' });
    const now = samples(await scrape());
    assert.equal(now['headway_queue_jobs{queue="nightly",resource_class="cpu"}'], 2);
    assert.equal(now['headway_jobs{status="queued"}'], (await server.get('/operations')).counts.queued);
    assert.equal(now.headway_workers, 1);
  });

  test('the machine: base units, and no sample for what could not be read', async () => {
    const now = samples(await scrape());
    assert.ok(now.headway_host_cpu_usage_ratio >= 0 && now.headway_host_cpu_usage_ratio <= 1);
    assert.ok(now.headway_host_memory_used_bytes > 1 << 20);
    assert.equal(now['headway_gpu_utilization_ratio{gpu="0"}'].toFixed(3), '0.600');
    assert.equal(now['headway_gpu_memory_used_bytes{gpu="0"}'], 400);
    assert.ok(!('headway_gpu_utilization_ratio{gpu="1"}' in now), 'never again 32: a GPU that tells nothing is not idle');
  });

  test('the store, sockets and deliveries', async () => {
    const now = samples(await scrape());
    assert.equal(now.headway_store_up, 1);
    assert.ok(now['headway_store_operation_duration_seconds_count{operation="write"}'] >= 3);
    assert.ok(now.headway_store_commit_duration_seconds_count <= now['headway_store_operation_duration_seconds_count{operation="write"}']);
    assert.equal(now['headway_realtime_clients{transport="websocket"}'], 1);
    assert.equal(now.headway_realtime_subscriptions, 1);
    assert.ok(now.headway_realtime_delivered_total >= 1);
    assert.equal(now.headway_realtime_dropped_total, 0);
  });
});
