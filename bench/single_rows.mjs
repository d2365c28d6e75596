// Metric rows that come one by one: each a report of its own, acknowledged when its commit is durable.
//
//     node bench/single_rows.mjs [build/bin/headway [jobs at once [seconds]]]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Job, Server } from './lib/server.mjs';

const binary = resolve(process.argv[2] ?? 'build/bin/headway');
const atOnce = Number(process.argv[3] ?? 64);
const seconds = Number(process.argv[4] ?? 5);

const data = mkdtempSync(join(tmpdir(), 'headway-rows-'));
const server = await Server.start(binary, data, { SYSTEM_MONITOR_INTERVAL_SECONDS: '3600' });
const jobs = await Promise.all(Array.from({ length: atOnce }, () => Job.begin(server)));
const used = server.used();
const begun = performance.now();
let rows = 0;
await Promise.all(
  jobs.map(async (job) => {
    for (let step = 1; performance.now() - begun < seconds * 1000; step++, rows++) await job.report([{ type: 'metric', step, loss: 1 / step, l0_sparsity: 32.5, learning_rate: 1e-4 }]);
  }),
);
const passed = performance.now() - begun;
console.log(`${atOnce} jobs, a report of one row each: ${((rows / passed) * 1000).toFixed(0)} rows/s; processor time of the server ${(((server.used() - used) / rows) * 1000).toFixed(0)} µs a row`);
await server.stop();
rmSync(data, { recursive: true });
