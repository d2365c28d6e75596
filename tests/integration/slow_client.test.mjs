// Never again 12: a client that stops reading costs the server a constant, and nobody else anything.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, startServer, until, within } from "./lib/rt_server.mjs";

const CHANNEL = "jobs/job_1/progress";

// Stops and resumes what the client reads from its socket.
const raw = (socket) => socket.io.engine.transport.ws;

test("never_again_12: a stuck client: states are merged and counted, what is sent stays in order, and every gap is explained", async () => {
  const server = await startServer();
  const socket = await server.client({ transports: ["websocket"], perMessageDeflate: false });
  await ask(socket, "subscribe", { channel: CHANNEL });
  raw(socket).pause();
  // More than the kernel's buffers take: then the outbox merges.
  await until(async () => {
    await server.burst({ channel: CHANNEL, event: "test:progress", count: 200, size: 10000 });
    return (await server.stats()).conflated > 500;
  }, "states are merged");
  await server.emit(CHANNEL, "job:completed", {});
  const last = await server.burst({ channel: CHANNEL, event: "test:progress", count: 1 });
  raw(socket).resume();
  await until(() => socket.events.some((e) => e.data?.seq === last), "the newest state");

  let expected = 1;
  let explained = 0;
  for (const { event, data } of socket.events) {
    if (event === "conflated") {
      assert.equal(data.channel, CHANNEL);
      explained += data.count;
    } else if (data?.seq && event !== "subscribed") {
      assert.equal(data.seq, expected + explained, "a jump in seq is as large as conflated said");
      expected = data.seq + 1;
      explained = 0;
    }
  }
  assert.ok(socket.events.some((e) => e.event === "conflated"));
  assert.ok(socket.events.some((e) => e.event === "job:completed"), "never again 3: a terminal event isn't dropped");
  assert.equal(socket.connected, true);
  assert.equal(await server.stop(), 0);
});

test("never_again_12: lifecycle events are never dropped: a client that can't take them is closed as a slow consumer", async () => {
  const server = await startServer();
  const stuck = await server.client({ transports: ["websocket"], perMessageDeflate: false });
  const fine = await server.client({ transports: ["websocket"], perMessageDeflate: false });
  for (const s of [stuck, fine]) await ask(s, "subscribe", { channel: CHANNEL });
  raw(stuck).pause();
  const before = (await server.stats()).rss_kib;
  let published = 0;
  await until(async () => {
    published = await server.burst({ channel: CHANNEL, event: "log:lines", count: 20, size: 10000, lifecycle: true });
    return (await server.stats()).slow_consumers === 1;
  }, "the stuck client is given up");
  const seen = () => fine.events.filter((e) => e.event === "log:lines");
  await until(() => seen().length === published, "the other client gets everything");
  assert.deepEqual(
    seen().map((e) => e.data.seq),
    Array.from({ length: published }, (_, i) => i + 1),
  );
  assert.equal(fine.events.filter((e) => e.event === "conflated").length, 0);
  const closed = within(new Promise((resolve) => raw(stuck).once("close", (code) => resolve(code))), "close");
  raw(stuck).resume();
  assert.ok([1006, 1008].includes(await closed));
  assert.ok((await server.stats()).rss_kib - before < 20 * 1024, "the memory is bounded");
  assert.equal(await server.stop(), 0);
});

test("a fast client isn't merged or closed, however much is published at once", async () => {
  const server = await startServer();
  const socket = await server.client({ transports: ["websocket"], perMessageDeflate: false });
  await ask(socket, "subscribe", { channel: CHANNEL });
  // All within one iteration of the loop.
  await server.burst({ channel: CHANNEL, event: "log:lines", count: 300, size: 1000, lifecycle: true });
  await until(() => socket.events.filter((e) => e.event === "log:lines").length === 300, "300 events");
  assert.equal((await server.stats()).slow_consumers, 0);
  assert.equal(await server.stop(), 0);
});
