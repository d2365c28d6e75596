// A thousand clients at once: each gets every event once, in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { startServer, until, within } from "./lib/rt_server.mjs";

const CLIENTS = 1000;
const EVENTS = 50;
const CHANNEL = "jobs/job_1/progress";

// The official client costs more than the server under test when there are a thousand of them; this one speaks the same.
function open(server) {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
  const client = { ws, seqs: [], subscribed: false };
  client.ready = within(
    new Promise((resolve, reject) => {
      ws.on("error", reject);
      ws.on("message", (data) => {
        const text = data.toString();
        if (text[0] === "0") ws.send("40");
        else if (text === "2") ws.send("3");
        else if (text.startsWith("40")) ws.send(`421["subscribe",{"channel":"${CHANNEL}"}]`);
        else if (text.startsWith("431")) resolve();
        else if (text.startsWith('42["log:lines"')) client.seqs.push(JSON.parse(text.slice(2))[1].seq);
      });
    }),
    "a client subscribes",
    60_000,
  );
  return client;
}

test("1,000 clients each get every event once, in order", async () => {
  const server = await startServer();
  await fetch(server.url + "/healthz");
  const before = (await server.stats()).rss_kib;
  const clients = Array.from({ length: CLIENTS }, () => open(server));
  await Promise.all(clients.map((c) => c.ready));
  const stats = await server.stats();
  assert.equal(stats.subscriptions, CLIENTS);
  console.log(`resident memory per idle subscribed client: ${((stats.rss_kib - before) / CLIENTS).toFixed(2)} KiB`);
  for (let i = 0; i < EVENTS; i++) await server.emit(CHANNEL, "log:lines", { n: i });
  await until(() => clients.every((c) => c.seqs.length === EVENTS), "every client has every event", 60_000);
  const expected = Array.from({ length: EVENTS }, (_, i) => i + 1);
  for (const c of clients) assert.deepEqual(c.seqs, expected);
  for (const c of clients) c.ws.terminate();
  await until(async () => (await server.stats()).clients === 0, "all sessions are gone");
  assert.equal((await server.stats()).subscriptions, 0);
  assert.equal(await server.stop(), 0);
});
