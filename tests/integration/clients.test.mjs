// Clients that people really use, unchanged, against the real server: the official one, as it is and as it was two years
// ago, and python-socketio's two. Each connects, subscribes, gets events in order, is acknowledged, and comes back by
// itself when the server has died.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { io as io2y } from 'socket.io-client-2y';
import { Server, patience, until } from './lib/headway.mjs';

const CHANNEL = 'jobs/job_1/logs';
const PYTHON = '/usr/bin/python3'; // Debian's packages are for this one
const script = path.join(path.dirname(fileURLToPath(import.meta.url)), 'lib/python_client.py');

async function publish(server, n) {
  const { status } = await server.request('POST', '/api/internal/ws/emit', { channel: CHANNEL, event: 'log:lines', data: { n } });
  assert.equal(status, 201);
}

// What every client has to show. `client`: what it says, in order, in `said` ({did: connected, subscribed, received, pong,
// disconnected}), `send(event)`, and `end()`. `oneByOne`: it doesn't keep the order of events that come together.
async function holds(server, client) {
  const count = (did) => client.said.filter((it) => it.did === did).length;
  const received = () => client.said.filter((it) => it.did === 'received').map((it) => [it.n, it.seq]);
  await until('the first subscription', () => count('subscribed') === 1);
  const [first] = client.said.filter((it) => it.did === 'subscribed');
  assert.deepEqual({ ...first, epoch: '' }, { did: 'subscribed', channel: CHANNEL, epoch: '', seq: 0, recovered: false, snapshot: {} });
  for (let n = 1; n <= 20; n++) {
    await publish(server, n);
    if (client.oneByOne) await until(`event ${n}`, () => received().length === n);
  }
  await until('20 events', () => received().length === 20);
  assert.deepEqual(received(), Array.from({ length: 20 }, (_, i) => [i + 1, i + 1]));
  client.send('ping');
  await until('pong', () => count('pong') === 1);

  await server.kill();
  await until('the client notices', () => count('disconnected') === 1);
  await server.restart();
  await until('the second subscription', () => count('subscribed') === 2);
  const second = client.said.filter((it) => it.did === 'subscribed')[1];
  assert.equal(second.recovered, false, 'the server that came back has another epoch');
  assert.notEqual(second.epoch, first.epoch);
  for (let n = 21; n <= 25; n++) {
    await publish(server, n);
    if (client.oneByOne) await until(`event ${n}`, () => received().length === n);
  }
  await until('5 more events', () => received().length === 25);
  assert.deepEqual(received().slice(20), [21, 22, 23, 24, 25].map((n, i) => [n, i + 1]));
  await client.end();
}

async function serving(t) {
  const server = await Server.start({ worker: false });
  t.after(() => server.stop());
  return server;
}

function official(connect, url, options) {
  const socket = connect(url, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
  const said = [];
  let stand;
  socket.on('connect', () =>
    socket.emit('subscribe', { channel: CHANNEL, since: stand }, (answer) => {
      stand = { epoch: answer.epoch, seq: answer.seq };
      said.push({ did: 'subscribed', ...answer });
    }),
  );
  socket.on('disconnect', () => said.push({ did: 'disconnected' }));
  socket.on('log:lines', ({ n, seq, epoch }) => {
    stand = { epoch, seq };
    said.push({ did: 'received', n, seq });
  });
  socket.on('pong', () => said.push({ did: 'pong' }));
  return { said, socket, send: (event) => socket.emit(event), end: () => socket.close() };
}

for (const [name, connect] of [
  ['socket.io-client', io],
  ['socket.io-client of two years ago', io2y],
]) {
  for (const [how, options, ends] of [
    ['polling, then WebSocket', {}, 'websocket'],
    ['WebSocket only', { transports: ['websocket'] }, 'websocket'],
    ['polling only', { transports: ['polling'] }, 'polling'],
  ]) {
    test(`${name}: ${how}`, async (t) => {
      const server = await serving(t);
      const client = official(connect, server.url, options);
      t.after(() => client.end());
      await until(`the transport is ${ends}`, () => client.socket.io.engine?.transport?.name === ends);
      await holds(server, client);
      assert.equal(client.socket.connected, false);
    });
  }
}

test('socket.io-client: a connection that breaks is made anew, and nothing is missed or comes twice', async (t) => {
  const server = await serving(t);
  const client = official(io, server.url, { transports: ['websocket'] });
  t.after(() => client.end());
  await until('the subscription', () => client.said.length === 1);
  for (let round = 0; round < 5; round++) {
    await publish(server, 3 * round + 1);
    client.socket.io.engine.transport.ws._socket.destroy();
    await publish(server, 3 * round + 2);
    await until('it is back', () => client.said.filter((it) => it.did === 'subscribed').length === round + 2);
    await publish(server, 3 * round + 3);
  }
  const received = () => client.said.filter((it) => it.did === 'received').map((it) => it.n);
  await until('15 events', () => received().length >= 15);
  assert.deepEqual(received(), Array.from({ length: 15 }, (_, i) => i + 1));
  assert.ok(client.said.filter((it) => it.did === 'subscribed').slice(1).every((it) => it.recovered));
});

test('socket.io-client gives up a server that has stopped', async (t) => {
  const server = await serving(t);
  const client = official(io, server.url, { transports: ['websocket'], reconnection: false });
  t.after(() => client.end());
  await until('the subscription', () => client.said.length === 1);
  // The client's own clock: what it was told at the opening, shortened.
  client.socket.io.engine.pingInterval = client.socket.io.engine._pingInterval = 50;
  client.socket.io.engine.pingTimeout = client.socket.io.engine._pingTimeout = 50;
  process.kill(server.process.pid, 'SIGSTOP');
  t.after(() => server.process.kill('SIGCONT'));
  const why = new Promise((resolve) => client.socket.once('disconnect', resolve));
  (client.socket.io.engine.resetPingTimeout ?? client.socket.io.engine._resetPingTimeout).call(client.socket.io.engine);
  assert.equal(await why, 'ping timeout');
  server.process.kill('SIGCONT');
});

async function python(t, kind, transports, url) {
  const child = spawn(PYTHON, [script, kind, transports, url, CHANNEL], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said = [];
  let stderr = '';
  child.stderr.on('data', (bytes) => (stderr += bytes));
  createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  t.after(() => child.kill('SIGKILL'));
  await until('the client connects', () => {
    if (child.exitCode !== null) throw new Error(`the client ended: ${stderr}`);
    return said.some((it) => it.did === 'connected');
  });
  return {
    said,
    oneByOne: kind === 'sync', // it starts a thread for each message
    send: (event) => child.stdin.write(`${event}\n`),
    async end() {
      child.stdin.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000 * patience);
      assert.equal(await exited, 0, stderr);
      clearTimeout(late);
    },
  };
}

for (const kind of ['async', 'sync']) {
  for (const [how, transports, ends] of [
    ['polling, then WebSocket', 'polling,websocket', 'websocket'],
    ['WebSocket only', 'websocket', 'websocket'],
    ['polling only', 'polling', 'polling'],
  ]) {
    test(`python-socketio, ${kind}: ${how}`, async (t) => {
      const server = await serving(t);
      const client = await python(t, kind, transports, server.url);
      assert.equal(client.said.find((it) => it.did === 'connected').transport, ends);
      await holds(server, client);
    });
  }
}
