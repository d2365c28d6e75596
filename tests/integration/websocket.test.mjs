// The WebSocket itself, below Socket.IO: with the client `ws`, and with bytes written by hand where a client library would
// never send them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { deflateRawSync, constants } from "node:zlib";
import { WebSocket } from "ws";
import { startServer, until, within } from "./lib/rt_server.mjs";

const PATH = "/socket.io/?EIO=4&transport=websocket";
const HANDSHAKE =
  `GET ${PATH} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const PMD = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
const MASK = Buffer.from([1, 2, 3, 4]);

let server;
before(async () => {
  server = await startServer();
});
after(async () => {
  assert.equal(await server.stop(), 0);
});

// ---- by hand -------------------------------------------------------------------------------------------------------

function frame(first, payload = Buffer.alloc(0), says = payload.length) {
  const head =
    says < 126 ? [first, 0x80 | says] : says < 65536 ? [first, 0xfe, says >> 8, says & 255] : [first, 0xff, 0, 0, 0, 0, ...be32(says)];
  return Buffer.concat([Buffer.from(head), MASK, Buffer.from(payload.map((b, i) => b ^ MASK[i & 3]))]);
}
const be32 = (n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
const text = (s, first = 0x81) => frame(first, Buffer.from(s));
const code = (n, reason = "") => Buffer.concat([Buffer.from([n >> 8, n & 255]), Buffer.from(reason)]);

// What the server sends, as frames [first byte, payload]; the handshake's answer apart.
function readFrames(bytes) {
  const end = bytes.indexOf("\r\n\r\n");
  const frames = [];
  for (let at = end + 4; end >= 0 && at + 2 <= bytes.length; ) {
    let n = bytes[at + 1];
    let from = at + 2;
    if (n === 126) (n = bytes.readUInt16BE(from)), (from += 2);
    else if (n === 127) (n = Number(bytes.readBigUInt64BE(from))), (from += 8);
    if (from + n > bytes.length) break;
    frames.push([bytes[at], bytes.subarray(from, from + n)]);
    at = from + n;
  }
  return { head: bytes.subarray(0, Math.max(end, 0)).toString(), frames };
}

// Writes the pieces, each in a segment of its own, and keeps what comes.
async function raw(pieces) {
  const socket = connect({ port: server.port, host: "127.0.0.1", noDelay: true });
  const got = { bytes: Buffer.alloc(0), ended: false, socket };
  socket.on("data", (b) => (got.bytes = Buffer.concat([got.bytes, b])));
  socket.on("end", () => (got.ended = true));
  socket.on("error", () => {});
  await within(once(socket, "connect"), "connected");
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
  return got;
}

const texts = (got) => readFrames(got.bytes).frames.filter(([b]) => b === 0x81).map(([, p]) => p.toString());
const closeOf = (got) => readFrames(got.bytes).frames.find(([b]) => b === 0x88)?.[1];

describe("frames with the upgrade request", () => {
  const whole = Buffer.concat([
    Buffer.from(HANDSHAKE + "\r\n"),
    text("40"),
    text('42["pi', 0x01),
    frame(0x89, Buffer.from("between")),
    text('ng"]', 0x80),
  ]);
  const ways = {
    "in one segment": [whole],
    "a byte each": Array.from(whole, (b) => Buffer.from([b])),
    "cut amid the request's end": [whole.subarray(0, HANDSHAKE.length + 1), whole.subarray(HANDSHAKE.length + 1)],
  };
  for (const [name, pieces] of Object.entries(ways)) {
    test(name, async () => {
      const got = await raw(pieces);
      await until(() => texts(got).includes('42["pong"]'), "the pong event");
      const { head, frames } = readFrames(got.bytes);
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.match(head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
      assert.match(texts(got)[0], /^0\{"sid"/);
      assert.match(texts(got)[1], /^40\{"sid"/);
      assert.equal(frames.find(([b]) => b === 0x8a)[1].toString(), "between");
      got.socket.destroy();
    });
  }
});

describe("what is wrong is answered with a close frame, then the end", () => {
  const bomb = deflateRawSync(Buffer.alloc(8_000_000), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const cases = [
    ["a frame without a mask", [Buffer.from([0x81, 2, 0x34, 0x30])], 1002],
    ["a reserved bit", [text("40", 0x91)], 1002],
    ["RSV1 without compression", [text("40", 0xc1)], 1002],
    ["an unknown opcode", [Buffer.from([0x83])], 1002],
    ["a ping in fragments", [frame(0x09)], 1002],
    ["a ping of 126 bytes", [frame(0x89, Buffer.alloc(126))], 1002],
    ["a length that could be shorter", [Buffer.from([0x81, 0xfe, 0, 2])], 1002],
    ["a continuation of nothing", [frame(0x80)], 1002],
    ["text that isn't UTF-8, told before its end", [frame(0x01, Buffer.from([0x34, 0xff]), 500)], 1007],
    ["a message beyond maxPayload, told by its header", [frame(0x81, Buffer.alloc(0), 1_000_001)], 1009],
    ["a compressed message beyond maxPayload", [frame(0xc1, bomb)], 1009, PMD],
    ["compressed nonsense", [frame(0xc1, Buffer.from([0xff]))], 1007, PMD],
    ["a close of one byte", [frame(0x88, Buffer.from([3]))], 1002],
    ["a close code that may not be sent", [frame(0x88, code(1005))], 1002],
    ["a close reason that isn't UTF-8", [frame(0x88, Buffer.from([3, 0xe8, 0xff]))], 1007],
  ];
  for (const [name, frames, want, extension = ""] of cases) {
    test(`${name}: ${want}`, async () => {
      const got = await raw([Buffer.concat([Buffer.from(`${HANDSHAKE}${extension}\r\n`), ...frames])]);
      await until(() => got.ended, "the end");
      const payload = closeOf(got);
      assert.equal(payload.readUInt16BE(0), want);
      assert.ok(payload.length > 2, "says why");
      got.socket.destroy();
    });
  }

  test("a malformed Sec-WebSocket-Extensions is refused with 400", async () => {
    const got = await raw([`${HANDSHAKE}Sec-WebSocket-Extensions: permessage-deflate; =\r\n\r\n`]);
    await until(() => got.bytes.includes("\r\n\r\n"), "an answer");
    assert.match(got.bytes.toString(), /^HTTP\/1\.1 400 /);
    got.socket.destroy();
  });
});

describe("a close frame is answered with its code", () => {
  for (const [name, payload, want] of [
    ["none", Buffer.alloc(0), null],
    ["1000", code(1000, "done"), 1000],
    ["1001", code(1001), 1001],
    ["4999", code(4999), 4999],
  ]) {
    test(name, async () => {
      const got = await raw([
        Buffer.concat([Buffer.from(`${HANDSHAKE}\r\n`), text("40"), frame(0x88, payload), text('42["ping"]'), frame(0x89)]),
      ]);
      await until(() => got.ended, "the end");
      const answer = closeOf(got);
      assert.deepEqual([...answer], want ? [want >> 8, want & 255] : []);
      const { frames } = readFrames(got.bytes);
      assert.equal(frames.at(-1)[0], 0x88, "nothing follows the close frame");
      assert.ok(!frames.some(([b]) => b === 0x8a), "a ping behind the close is not answered");
      got.socket.destroy();
    });
  }
});

// ---- the client ws -------------------------------------------------------------------------------------------------

async function open(perMessageDeflate) {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}${PATH}`, { perMessageDeflate });
  ws.received = [];
  ws.once("upgrade", (response) => (ws.agreed = response.headers["sec-websocket-extensions"] ?? ""));
  ws.on("message", (data) => ws.received.push(data.toString()));
  await within(once(ws, "open"), "open");
  ws.send("40");
  await until(() => ws.received.some((m) => m.startsWith("40")), "Socket.IO connects");
  return ws;
}

