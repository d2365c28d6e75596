// Never again 35: clients that come and go in every way, in the middle of everything, leave nothing behind.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { test } from "node:test";
import { WebSocket } from "ws";
import { startServer, until } from "./lib/rt_server.mjs";

const ROUNDS = 150;
const CHANNEL = "jobs/job_1/progress";

// A small deterministic generator, so that a failure can be repeated.
let seed = 42;
const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;

function websocket(server, leave) {
  return new Promise((resolve) => {
    const ws = new WebSocket(`ws://127.0.0.1:${server.port}/socket.io/?EIO=4&transport=websocket`);
    const after = random(5);
    let messages = 0;
    ws.on("error", () => {});
    ws.on("close", resolve);
    ws.on("message", (data) => {
      const text = data.toString();
      if (text[0] === "0") ws.send("40");
      else if (text.startsWith("40")) ws.send(`42["subscribe",{"channel":"${CHANNEL}"}]`);
      if (messages++ === after) leave(ws);
    });
  });
}

const leaves = [
  (ws) => ws.terminate(),
  (ws) => ws.close(),
  (ws) => ws.send("1"),
  (ws) => ws.send("41"),
  (ws) => ws.send("9 is no packet"),
  (ws) => ws.send('42["subscribe"'),
  (ws) => ws.send(Buffer.from([1, 2, 3])),
  (ws) => ws.send('451-["x",{"_placeholder":true,"num":0}]', () => ws.terminate()),
  (ws) => ws._socket.write(Buffer.from([0xff, 0xff, 0xff])),
  (ws) => ws._socket.end(),
];

// A polling handshake whose client goes at some point: in a poll, between polls, amid a POST.
async function polling(server, how) {
  const url = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const open = await (await fetch(url)).text();
  const { sid } = JSON.parse(open.slice(1));
  await (await fetch(`${url}&sid=${sid}`, { method: "POST", body: "40" })).text();
  if (how === 0) {
    await (await fetch(`${url}&sid=${sid}`, { method: "POST", body: "1" })).text();
  } else {
    const request =
      how === 1
        ? `GET /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: localhost\r\n\r\n`
        : `POST /socket.io/?EIO=4&transport=polling&sid=${sid} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n42[`;
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    await new Promise((resolve) => socket.write(request, resolve));
    socket.destroy();
  }
}

test("never_again_35: clients that come and go in every way leave nothing behind", async () => {
  const server = await startServer({ ping_interval: 300, ping_timeout: 300 });
  const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;
  await server.emit(CHANNEL, "job:progress", { n: 0 });
  const before = descriptors();
  const clients = [];
  for (let i = 0; i < ROUNDS; i++) {
    clients.push(websocket(server, leaves[random(leaves.length)]));
    if (i % 3 === 0) clients.push(polling(server, random(3)));
    await server.emit(CHANNEL, i % 2 ? "job:progress" : "log:lines", { n: i, pad: "p".repeat(random(3000)) });
  }
  await Promise.all(clients);
  await until(async () => {
    const s = await server.stats();
    return s.clients === 0 && s.websockets === 0 && s.subscriptions === 0 && s.channels === 0;
  }, "every session is gone");
  // What fetch keeps alive may stay; what left may not.
  await until(() => descriptors() <= before + 8, "the descriptors are given back");
  assert.equal(await server.stop(), 0);
});
