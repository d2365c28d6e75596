// HTTP as programs and browsers meet it: keep-alive, pipelining, limits, refusals, who may write, the static files.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { startServer, until, within } from "./lib/rt_server.mjs";

// Sends bytes as they are and collects what comes until the peer closes.
function raw(port, bytes, { half = false } = {}) {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  const state = { socket, text: () => text };
  socket.on("data", (d) => (text += d));
  socket.on("error", () => {});
  state.closed = within(new Promise((resolve) => socket.on("close", () => resolve(text))), "the server closes");
  socket.write(bytes);
  if (half) socket.end();
  return state;
}

function get(port, path, headers = {}, method = "GET", body) {
  return within(
    new Promise((resolve, reject) => {
      const req = request({ host: "127.0.0.1", port, path, headers, method, agent: false }, (res) => {
        const parts = [];
        res.on("data", (d) => parts.push(d));
        res.on("end", () => resolve({ status: res.statusCode, headers: res.headers, text: Buffer.concat(parts).toString() }));
      });
      req.on("error", reject);
      req.end(body);
    }),
    `${method} ${path}`,
  );
}

describe("HTTP", () => {
  let server;
  before(async () => {
    server = await startServer({ header_timeout: 300, idle_timeout: 60000, max_connections: 50 });
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  test("pipelined requests are answered in order, a slow one holding up those behind it", async () => {
    const { closed } = raw(
      server.port,
      "GET /test/slow?ms=50 HTTP/1.1\r\nHost: localhost\r\n\r\n" +
        "POST /test/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\n{\"a\":1}" +
        "GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    const text = await closed;
    const order = ['{"slow":true}', '{"a":1}', "<title>test</title>"].map((s) => text.indexOf(s));
    assert.ok(order.every((at, i) => at > 0 && (i === 0 || at > order[i - 1])), text);
  });

  test("a request may come byte by byte, and its body in chunks", async () => {
    const bytes = "POST /test/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\n{\"a\r\n4\r\n\":2}\r\n0\r\n\r\n";
    const client = raw(server.port, "");
    for (const byte of bytes) client.socket.write(byte);
    assert.match(await client.closed, /\{"a":2\}$/);
  });

  test("Expect: 100-continue is answered before the body comes", async () => {
    const client = raw(server.port, "POST /test/echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
    await until(() => client.text().startsWith("HTTP/1.1 100"), "100 Continue");
    client.socket.write("{}");
    assert.match(await client.closed, /200 OK[^]*\{\}$/);
  });

  test("HEAD has the headers of GET and no body", async () => {
    const head = await get(server.port, "/healthz", {}, "HEAD");
    assert.deepEqual([head.status, head.headers["content-length"], head.text], [200, "15", ""]);
  });

  test("errors are JSON with a code and a message", async () => {
    for (const [method, path, status, code] of [
      ["GET", "/api/v1/none", 404, "not_found"],
      ["DELETE", "/healthz", 405, "method_not_allowed"],
      ["GET", "/test/slow?ms=x", 422, "validation"],
      ["GET", "/test/slow?ms=%zz", 400, "invalid"],
      ["GET", "/test/forget", 500, "internal"],
      ["POST", "/none", 404, "not_found"],
    ]) {
      const answer = await get(server.port, path, {}, method);
      assert.equal(answer.status, status, `${method} ${path}`);
      const { error } = JSON.parse(answer.text);
      assert.equal(error.code, code);
      assert.ok(error.message.length > 10);
    }
    assert.equal((await get(server.port, "/healthz", {}, "DELETE")).headers.allow, "GET, HEAD");
    const options = await get(server.port, "/test/echo", {}, "OPTIONS");
    assert.deepEqual([options.status, options.headers.allow], [204, "POST, OPTIONS"]);
  });

  test("limits: a head over 16 KiB, a body over 8 MiB, a request that doesn't finish", async () => {
    assert.match(await raw(server.port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20000)}\r\n\r\n`).closed, /^HTTP\/1.1 431 /);
    assert.match(await raw(server.port, "POST /test/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n").closed, /^HTTP\/1.1 413 /);
    assert.match(await raw(server.port, "GET /healthz HTTP/1.1\r\nHost: loc").closed, /^HTTP\/1.1 408 /);
    assert.match(await raw(server.port, "NONSENSE\r\n\r\n").closed, /^HTTP\/1.1 400 /);
  });

  test("one connection too many gets a 503", async () => {
    const held = Array.from({ length: 50 }, () => raw(server.port, ""));
    await until(async () => (await fetchStatus()) === 503, "503");
    for (const h of held) h.socket.destroy();
    await until(async () => (await fetchStatus()) === 200, "room again");
    async function fetchStatus() {
      return get(server.port, "/healthz").then((a) => a.status, () => 0);
    }
  });

  test("a client that leaves a long poll is noticed, and others are served meanwhile", async () => {
    const waiting = raw(server.port, "GET /test/slow?ms=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert.equal((await get(server.port, "/healthz")).status, 200);
    const before = (await server.stats()).gone;
    // Only a request that has arrived can be left.
    await until(async () => (await server.stats()).waiting === 1, "the poll is there");
    waiting.socket.destroy();
    await until(async () => (await server.stats()).gone === before + 1, "the handler is told");
  });

  test("a body of many MiB arrives whole at a client that reads slowly", async () => {
    const client = raw(server.port, "GET /test/big?bytes=20000000 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    client.socket.pause();
    assert.equal((await get(server.port, "/healthz")).status, 200);
    client.socket.resume();
    const text = await client.closed;
    assert.equal(text.length - text.indexOf("\r\n\r\n") - 4, 20000000);
  });

  test("another site's page may neither write nor connect; another name for this host is refused", async () => {
    const port = server.port;
    const evil = { Origin: "https://evil.example" };
    assert.equal((await get(port, "/test/echo", evil, "POST", "{}")).status, 403);
    assert.equal((await get(port, "/test/echo", { Origin: "null" }, "POST", "{}")).status, 403);
    assert.equal((await get(port, "/socket.io/?EIO=4&transport=polling", evil)).status, 403);
    const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
    assert.equal((await get(port, "/socket.io/?EIO=4&transport=websocket", { ...upgrade, ...evil })).status, 403);
    assert.equal((await get(port, "/healthz", { Host: "rebound.example" })).status, 403);
    assert.equal((await get(port, "/healthz", { Host: `rebound.example:${port}` })).status, 403);

    for (const origin of [undefined, `http://127.0.0.1:${port}`]) {
      assert.equal((await get(port, "/test/echo", origin ? { Origin: origin } : {}, "POST", "{}")).status, 200);
    }
    for (const host of ["localhost", `localhost:${port}`, "[::1]:80", "192.0.2.7", "allowed.example"]) {
      assert.equal((await get(port, "/healthz", { Host: host })).status, 200, host);
    }
    const allowed = await get(port, "/test/echo", { Origin: "https://allowed.example" }, "POST", "{}");
    assert.deepEqual([allowed.status, allowed.headers["access-control-allow-origin"]], [200, "https://allowed.example"]);
    const preflight = await get(port, "/test/echo", { Origin: "https://allowed.example", "Access-Control-Request-Method": "POST" }, "OPTIONS");
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers["access-control-allow-methods"], /POST/);
  });

  test("never again 38: publishing is for programs on this host that came through no proxy", async () => {
    const body = { channel: "jobs/job_1/progress", event: "job:progress", data: { progress: 1 } };
    const ok = await server.post("/api/internal/ws/emit", body);
    assert.deepEqual([ok.status, await ok.json()], [201, { seq: 1 }]);
    for (const header of ["X-Forwarded-For", "Forwarded", "X-Real-IP"]) {
      assert.equal((await server.post("/api/internal/ws/emit", body, { [header]: "127.0.0.1" })).status, 403, header);
    }
    for (const [change, status] of [
      [{ channel: "system/cpu" }, 403],
      [{ channel: "admin/x/y" }, 403],
      [{ channel: "a b" }, 422],
      [{ channel: undefined }, 422],
      [{ event: 'x"y' }, 422],
      [{ event: undefined }, 422],
      [{ data: [1] }, 422],
      [{ data: { seq: 7 } }, 422],
    ]) {
      const refused = await server.post("/api/internal/ws/emit", { ...body, ...change });
      assert.equal(refused.status, status, JSON.stringify(change));
    }
  });

  test("static files: encodings, caching, the dashboard's own routes", async () => {
    const asset = "/assets/app-1234.js";
    const plain = await get(server.port, asset);
    assert.deepEqual([plain.text, plain.headers["content-encoding"]], ["identity", undefined]);
    assert.match(plain.headers["cache-control"], /immutable/);
    assert.equal((await get(server.port, asset, { "Accept-Encoding": "gzip, br" })).headers["content-encoding"], "br");
    assert.equal((await get(server.port, asset, { "Accept-Encoding": "gzip, br;q=0" })).headers["content-encoding"], "gzip");
    const same = await get(server.port, asset, { "If-None-Match": plain.headers.etag });
    assert.deepEqual([same.status, same.text], [304, ""]);
    const page = await get(server.port, "/trainings/trn_1");
    assert.match(page.text, /<title>test/);
    assert.match(page.headers["content-security-policy"], /frame-ancestors 'none'/);
    assert.equal(page.headers["cache-control"], "no-cache");
    assert.equal((await get(server.port, "/missing.js")).status, 404);
    assert.equal((await get(server.port, "/api/missing")).status, 404);
    assert.equal((await get(server.port, "/../../etc/passwd")).status, 400);
  });

  test("a WebSocket handshake that isn't one is refused with what is wrong", async () => {
    const path = "/socket.io/?EIO=4&transport=websocket";
    const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
    assert.equal((await get(server.port, path, { ...upgrade, "Sec-WebSocket-Version": "8" })).status, 426);
    assert.equal((await get(server.port, path, { ...upgrade, "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x" })).status, 400);
    assert.equal((await get(server.port, "/socket.io/?EIO=3&transport=polling")).status, 400);
    assert.equal((await get(server.port, "/socket.io/?EIO=4&transport=polling&sid=none")).status, 400);
    assert.equal((await server.stats()).clients, 0, "no session is left behind");
  });
});

test("a taken port is an error that says what to do", async () => {
  const first = await startServer();
  const { spawnSync } = await import("node:child_process");
  const second = spawnSync(`${process.env.HEADWAY_BUILD ?? "../../build"}/tests/rt_server`, [`port=${first.port}`], { encoding: "utf8" });
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`127.0.0.1:${first.port} is taken by another program; choose another address with --listen`));
  assert.equal(await first.stop(), 0);
});

test("stopping lets a request under way finish", async () => {
  const server = await startServer();
  const waiting = get(server.port, "/test/slow?ms=300");
  await until(async () => (await server.stats()).waiting === 1, "the request is there");
  server.signal("SIGTERM");
  const answer = await waiting;
  assert.deepEqual([answer.status, answer.headers.connection], [200, "close"]);
  const [code] = await within(server.exited, "the server ends");
  assert.equal(code, 0);
});
