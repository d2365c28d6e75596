// Starting and stopping the servers that are compared. Whatever happens, what was started is ended.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const here = path.dirname(new URL(import.meta.url).pathname);
const script = (name) => path.join(here, 'peers', name);

// protocol: what the clients speak; share: the share of the messages it is given, for those that would take minutes.
export const peers = {
  raw: { what: 'one send() a client and message', protocol: 'plain', command: (o) => [path.join(o.build, 'bench/fanout-raw')] },
  headway: {
    what: 'this server',
    protocol: 'socketio',
    command: (o, data) => [path.join(o.build, 'bin/headway'), 'serve', '--listen', '127.0.0.1:0', '--data', data, '--no-worker'],
  },
  ws: { what: 'Node, ws, framed once', protocol: 'plain', command: () => [process.execPath, script('ws.mjs')] },
  socketio: {
    what: 'Node, socket.io',
    protocol: 'socketio',
    command: (o, data, deflate) => [process.execPath, script('socketio.mjs'), ...(deflate ? ['--deflate'] : [])],
  },
  python: { what: 'python-socketio, uvicorn', protocol: 'socketio', share: 0.05, command: () => ['/usr/bin/python3', script('python_socketio.py')] },
};

const running = new Set();

function end(child, signal) {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
}

process.on('exit', () => {
  for (const { child, data } of running) {
    end(child, 'SIGKILL');
    rmSync(data, { recursive: true, force: true });
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

// Runs a program to its end, or kills it after `seconds`. Resolves with {code, out}.
export function runToEnd(command, seconds) {
  return new Promise((resolve, reject) => {
    const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    const entry = { child, data: path.join(tmpdir(), 'headway-fanout-none') };
    running.add(entry);
    const timer = setTimeout(() => end(child, 'SIGKILL'), seconds * 1000);
    let out = '';
    child.stdout.on('data', (bytes) => (out += bytes));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      running.delete(entry);
      resolve({ code, out });
    });
  });
}

// Resolves with {pid, port, stop}, once it listens.
export async function startPeer(name, options, deflate) {
  const data = mkdtempSync(path.join(tmpdir(), 'headway-fanout-'));
  const command = peers[name].command(options, data, deflate);
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  const entry = { child, data };
  running.add(entry);
  let words = '';
  child.stderr.on('data', (bytes) => (words = (words + bytes).slice(-4000)));
  const exited = new Promise((resolve) => child.once('close', resolve));
  const port = await new Promise((resolve, reject) => {
    let out = '';
    const timer = setTimeout(() => reject(new Error(`${name} did not come up in 20 s: ${words}`)), 20000);
    child.on('error', reject);
    child.stdout.on('data', (bytes) => {
      out += bytes;
      const match = /(?:listening on |http:\/\/[^\s/]*:)(\d+)(?=\/?\s)/.exec(out);
      if (!match) return;
      clearTimeout(timer);
      resolve(Number(match[1]));
    });
    exited.then(() => reject(new Error(`${name} ended: ${words}`)));
  });
  return {
    pid: child.pid,
    port,
    async stop() {
      end(child, 'SIGTERM');
      const timer = setTimeout(() => end(child, 'SIGKILL'), 5000);
      await exited;
      clearTimeout(timer);
      running.delete(entry);
      rmSync(data, { recursive: true, force: true });
    },
  };
}