async function subscribe(ws, channel) {
  ws.send(`42["subscribe",{"channel":"${channel}"}]`);
  await until(() => ws.received.some((m) => m.startsWith('42["subscribed"') && m.includes(channel)), "subscribed");
}

describe("permessage-deflate with the client ws", () => {
  const answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  const offers = [
    ["as ws offers it", { threshold: 0 }, answer],
    ["a smaller window of the client", { threshold: 0, clientMaxWindowBits: 9 }, answer],
    ["the server's window named", { threshold: 0, serverMaxWindowBits: 12 }, `${answer}; server_max_window_bits=12`],
    ["a larger window allowed", { threshold: 0, serverMaxWindowBits: 15 }, `${answer}; server_max_window_bits=12`],
    ["no context takeover", { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true }, answer],
    ["a window smaller than the server's: declined", { threshold: 0, serverMaxWindowBits: 9 }, ""],
    ["not offered", false, ""],
  ];
  let n = 0;
  for (const [name, offer, agreed] of offers) {
    test(name, async () => {
      const channel = `jobs/packed_${++n}/progress`;
      const ws = await open(offer);
      assert.equal(ws.agreed, agreed);
      await subscribe(ws, channel);
      // Ten times the same: without context takeover each is compressed on its own.
      const layers = Array.from({ length: 300 }, (_, i) => ({ layer_idx: i, loss: 0.1234567 / (i + 1), dead_neurons: i * 7 }));
      const before = ws._socket.bytesRead;
      for (let i = 0; i < 10; i++) await server.emit(channel, "log:lines", { layers });
      const events = () => ws.received.filter((m) => m.startsWith('42["log:lines"'));
      await until(() => events().length === 10, "ten events");
      for (const m of events()) assert.deepEqual(JSON.parse(m.slice(2))[1].layers, layers);
      const ratio = (ws._socket.bytesRead - before) / events().join("").length;
      if (agreed) assert.ok(ratio < 0.45, `${ratio} of the bytes`);
      else assert.ok(ratio > 1, `${ratio} of the bytes`);

      // And the other way: long, in fragments, with a ping between.
      ws.send(`42["subscribe",{"channel":"${"y".repeat(5000)}"}]`);
      await until(() => ws.received.some((m) => m.startsWith('42["error"')), "the answer to a long message");
      const pong = once(ws, "pong");
      ws.send('42["pi', { fin: false });
      ws.ping("between");
      ws.send("ng", { fin: false });
      ws.send('"]', { fin: true });
      assert.equal((await within(pong, "a pong"))[0].toString(), "between");
      await until(() => ws.received.includes('42["pong"]'), "the answer to a fragmented message");
      const closed = once(ws, "close");
      ws.close(3001, "enough");
      assert.equal((await within(closed, "closed"))[0], 3001);
    });
  }
});
