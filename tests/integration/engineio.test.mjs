// Engine.IO 4 as seen from the wire, on protocol-echo: every message comes back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SEPARATOR, query, startEcho } from "./lib/echo.mjs";
import { within } from "./lib/rt_server.mjs";

const ALLOWED = "https://allowed.example";
const FOREIGN = "https://elsewhere.example";
const PATH = "/engine.io/";
const MAX_PAYLOAD = 1_000_000;
const UNKNOWN_SID = JSON.stringify({ code: 1, message: "Session ID unknown" });
const BAD_REQUEST = JSON.stringify({ code: 3, message: "Bad request" });

describe("Engine.IO", () => {
  let server;
  before(async () => {
    server = await startEcho({ origin: ALLOWED });
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  const ask = (search, init) => fetch(server.url + PATH + search, init);

  async function upgraded() {
    const polling = await server.polling();
    const socket = server.websocket(PATH, polling.sid);
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    socket.send("5");
    socket.send("4settled");
    assert.equal(await socket.next(), "4settled");
    return { polling, socket };
  }

  describe("handshake", () => {
    const settings = { pingInterval: 25000, pingTimeout: 20000, maxPayload: MAX_PAYLOAD };

    test("polling is told its session id, the numbers, and that it may upgrade", async () => {
      const response = await ask(query("polling"));
      assert.equal(response.headers.get("content-type"), "text/plain; charset=UTF-8");
      const text = await response.text();
      assert.equal(text[0], "0");
      const { sid, ...rest } = JSON.parse(text.slice(1));
      assert.deepEqual(rest, { upgrades: ["websocket"], ...settings });
      assert.match(sid, /^[0-9A-Za-z_-]{20}$/);
    });

    test("a WebSocket is told the same, with nothing to upgrade to", async () => {
      const { sid, ...rest } = JSON.parse((await server.websocket().next()).slice(1));
      assert.deepEqual(rest, { upgrades: [], ...settings });
      assert.match(sid, /^[0-9A-Za-z_-]{20}$/);
    });

    test("session ids can't be guessed: no position of theirs stays the same or counts", async () => {
      const sids = [];
      for (let i = 0; i < 150; i++) sids.push((await server.polling()).sid);
      assert.equal(new Set(sids).size, sids.length);
      for (let at = 0; at < 20; at++) {
        // 150 draws from 64 characters show about 58 of them; 40 is far out of the ordinary.
        assert.ok(new Set(sids.map((sid) => sid[at])).size >= 40, `position ${at}`);
      }
    });
  });

  describe("refusals", () => {
    const cases = [
      ["no transport", "?EIO=4", {}, 0],
      ["a transport that there isn't", "?EIO=4&transport=pigeon", {}, 0],
      ["a session id that nobody has", query("polling", "abcdefghijklmnopqrst"), {}, 1],
      ["a session id that can't be one", query("polling", "x".repeat(300)), {}, 1],
      ["an empty session id", "?EIO=4&transport=polling&sid=", {}, 1],
      ["a handshake by POST", query("polling"), { method: "POST", body: "4x" }, 2],
      ["a handshake by PUT", query("polling"), { method: "PUT" }, 2],
      ["transport=websocket without an upgrade", query("websocket"), {}, 3],
      ["a page of another origin", query("polling"), { headers: { Origin: FOREIGN } }, 4],
      ["version 3", "?EIO=3&transport=polling", {}, 5],
      ["no version", "?transport=polling", {}, 5],
      ["a version that is no number", "?EIO=four&transport=polling", {}, 5],
    ];
    const messages = [
      "Transport unknown",
      "Session ID unknown",
      "Bad handshake method",
      "Bad request",
      "Forbidden",
      "Unsupported protocol version",
    ];
    for (const [name, search, init, code] of cases) {
      test(name, async () => {
        const response = await ask(search, init);
        assert.equal(response.status, code === 4 ? 403 : 400);
        assert.equal(response.headers.get("content-type"), "application/json");
        assert.deepEqual(await response.json(), { code, message: messages[code] });
      });
    }

    test("a method that polling has no use for", async () => {
      const polling = await server.polling();
      const response = await fetch(polling.url, { method: "DELETE" });
      assert.deepEqual([response.status, await response.text()], [400, BAD_REQUEST]);
      assert.deepEqual(await polling.post("4still here"), [200, "ok"]);
    });

    test("a WebSocket of another origin, or for a session that nobody has", async () => {
      for (const [sid, options] of [
        [undefined, { headers: { Origin: FOREIGN } }],
        ["abcdefghijklmnopqrst", {}],
      ]) {
        const socket = server.websocket(PATH, sid, options);
        const status = await within(
          new Promise((done) => socket.ws.on("unexpected-response", (_, response) => done(response.statusCode))),
          "the upgrade is refused",
        );
        assert.equal(status, sid ? 400 : 403);
      }
    });
  });

  describe("pages of other origins", () => {
    test("an allowed one may read every answer, the errors too", async () => {
      for (const search of [query("polling"), "?EIO=3&transport=polling"]) {
        const { headers } = await ask(search, { headers: { Origin: ALLOWED } });
        assert.equal(headers.get("access-control-allow-origin"), ALLOWED);
        assert.equal(headers.get("access-control-allow-credentials"), "true");
        assert.match(headers.get("vary"), /Origin/);
      }
    });

    test("its preflight is answered, for a session and for none", async () => {
      const { sid } = await server.polling();
      for (const search of [query("polling"), query("polling", sid)]) {
        const response = await ask(search, {
          method: "OPTIONS",
          headers: { Origin: ALLOWED, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-own" },
        });
        assert.equal(response.status, 204);
        assert.equal(response.headers.get("access-control-allow-origin"), ALLOWED);
        assert.match(response.headers.get("access-control-allow-methods"), /POST/);
        assert.equal(response.headers.get("access-control-allow-headers"), "x-own");
      }
    });

    test("any other one gets no leave to read, and may not post", async () => {
      const polling = await server.polling();
      for (const init of [
        { headers: { Origin: FOREIGN } },
        { headers: { Origin: FOREIGN, "Access-Control-Request-Method": "POST" }, method: "OPTIONS" },
        { headers: { Origin: FOREIGN }, method: "POST", body: "4x" },
      ]) {
        const response = await fetch(polling.url, init);
        assert.ok(response.status >= 400);
        assert.equal(response.headers.get("access-control-allow-origin"), null);
      }
      assert.deepEqual(await polling.post("4mine"), [200, "ok"]);
      assert.deepEqual(await polling.packets(), ["4mine"]);
    });
  });

  describe("polling", () => {
    test("packets of one POST are separated by U+001E, and so are those of an answer", async () => {
      const polling = await server.polling();
      const packets = ["4one", "4zwei · 二 · 🚀", "4", "4four\nlines"];
      assert.deepEqual(await polling.post(packets.join(SEPARATOR)), [200, "ok"]);
      assert.deepEqual(await polling.packets(), packets);
    });

    test("binary is b and base64, in between text and of any length", async () => {
      const polling = await server.polling();
      const bytes = [[], [0], [1, 2], [1, 2, 3], [255, 254, 253, 252]].map((b) => `b${Buffer.from(b).toString("base64")}`);
      const packets = ["4before", ...bytes, "4after"];
      assert.deepEqual(await polling.post(packets.join(SEPARATOR)), [200, "ok"]);
      assert.deepEqual(await polling.packets(), packets);
    });

    test("an answer waits for something to say", async () => {
      const polling = await server.polling();
      const waiting = await polling.hang();
      assert.deepEqual(await polling.post("4here"), [200, "ok"]);
      assert.deepEqual(await waiting.answer(), [200, "4here"]);
    });

    test("no answer is longer than maxPayload while there is more than one packet in it", async () => {
      const polling = await server.polling();
      const packets = ["a", "b", "c"].map((c) => `4${c.repeat(340_000)}`);
      for (const packet of packets) assert.equal((await polling.post(packet))[0], 200);
      const [, first] = await polling.get();
      assert.ok(first === packets.slice(0, 2).join(SEPARATOR), `two packets, not ${first.length} bytes`);
      const [, second] = await polling.get();
      assert.ok(second === packets[2], `the third packet, not ${second.length} bytes`);
    });

    test("a POST of maxPayload bytes is taken, one more closes the session", async () => {
      const polling = await server.polling();
      const whole = `4${"x".repeat(MAX_PAYLOAD - 1)}`;
      assert.deepEqual(await polling.post(whole), [200, "ok"]);
      assert.equal((await polling.packets())[0].length, MAX_PAYLOAD);
      assert.equal((await polling.post(`${whole}x`))[0], 413);
      assert.equal(await polling.gone(), true);
    });

    test("a second GET closes the session: the first is told, the second refused", async () => {
      const polling = await server.polling();
      const first = await polling.hang();
      assert.deepEqual(await polling.get(), [400, BAD_REQUEST]);
      assert.deepEqual(await first.answer(), [200, "1"]);
      assert.equal(await polling.gone(), true);
    });

    test("one POST may come slowly, its polls going on meanwhile", async () => {
      const polling = await server.polling();
      const slow = await polling.postSlowly("4in two halves");
      assert.deepEqual(await slow.rest(), [200, "ok"]);
      assert.deepEqual(await polling.packets(), ["4in two halves"]);
      assert.deepEqual(await polling.post("4and another"), [200, "ok"]);
    });

    test("a second POST beside one that is under way closes the session", async () => {
      const polling = await server.polling();
      const slow = await polling.postSlowly("4the first");
      const waiting = await polling.hang();
      assert.deepEqual(await polling.postOnce("4the second"), [400, BAD_REQUEST]);
      assert.deepEqual(await waiting.answer(), [200, "1"]);
      assert.deepEqual(await slow.rest(), [400, UNKNOWN_SID]);
    });

    test("two slow POSTs at once close the session as well", async () => {
      const polling = await server.polling();
      await polling.postSlowly("4the first");
      const waiting = await polling.hang();
      await polling.postSlowly("4the second");
      assert.deepEqual(await waiting.answer(), [200, "1"]);
    });

    test("a POST of a page that may not post is no POST under way", async () => {
      const polling = await server.polling();
      const slow = await polling.postSlowly("4not mine to say", `Origin: ${FOREIGN}`);
      assert.deepEqual(await polling.post("4mine"), [200, "ok"]);
      assert.equal((await slow.rest())[0], 403);
      assert.deepEqual(await polling.packets(), ["4mine"]);
    });

    test("a POST that breaks off leaves a hole: the next one closes the session", async () => {
      const polling = await server.polling();
      await (await polling.postSlowly("4never whole")).breakOff();
      assert.deepEqual(await polling.postOnce("4next"), [400, BAD_REQUEST]);
      assert.equal(await polling.gone(), true);
    });
  });

  describe("WebSocket", () => {
    test("text comes back as text, binary as binary", async () => {
      const socket = server.websocket();
      await socket.next();
      socket.send("4text · 文");
      socket.send(Buffer.from([0, 1, 255]));
      socket.send(Buffer.alloc(0));
      assert.equal(await socket.next(), "4text · 文");
      assert.deepEqual(await socket.next(), Buffer.from([0, 1, 255]));
      assert.deepEqual(await socket.next(), Buffer.alloc(0));
    });

    test("what comes right behind the handshake is read", async () => {
      const socket = server.websocket();
      socket.send("4at once");
      assert.equal((await socket.next())[0], "0");
      assert.equal(await socket.next(), "4at once");
    });

    test("compressed messages come back, large ones compressed", async () => {
      const socket = server.websocket(PATH, undefined, { perMessageDeflate: { threshold: 0 } });
      await socket.next();
      const large = `4${"again and again ".repeat(5000)}`;
      socket.send("4small");
      socket.send(large);
      assert.equal(await socket.next(), "4small");
      assert.equal(await socket.next(), large);
    });

    test("a message of maxPayload bytes is taken, one more closes it with 1009", async () => {
      const socket = server.websocket();
      await socket.next();
      socket.send(`4${"x".repeat(MAX_PAYLOAD - 1)}`);
      assert.equal((await socket.next()).length, MAX_PAYLOAD);
      socket.send(`4${"x".repeat(MAX_PAYLOAD)}`);
      assert.equal((await socket.ends()).code, 1009);
    });
  });

  describe("upgrade", () => {
    test("the probe is answered, a poll that waits comes back with a noop, then the WebSocket carries", async () => {
      const polling = await server.polling();
      const waiting = await polling.hang();
      const socket = server.websocket(PATH, polling.sid);
      socket.send("2probe");
      assert.equal(await socket.next(), "3probe");
      assert.deepEqual(await waiting.answer(), [200, "6"]);
      assert.deepEqual(await polling.get(), [200, "6"], "and so does one that comes between probe and upgrade");
      socket.send("5");
      socket.send("4hello");
      assert.equal(await socket.next(), "4hello");
    });

    test("what is sent while probing waits and comes once, in order", async () => {
      const polling = await server.polling();
      await polling.post(["4one", "4two"].join(SEPARATOR));
      const socket = server.websocket(PATH, polling.sid);
      socket.send("2probe");
      assert.equal(await socket.next(), "3probe");
      await polling.post("4three");
      socket.send("5");
      socket.send("4four");
      for (const message of ["4one", "4two", "4three", "4four"]) assert.equal(await socket.next(), message);
    });

    test("a poll that is pending when the upgrade comes is let go", async () => {
      const polling = await server.polling();
      const socket = server.websocket(PATH, polling.sid);
      socket.send("2probe");
      assert.equal(await socket.next(), "3probe");
      const racing = polling.get();
      socket.send("5");
      socket.send("4after");
      assert.equal(await socket.next(), "4after");
      const [status, text] = await racing; // before the "5": a noop; behind it: polling is over
      assert.ok((status === 200 && text === "6") || (status === 400 && text === BAD_REQUEST), `${status} ${text}`);
    });

    test("afterwards polling is refused and the session goes on", async () => {
      const { polling, socket } = await upgraded();
      assert.deepEqual(await polling.get(), [400, BAD_REQUEST]);
      assert.deepEqual(await polling.post("4x"), [400, BAD_REQUEST]);
      socket.send("4unimpressed");
      assert.equal(await socket.next(), "4unimpressed");
    });

    test("a second WebSocket for the session is closed, before and after", async () => {
      const polling = await server.polling();
      const first = server.websocket(PATH, polling.sid);
      first.send("2probe");
      assert.equal(await first.next(), "3probe");
      assert.equal((await server.websocket(PATH, polling.sid).ends()).code, 1008);
      first.send("5");
      first.send("4mine");
      assert.equal(await first.next(), "4mine");
      assert.equal((await server.websocket(PATH, polling.sid).ends()).code, 1008);
      first.send("4still mine");
      assert.equal(await first.next(), "4still mine");
    });

    for (const [name, says] of [
      ["says something else than the probe", (socket) => socket.send("4hello")],
      ["upgrades without having probed", (socket) => socket.send("5")],
      ["sends binary", (socket) => socket.send(Buffer.from("2probe"))],
      ["goes away", (socket) => socket.ws.once("open", () => socket.ws.terminate())],
    ]) {
      test(`a WebSocket that ${name} is closed, and polling goes on`, async () => {
        const polling = await server.polling();
        const socket = server.websocket(PATH, polling.sid);
        says(socket);
        await socket.ends();
        await polling.post("4unharmed");
        assert.deepEqual(await polling.packets(), ["4unharmed"]);
        const again = server.websocket(PATH, polling.sid); // and may try again
        again.send("2probe");
        assert.equal(await again.next(), "3probe");
      });
    }
  });

  describe("closing by the client", () => {
    test("polling: the close packet lets the pending poll go and ends the session", async () => {
      const polling = await server.polling();
      const waiting = await polling.hang();
      await polling.post("1");
      assert.deepEqual(await waiting.answer(), [200, "6"]);
      assert.equal(await polling.gone(), true);
    });

    test("polling: a poll whose connection breaks ends the session", async () => {
      const polling = await server.polling();
      (await polling.hang()).socket.destroy();
      let post;
      do post = await polling.post("4anyone?");
      while (post[0] === 200);
      assert.deepEqual(post, [400, UNKNOWN_SID]);
    });

    for (const [name, leave] of [
      ["the close packet", (socket) => socket.send("1")],
      ["a close frame", (socket) => socket.ws.close(1000)],
      ["a broken connection", (socket) => socket.ws.terminate()],
    ]) {
      test(`WebSocket: ${name} ends the session`, async () => {
        const { polling, socket } = await upgraded();
        leave(socket);
        await socket.ends();
        let poll;
        do poll = await polling.get(); // the server may still have to notice
        while (poll[1] === BAD_REQUEST);
        assert.deepEqual(poll, [400, UNKNOWN_SID]);
      });
    }
  });

  describe("what is malformed closes the session", () => {
    const packets = {
      "an empty packet": "",
      "an unknown type": "7",
      "no type": "hello",
      "an open packet": "0{}",
      "a ping": "2",
      "an upgrade": "5",
    };
    for (const [name, packet] of Object.entries(packets)) {
      test(`${name}, by WebSocket`, async () => {
        const socket = server.websocket();
        await socket.next();
        socket.send(packet);
        assert.equal((await socket.ends()).code, 1002);
      });
    }

    const payloads = {
      ...packets,
      "a separator at the end": `4a${SEPARATOR}`,
      "a separator at the start": `${SEPARATOR}4a`,
      "nothing between two separators": `4a${SEPARATOR}${SEPARATOR}4b`,
      "base64 with other characters": "b!!!!",
      "base64 of a wrong length": "bAAA",
      "base64 with padding inside": "bAA==AAAA",
      "bytes that aren't UTF-8": Buffer.from([0x34, 0xff, 0xfe]),
    };
    delete payloads["an empty packet"]; // a POST without a body has no packet in it
    for (const [name, payload] of Object.entries(payloads)) {
      test(`${name}, by polling`, async () => {
        const polling = await server.polling();
        const waiting = await polling.hang();
        assert.equal((await polling.post(payload))[0], name in packets && payload !== "7" && payload !== "hello" ? 200 : 400);
        assert.equal((await waiting.answer())[1].split(SEPARATOR).at(-1), "1");
        assert.equal(await polling.gone(), true);
      });
    }

    const frames = {
      "an unmasked frame": [Buffer.from([0x81, 0x02, 0x34, 0x61]), 1002],
      "a reserved bit": [Buffer.from([0xc1, 0x80, 0, 0, 0, 0]), 1002],
      "an unknown opcode": [Buffer.from([0x83, 0x80, 0, 0, 0, 0]), 1002],
      "text that isn't UTF-8": [Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0xff]), 1007],
      "a continuation of nothing": [Buffer.from([0x80, 0x80, 0, 0, 0, 0]), 1002],
    };
    for (const [name, [bytes, code]] of Object.entries(frames)) {
      test(`${name}, by WebSocket`, async () => {
        const socket = server.websocket();
        await socket.next();
        socket.ws._socket.write(bytes);
        assert.equal((await socket.ends()).code, code);
      });
    }
  });
});

describe("Engine.IO heartbeat", () => {
  test("who answers each ping lives on, on both transports", async (t) => {
    const server = await startEcho({ pingInterval: 50, pingTimeout: 2000 });
    t.after(() => server.stop());
    const socket = server.websocket();
    await socket.next();
    const polling = await server.polling();
    for (let i = 0; i < 4; i++) {
      assert.equal(await socket.next("a ping"), "2");
      socket.send("3");
      assert.deepEqual(await polling.packets(), ["2"]);
      assert.deepEqual(await polling.post("3"), [200, "ok"]);
    }
    socket.send("4alive");
    assert.equal(await socket.nextBut("2"), "4alive");
  });

  const silent = { pingInterval: 100, pingTimeout: 100 };

  test("who doesn't answer is closed: WebSocket", async (t) => {
    const server = await startEcho(silent);
    t.after(() => server.stop());
    const socket = server.websocket();
    assert.equal((await socket.ends()).code, 1001);
    assert.deepEqual(socket.received.slice(1), ["2", "1"]);
  });

  test("who doesn't answer is closed: polling", async (t) => {
    const server = await startEcho(silent);
    t.after(() => server.stop());
    const polling = await server.polling();
    assert.deepEqual(await polling.get(), [200, "2"]);
    assert.deepEqual(await polling.get(), [200, "1"]);
    assert.equal(await polling.gone(), true);
  });

  test("messages are no sign of life, only a pong is", async (t) => {
    const server = await startEcho(silent);
    t.after(() => server.stop());
    const polling = await server.polling();
    let answer;
    do answer = await polling.post("4?");
    while (answer[0] === 200);
    assert.deepEqual(answer, [400, UNKNOWN_SID]);
  });

  test("a probe that doesn't become an upgrade in time is closed, and polling goes on", async (t) => {
    const server = await startEcho({ upgradeTimeout: 50 });
    t.after(() => server.stop());
    const polling = await server.polling();
    const socket = server.websocket(PATH, polling.sid);
    socket.send("2probe");
    assert.equal(await socket.next(), "3probe");
    await socket.ends();
    await polling.post("4unharmed");
    assert.deepEqual(await polling.packets(), ["4unharmed"]);
    assert.equal(await server.stop(), 0);
  });
});

test("Engine.IO closing by the server: both transports are told", async (t) => {
  const server = await startEcho();
  t.after(() => server.stop());
  const socket = server.websocket();
  await socket.next();
  const polling = await server.polling();
  const waiting = await polling.hang();
  socket.send("4there?");
  await socket.next(); // and so is the poll, which was sent before
  server.signal("SIGTERM");
  assert.equal(await socket.next(), "1");
  assert.equal((await socket.ends()).code, 1000);
  assert.deepEqual(await waiting.answer(), [200, "1"]);
  assert.equal((await within(server.exited, "protocol-echo ends"))[0], 0);
});
