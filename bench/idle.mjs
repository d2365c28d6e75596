// What an idle server costs with one subscriber to the system channels: see idle.md.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '..');
const { io } = createRequire(path.join(root, 'tests/integration/package.json'))('socket.io-client');
const seconds = Number(process.argv[3] ?? 60);
const data = mkdtempSync(path.join(tmpdir(), 'headway-idle-'));
const server = spawn(process.argv[2] ?? path.join(root, 'build/bin/headway'), ['serve', '--listen', '127.0.0.1:0', '--data', data, '--no-worker'], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((resolve) => server.stdout.on('data', (text) => resolve(/http:\/\/[^/\s]+/.exec(String(text))[0])));

let events = 0;
const socket = io(url, { transports: ['websocket'] });
socket.on('system:metrics', () => events++);
await new Promise((resolve) => socket.on('connect', resolve));
for (const part of ['cpu', 'memory', 'disk', 'network']) socket.emit('subscribe', { channel: `system/${part}` });

const cpuMs = () => {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // utime + stime, clock ticks of 10 ms
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
await wait(2000);
const before = cpuMs();
await wait(seconds * 1000);
const used = cpuMs() - before;
const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1];
console.log(`${used} ms of processor time in ${seconds} s (${((used / seconds / 1000) * 100).toFixed(3)} % of a core), VmRSS ${(rss / 1024).toFixed(1)} MiB, ${events} events`);
socket.close();
server.kill('SIGTERM');
await new Promise((resolve) => server.on('exit', resolve));
rmSync(data, { recursive: true, force: true });
