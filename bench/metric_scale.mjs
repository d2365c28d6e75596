// What metric_scale wrote, read over HTTP: node bench/metric_scale.mjs FOLDER [build/bin/headway]
// With PostgreSQL: DATABASE_URL=postgresql://… node bench/metric_scale.mjs ANY_FOLDER
import { resolve } from 'node:path';
import { Server } from './lib/server.mjs';

const server = await Server.start(resolve(process.argv[3] ?? 'build/bin/headway'), resolve(process.argv[2]));

async function measure(what, reads, path) {
  const took = [];
  let bytes = 0;
  for (let i = 0; i < 200; i++) await server.call('GET', path(i)); // until this program itself runs as fast as it will
  for (let i = 0; i < reads; i++) {
    const begun = performance.now();
    bytes = (await server.call('GET', path(i))).length;
    took.push(performance.now() - begun);
  }
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.floor(took.length * share)].toFixed(2);
  console.log(`${what}: median ${at(0.5)} ms, 99 % within ${at(0.99)} ms; ${bytes} characters`);
}

const short = (i) => `trn_${String((i * 617) % 1000).padStart(6, '0')}`;
const long = (i) => `trn_long_${String((i * 7) % 20).padStart(6, '0')}`;
await measure('one of 1,000 trainings, its 100 rows', 2000, (i) => `/trainings/${short(i)}/metrics`);
await measure('all of a long one to 2,000 points', 200, (i) => `/trainings/${long(i)}/metrics?max_points=2000`);
const small = (name, n) => (i) => `/trainings/curves?max_points=48&ids=${Array.from({ length: n }, (_, k) => name(i + k))}`;
await measure('small curves of 100 of 1,000 trainings', 200, small(short, 100));
await measure('small curves of 20 long ones', 200, small(long, 20));
await server.stop();
