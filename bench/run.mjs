// headway run: what it costs a program that prints a lot, and how soon a bar drawn on a terminal is on the page.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const { io } = createRequire(new URL('../tests/integration/', import.meta.url))('socket.io-client');
const binary = resolve(process.argv[2] ?? 'build/bin/headway');
const rounds = Number(process.argv[3] ?? 11);
const pty = resolve('tests/integration/lib/on_pty.py');
// Memory, so that no disk is measured.
const scratch = mkdtempSync('/dev/shm/headway-run-');
const server = spawn(binary, ['serve', '--listen', '127.0.0.1:0', '--data', join(scratch, 'data'), '--no-worker'], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((done) =>
  createInterface({ input: server.stdout }).on('line', (line) => {
    const match = /http:\/\/[^\s/]+/.exec(line);
    if (match) done(match[0]);
  }),
);
const env = { ...process.env, HEADWAY_URL: url };

// ---- 100 MB ---------------------------------------------------------------------------------------------------------

const lines = join(scratch, 'lines.py');
writeFileSync(lines, `import sys
line = "step %07d loss 0.123456 lr 0.001 samples/s 12345.6 elapsed 00:01:02 and some more to make it a usual line\\n"
for i in range(100_000_000 // len(line % 0)): sys.stdout.write(line % i)
`);
const out = join(scratch, 'out');
const programs = { 'python3, a formatted line at a time': `python3 ${lines}`, 'seq, 13 million short lines': 'seq 1 12600000' };
const ways = {
  'by itself, into a file': (program) => `${program} > ${out}`,
  'through cat, into a file': (program) => `${program} | cat > ${out}`,
  'headway run, into a file': (program) => `${binary} run -- ${program} > ${out}`,
  'the same, server away': (program) => `${binary} run --server http://127.0.0.1:1 -- ${program} > ${out} 2>/dev/null`,
};
for (const [what, program] of Object.entries(programs)) {
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  // In turns, so that what else the machine does meets all of them.
  for (let i = 0; i < rounds; i++) {
    for (const [way, command] of Object.entries(ways)) {
      const start = performance.now();
      const { status, stdout } = spawnSync('sh', ['-c', `${command(program)}; times`], { env, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
      if (status !== 0) throw new Error(`${command(program)}: status ${status}`);
      const wall = performance.now() - start;
      const [user, system] = stdout.trim().split('\n').at(-1).split(' ').map((it) => it.match(/(\d+)m([\d.]+)s/)).map(([, m, sec]) => (m * 60 + Number(sec)) * 1000);
      times[way].push({ wall, cpu: user + system });
    }
  }
  console.log(`\n${what} (100 MB, ${rounds} rounds)`);
  for (const [way, each] of Object.entries(times)) {
    const best = (key) => each.map((it) => it[key]).sort((x, y) => x - y);
    const [wall, cpu] = [best('wall'), best('cpu')];
    console.log(`  ${way.padEnd(26)} wall: least ${wall[0].toFixed(0)} ms, median ${wall[wall.length >> 1].toFixed(0)} ms; processor: least ${cpu[0].toFixed(0)} ms`);
  }
}

// ---- a bar ----------------------------------------------------------------------------------------------------------

const bar = join(scratch, 'bar.py');
writeFileSync(bar, `import sys, time
for n in range(1, 101):
    sys.stderr.write(f"\\r{time.time():.3f}: {n:3d}%|{'#' * (n // 10):10s}| {n}/100 [00:01<00:01, 10.00it/s]")
    sys.stderr.flush()
    time.sleep(0.1)
`);
const socket = io(url, { transports: ['websocket'] });
const delays = [];
socket.on('operation:created', ({ id }) => socket.emit('subscribe', { channel: `jobs/${id}/progress` }));
socket.on('job:progress', ({ message }) => {
  if (message) delays.push(Date.now() - Number(message) * 1000);
});
await socket.emitWithAck('subscribe', { channel: 'operations' });
const run = spawn('python3', [pty, '24', '80', binary, 'run', '--', 'python3', bar], { env, stdio: ['pipe', 'ignore', 'inherit'] });
await new Promise((done) => run.once('exit', done));
socket.close();
delays.sort((a, b) => a - b);
console.log(`\na bar drawn 100 times in 10 s: ${delays.length} events at the page; from the drawing to the event: median ${delays[delays.length >> 1].toFixed(0)} ms, slowest ${delays.at(-1).toFixed(0)} ms`);

server.kill('SIGTERM');
await new Promise((done) => server.once('exit', done));
rmSync(scratch, { recursive: true, force: true });
