// Clients on several I/O threads: each gets every event from where it subscribed, in order, whatever it does meanwhile.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';
import { patience, Server, until } from './lib/headway.mjs';

const STORM_SECONDS = Number(process.env.STORM_SECONDS ?? 5);
const STORMS = 24;
const THREADS = 3;

const emit = (server, channel, event, data) => server.request('POST', '/api/internal/ws/emit', { channel, event, data });

async function scrape(server) {
  const r = await fetch(`${server.url}/metrics`);
  assert.equal(r.status, 200);
  assert.match(r.headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const text = await r.text();
  const samples = new Map();
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('#')) continue;
    const [, name, value] = /^(\S+) (\S+)$/.exec(line) ?? assert.fail(`no sample: ${line}`);
    assert.ok(!samples.has(name), `twice: ${name}`);
    samples.set(name, Number(value));
  }
  return { text, samples };
}

function connected(server, options = {}) {
  const socket = io(server.url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
  return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('connect_error', reject));
}

describe('several I/O threads', () => {
  let server;
  before(async () => {
    server = await Server.start({ worker: false, args: ['--io-threads', String(THREADS)] });
  });
  after(async () => assert.deepEqual(await server.stop(), { code: 0, signal: null }));

  test('an event reaches the clients of all threads, and only what must cross does', async () => {
    const sockets = await Promise.all(Array.from({ length: 9 }, () => connected(server)));
    const got = sockets.map(() => []);
    sockets.forEach((socket, i) => socket.on('note:written', (it) => got[i].push(it.n)));
    for (const socket of sockets) assert.equal((await socket.emitWithAck('subscribe', { channel: 'notes/all/x' })).seq, 0);
    await sockets[8].emitWithAck('subscribe', { channel: 'notes/last/x' });
    for (let n = 0; n < 20; n++) assert.equal((await emit(server, 'notes/all/x', 'note:written', { n })).status, 201);
    await until('all events', () => got.every((it) => it.length === 20));
    for (const it of got) assert.deepEqual(it, [...Array(20).keys()]);
    const { samples } = await scrape(server);
    assert.equal(samples.get('headway_realtime_clients{transport="websocket"}'), 9);
    assert.equal(samples.get('headway_realtime_delivered_total') >= 180, true);
    assert.equal(samples.get('headway_realtime_crossed_total'), 20 * (THREADS - 1), 'once for each other thread');
    for (let k = 0; k < THREADS; k++) assert.ok(samples.get(`headway_loop_iteration_seconds_count{thread="${k}"}`) > 0);
    for (const socket of sockets) socket.close();
    await until('everyone to be gone', async () => (await scrape(server)).samples.get('headway_realtime_subscriptions') === 0);
    await emit(server, 'notes/all/x', 'note:written', { n: 20 });
    assert.equal((await scrape(server)).samples.get('headway_realtime_crossed_total'), 20 * (THREADS - 1), 'nobody is there any more');
  });

  test('a client that begins by polling moves on when it has upgraded, with its subscriptions and all that is under way', async () => {
    let publishing = true;
    let published = 0;
    const publisher = (async () => {
      for (; publishing; published++) assert.equal((await emit(server, 'notes/moving/x', 'note:written', { n: published })).status, 201);
    })();
    const clients = Array.from({ length: 12 }, () => ({ at: null, wrong: [], upgraded: false }));
    await Promise.all(clients.map(async (client) => {
      client.socket = await connected(server, { transports: ['polling', 'websocket'] });
      client.socket.io.engine.once('upgrade', () => (client.upgraded = true));
      // It may have been quicker than we.
      client.upgraded ||= client.socket.io.engine.transport.name === 'websocket';
      client.socket.on('note:written', ({ seq, epoch }) => {
        if (seq !== client.at.seq + 1 || epoch !== client.at.epoch) client.wrong.push(`${seq} after ${client.at.seq}`);
        client.at.seq = seq;
      });
      client.socket.on('subscribed', ({ seq, epoch }) => (client.at = { seq, epoch }));
      client.socket.emit('subscribe', { channel: 'notes/moving/x' });
    }));
    await until('every upgrade', () => clients.every((it) => it.upgraded));
    const enough = published + 50;
    await until('events after it', () => clients.every((it) => it.at?.seq > enough));
    publishing = false;
    await publisher;
    await until('the last event', () => clients.every((it) => it.at.seq === published));
    for (const { wrong } of clients) assert.deepEqual(wrong, []);
    const { samples } = await scrape(server);
    const shares = [...Array(THREADS).keys()].map((k) => samples.get(`headway_realtime_thread_clients{thread="${k}"}`));
    assert.equal(shares.reduce((a, b) => a + b), 12);
    assert.ok(Math.min(...shares) >= 2, `spread over the threads: ${shares}`);
    for (const { socket } of clients) {
      assert.equal((await socket.emitWithAck('unsubscribe', { channel: 'notes/moving/x' })).channel, 'notes/moving/x');
      socket.close();
    }
    await until('no subscription', async () => (await scrape(server)).samples.get('headway_realtime_subscriptions') === 0);
  });

  test('what a client says first happens first, although the answer comes from elsewhere', async () => {
    const sockets = await Promise.all(Array.from({ length: 6 }, () => connected(server)));
    for (const socket of sockets) {
      const events = [];
      socket.onAny((name, it) => events.push([name, it?.channel]));
      // All in one go: nothing waits for an answer.
      const answers = ['subscribe', 'unsubscribe', 'subscribe', 'unsubscribe'].map((it) => socket.emitWithAck(it, { channel: 'notes/order/x' }));
      await Promise.all(answers);
      await emit(server, 'notes/order/x', 'note:written', {});
      await socket.emitWithAck('ping');
      assert.deepEqual(events.map(([name]) => name).filter((it) => it !== 'pong'), ['subscribed', 'unsubscribed', 'subscribed', 'unsubscribed']);
    }
    for (const socket of sockets) socket.close();
  });

  test('a client that leaves while its subscription is under way leaves nothing behind', async () => {
    for (let i = 0; i < 60; i++) {
      const socket = await connected(server);
      socket.emit('subscribe', { channel: 'notes/gone/x' });
      if (i % 3 === 0) socket.io.engine.transport.ws.terminate?.();
      socket.close();
    }
    await until('no subscription', async () => (await scrape(server)).samples.get('headway_realtime_subscriptions') === 0);
    const before = (await scrape(server)).samples.get('headway_realtime_crossed_total');
    await emit(server, 'notes/gone/x', 'note:written', {});
    assert.equal((await scrape(server)).samples.get('headway_realtime_crossed_total'), before);
  });

  test('a client that asks for the 1,001st subscription is refused it by name, on every thread', async () => {
    const sockets = await Promise.all(Array.from({ length: THREADS }, () => connected(server)));
    for (const socket of sockets) {
      const errors = [];
      socket.on('error', (it) => errors.push(it));
      await Promise.all(Array.from({ length: 1000 }, (_, i) => socket.emitWithAck('subscribe', { channel: `notes/${i}/x` })));
      assert.deepEqual(errors, []);
      const refused = await socket.emitWithAck('subscribe', { channel: 'notes/1000/x' });
      assert.match(refused.message, /1000 subscriptions/);
      assert.equal(refused.channel, 'notes/1000/x');
      socket.close();
    }
  });

  test(`never_again_13_${STORMS}_clients_that_drop_and_return_miss_nothing_or_are_told`, async (t) => {
    const channels = ['storm/0/x', 'storm/1/x', 'storm/2/x'];
    let publishing = true;
    let published = 0;
    const publisher = (async () => {
      while (publishing) {
        const lines = channels.map((channel) => JSON.stringify({ channel, event: 'note:written', data: { n: published } })).join('\n');
        const r = await fetch(`${server.url}/api/internal/ws/emit/batch`, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body: lines });
        assert.equal(r.status, 201);
        published += 1;
      }
    })();
    let seen = 0;
    let recovered = 0;
    let reloaded = 0;
    const storm = async (k) => {
      const channel = channels[k % channels.length];
      const end = Date.now() + STORM_SECONDS * 1000;
      let at = null; // {epoch, seq} of the last event seen
      let seed = k + 1;
      const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
      while (Date.now() < end) {
        const socket = await connected(server, { transports: k % 4 === 0 ? ['polling', 'websocket'] : ['websocket'] });
        const enough = 1 + random(40);
        let here = 0;
        await new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error(`client ${k} got ${here} events of ${enough} in 20 s`)), 20_000 * patience);
          socket.on('subscribed', (it) => {
            if (at) it.recovered ? recovered++ : reloaded++;
            // Recovered: the missed events follow from where it was. Else it starts at the position given.
            if (!it.recovered) at = { epoch: it.epoch, seq: it.seq };
          });
          socket.on('note:written', (it) => {
            try {
              assert.deepEqual([it.epoch, it.seq], [at.epoch, at.seq + 1], `client ${k}`);
              assert.equal(it.channel, channel);
            } catch (e) {
              reject(e);
            }
            at = { epoch: it.epoch, seq: it.seq };
            seen++;
            if (++here < enough) return;
            clearTimeout(timer);
            resolve();
          });
          socket.emit('subscribe', at ? { channel, since: at } : { channel });
        }).finally(() => {
          socket.removeAllListeners(); // what comes after the drop is not seen
          random(2) ? socket.close() : socket.io.engine.close();
        });
      }
    };
    try {
      await Promise.all(Array.from({ length: STORMS }, (_, k) => storm(k)));
    } finally {
      publishing = false;
      await publisher;
    }
    t.diagnostic(`${seen} events in ${recovered + reloaded} returns, ${reloaded} of them reloaded; ${published * channels.length} published`);
    assert.ok(recovered > STORMS, `${recovered} recoveries`);
  });
});
