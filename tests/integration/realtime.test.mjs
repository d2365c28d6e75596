// What a user of the official client sees: transports, subscriptions, order, recovery.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ask, next, startServer, until, within } from "./lib/rt_server.mjs";

const CHANNEL = "jobs/job_1/progress";
let channels = 0;
const freshChannel = () => `jobs/job_${++channels}_fresh/progress`;

describe("real-time server", () => {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  const transports = {
    "default settings (polling, then upgrade)": {},
    "WebSocket only": { transports: ["websocket"] },
    "polling only": { transports: ["polling"] },
  };
  for (const [name, options] of Object.entries(transports)) {
    test(`subscribe, receive in order, unsubscribe: ${name}`, async () => {
      const channel = freshChannel();
      const socket = await server.client(options);
      const subscribed = await ask(socket, "subscribe", { channel });
      assert.deepEqual(
        { ...subscribed, epoch: typeof subscribed.epoch },
        { channel, epoch: "string", seq: 0, recovered: false, snapshot: {} },
      );
      for (let i = 1; i <= 50; i++) await server.emit(channel, "log:lines", { n: i });
      await until(() => socket.events.filter((e) => e.event === "log:lines").length === 50, "50 events");
      const got = socket.events.filter((e) => e.event === "log:lines").map((e) => e.data);
      assert.deepEqual(
        got.map((d) => [d.n, d.seq, d.channel, d.epoch]),
        got.map((_, i) => [i + 1, i + 1, channel, subscribed.epoch]),
      );
      assert.match(got[0].ts, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual(await ask(socket, "unsubscribe", { channel }), { channel });
      await server.emit(channel, "log:lines", { n: 51 });
      const pong = next(socket, "pong");
      socket.emit("ping");
      await pong; // what was published before would have come before
      assert.equal(socket.events.filter((e) => e.event === "log:lines").length, 50);
      socket.close();
    });
  }

  test("the default client ends up on WebSocket and loses nothing during the upgrade", async () => {
    const channel = freshChannel();
    const socket = await server.client();
    await ask(socket, "subscribe", { channel });
    let stop = false;
    let sent = 0;
    const publisher = (async () => {
      while (!stop) sent = await server.emit(channel, "log:lines", { n: sent + 1 });
    })();
    await until(() => socket.io.engine.transport.name === "websocket", "upgrade");
    stop = true;
    await publisher;
    await until(() => socket.events.filter((e) => e.event === "log:lines").length >= sent, "all events");
    assert.deepEqual(
      socket.events.filter((e) => e.event === "log:lines").map((e) => e.data.seq),
      Array.from({ length: sent }, (_, i) => i + 1),
    );
    socket.close();
  });

  test("subscribed comes as an event as well, before what follows", async () => {
    const channel = freshChannel();
    await server.emit(channel, "job:progress", { progress: 1 });
    const socket = await server.client({ transports: ["websocket"] });
    socket.emit("subscribe", { channel });
    const event = await next(socket, "subscribed");
    assert.equal(event.seq, 1);
    assert.equal(event.snapshot["job:progress"].progress, 1);
    socket.close();
  });

  test("the snapshot has the last payload of each state event and no lifecycle event", async () => {
    const channel = freshChannel();
    await server.emit(channel, "job:progress", { progress: 10 });
    await server.emit(channel, "job:completed", {});
    await server.emit(channel, "job:progress", { progress: 20 });
    await server.emit(channel, "other:metrics", { v: 1 });
    const socket = await server.client();
    const { snapshot, seq } = await ask(socket, "subscribe", { channel });
    assert.equal(seq, 4);
    assert.deepEqual(Object.keys(snapshot).sort(), ["job:progress", "other:metrics"]);
    assert.equal(snapshot["job:progress"].progress, 20);
    assert.equal(snapshot["job:progress"].seq, 3);
    socket.close();
  });

  test("never again 4 and 13: since brings exactly what was missed, in order", async () => {
    const channel = freshChannel();
    const first = await server.client({ transports: ["websocket"] });
    const { epoch } = await ask(first, "subscribe", { channel });
    await server.emit(channel, "log:lines", { n: 1 });
    await until(() => first.events.some((e) => e.event === "log:lines"), "the first event");
    first.close();
    for (let n = 2; n <= 30; n++) await server.emit(channel, n % 3 ? "job:progress" : "log:lines", { n });

    const second = await server.client({ transports: ["websocket"] });
    const back = await ask(second, "subscribe", { channel, since: { epoch, seq: 1 } });
    assert.equal(back.recovered, true);
    assert.equal(back.seq, 30);
    assert.deepEqual(back.snapshot, {});
    await until(() => second.events.filter((e) => e.data?.n).length === 29, "29 missed events");
    assert.deepEqual(
      second.events.filter((e) => e.data?.n).map((e) => e.data.seq),
      Array.from({ length: 29 }, (_, i) => i + 2),
    );
    second.close();
  });

  test("never again 13: another epoch, or more than is kept, is told as not recovered", async () => {
    const channel = freshChannel();
    await server.burst({ channel, event: "test:progress", count: 3000 });
    const socket = await server.client();
    const other = await ask(socket, "subscribe", { channel, since: { epoch: "0123456789abcdef", seq: 5 } });
    assert.equal(other.recovered, false);
    assert.equal(other.snapshot["test:progress"].n, 3000);
    const old = await ask(socket, "subscribe", { channel, since: { epoch: other.epoch, seq: 5 } });
    assert.equal(old.recovered, false);
    const ahead = await ask(socket, "subscribe", { channel, since: { epoch: other.epoch, seq: 5000 } });
    assert.equal(ahead.recovered, false);
    const level = await ask(socket, "subscribe", { channel, since: { epoch: other.epoch, seq: 3000 } });
    assert.equal(level.recovered, true);
    socket.close();
  });

  test("never again 6: subscribing twice delivers once", async () => {
    const channel = freshChannel();
    const socket = await server.client({ transports: ["websocket"] });
    await ask(socket, "subscribe", { channel });
    await ask(socket, "subscribe", { channel });
    await server.emit(channel, "log:lines", { n: 1 });
    await server.emit(channel, "log:lines", { n: 2 });
    await until(() => socket.events.some((e) => e.data?.n === 2), "the second event");
    assert.equal(socket.events.filter((e) => e.event === "log:lines").length, 2);
    socket.close();
  });

  test("a malformed argument gets an error that names what is wrong, and the connection stays", async () => {
    const socket = await server.client();
    const cases = [
      ["subscribe", undefined],
      ["subscribe", "jobs/1/progress"],
      ["subscribe", {}],
      ["subscribe", { channel: 7 }],
      ["subscribe", { channel: "a//b" }],
      ["subscribe", { channel: "a b/c/d" }],
      ["subscribe", { channel: "a/b/c/d" }],
      ["subscribe", { channel: "x".repeat(201) }],
      ["subscribe", { channel: CHANNEL, since: 7 }],
      ["subscribe", { channel: CHANNEL, since: { epoch: "e", seq: -1 } }],
      ["subscribe", { channel: CHANNEL, batch: "yes" }],
      ["unsubscribe", {}],
      ["no such event", {}],
    ];
    for (const [event, arg] of cases) {
      const errors = socket.events.filter((e) => e.event === "error").length;
      const answer = await ask(socket, event, arg);
      assert.equal(typeof answer.code, "string", `${event} ${JSON.stringify(arg)}`);
      assert.ok(answer.message.length > 10);
      assert.equal(socket.events.filter((e) => e.event === "error").length, errors + 1);
    }
    assert.equal((await ask(socket, "subscribe", { channel: "a b" })).channel, "a b");
    assert.equal((await ask(socket, "subscribe", { channel: CHANNEL })).channel, CHANNEL);
    socket.close();
  });

  test("at most 1,000 subscriptions a connection", async () => {
    const socket = await server.client({ transports: ["websocket"] });
    const answers = await Promise.all(
      Array.from({ length: 1001 }, (_, i) => ask(socket, "subscribe", { channel: `jobs/many_${i}/progress` })),
    );
    assert.ok(answers.slice(0, 1000).every((a) => a.recovered === false));
    assert.equal(answers[1000].code, "too_large");
    socket.close();
    await until(async () => (await server.stats()).subscriptions === 0, "nothing is left behind");
    assert.equal((await server.stats()).channels, 0);
  });

  test("another namespace is refused, and the connection serves on", async () => {
    const socket = await server.client();
    const admin = socket.io.socket("/admin");
    const refused = within(new Promise((resolve) => admin.once("connect_error", resolve)), "connect_error");
    admin.connect();
    assert.equal((await refused).message, "Invalid namespace");
    assert.equal((await ask(socket, "subscribe", { channel: CHANNEL })).channel, CHANNEL);
    socket.close();
  });

  test("large messages reach a client that takes compression and one that doesn't", async () => {
    const channel = freshChannel();
    const text = "0123456789 größer als die Schwelle ".repeat(3000);
    const plain = await server.client({ transports: ["websocket"], perMessageDeflate: false });
    const packed = await server.client({ transports: ["websocket"], perMessageDeflate: { threshold: 0 } });
    const polling = await server.client({ transports: ["polling"] });
    for (const socket of [plain, packed, polling]) await ask(socket, "subscribe", { channel });
    await server.emit(channel, "log:lines", { text });
    for (const socket of [plain, packed, polling]) {
      await until(() => socket.events.some((e) => e.event === "log:lines"), "the large event");
      assert.equal(socket.events.find((e) => e.event === "log:lines").data.text, text);
    }
    // What the client compresses is read as well.
    const answer = await ask(packed, "subscribe", { channel: "y".repeat(5000) });
    assert.equal(answer.code, "invalid");
    for (const socket of [plain, packed, polling]) socket.close();
  });

  test("a client that leaves takes all its subscriptions with it", async () => {
    const socket = await server.client({ transports: ["websocket"] });
    for (let i = 0; i < 20; i++) await ask(socket, "subscribe", { channel: `jobs/leave_${i}/progress` });
    socket.io.engine.close();
    await until(async () => {
      const stats = await server.stats();
      return stats.subscriptions === 0 && stats.clients === 0;
    }, "the session is gone");
  });
});

describe("heartbeat", () => {
  test("a client lives through many pings, on both transports", async () => {
    const server = await startServer({ ping_interval: 40, ping_timeout: 2000 });
    for (const transports of [["websocket"], ["polling"]]) {
      const socket = await server.client({ transports });
      let pings = 0;
      socket.io.on("ping", () => pings++);
      await until(() => pings >= 5, "five pings");
      assert.equal(socket.connected, true);
      socket.close();
    }
    assert.equal(await server.stop(), 0);
  });

  test("a client that stops answering is closed", async () => {
    const server = await startServer({ ping_interval: 50, ping_timeout: 100 });
    const socket = await server.client({ transports: ["websocket"] });
    socket.io.engine.transport.ws.pause();
    await until(async () => (await server.stats()).clients === 0, "the server gives the client up");
    assert.equal(await server.stop(), 0);
  });
});

describe("batches", () => {
  test("batch: true brings what falls within the interval as one event; without it nothing changes", async () => {
    const server = await startServer({ batch: 50 });
    const batched = await server.client({ transports: ["websocket"] });
    const direct = await server.client({ transports: ["websocket"] });
    const channel = freshChannel();
    await ask(batched, "subscribe", { channel, batch: true });
    await ask(direct, "subscribe", { channel });
    await server.burst({ channel, event: "log:lines", count: 20, lifecycle: true });
    await until(() => direct.events.filter((e) => e.event === "log:lines").length === 20, "20 events");
    const received = () => batched.events.filter((e) => e.event === "batch").flatMap((e) => e.data.events);
    await until(() => received().length === 20, "20 events in batches");
    assert.deepEqual(
      received().map((e) => [e.event, e.data.seq]),
      Array.from({ length: 20 }, (_, i) => ["log:lines", i + 1]),
    );
    assert.equal(batched.events.filter((e) => e.event === "batch").length, 1);
    await server.emit(channel, "log:lines", { last: true });
    await ask(batched, "unsubscribe", { channel });
    assert.equal(received().at(-1).data.last, true, "what waited came before unsubscribed");
    assert.equal(await server.stop(), 0);
  });
});

describe("stopping", () => {
  test("SIGTERM tells the clients, refuses new ones and ends the server", async () => {
    const server = await startServer();
    const socket = await server.client({ transports: ["websocket"] });
    const polling = await server.client({ transports: ["polling"] });
    const gone = [socket, polling].map((s) => within(new Promise((r) => s.once("disconnect", r)), "disconnect"));
    server.signal("SIGTERM");
    await Promise.all(gone);
    const [code] = await within(server.exited, "the server ends");
    assert.equal(code, 0);
  });
});
