// Socket.IO 5 as seen from the wire, on protocol-echo (src/echo/echo.h says what it answers).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SEPARATOR, startEcho } from "./lib/echo.mjs";

const PATH = "/socket.io/";
const BLOBS = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
const BYTES = [Buffer.from([1, 2, 3]), Buffer.from([255])];

describe("Socket.IO", () => {
  let server;
  before(async () => {
    server = await startEcho();
  });
  after(async () => {
    assert.equal(await server.stop(), 0);
  });

  async function bare() {
    const socket = server.websocket(PATH);
    assert.equal((await socket.next())[0], "0");
    return socket;
  }

  // `prefix`: "/custom," or nothing.
  async function join(socket, prefix = "", auth = "") {
    socket.send(`40${prefix}${auth}`);
    const answer = await socket.next();
    assert.ok(answer.startsWith(`40${prefix}{`), answer);
    const { sid, ...rest } = JSON.parse(answer.slice(2 + prefix.length));
    assert.match(sid, /^[0-9A-Za-z_-]{20}$/);
    assert.deepEqual(rest, {});
    assert.equal(await socket.next(), `42${prefix}["auth",${auth || "{}"}]`);
    return sid;
  }

  async function connected() {
    const socket = await bare();
    await join(socket);
    return socket;
  }

  async function says(socket, packets, answers) {
    for (const packet of packets) socket.send(packet);
    for (const answer of answers) assert.deepEqual(await socket.next(), answer);
  }

  describe("connecting", () => {
    test("to the main namespace, with and without something to show", async () => {
      const sids = [await join(await bare()), await join(await bare(), "", '{"token":"a","n":[1,null]}')];
      assert.notEqual(sids[0], sids[1]);
    });

    test("to another namespace, alone or beside the main one: each has its own id", async () => {
      const socket = await bare();
      const custom = await join(socket, "/custom,", '{"who":"me"}');
      const main = await join(socket);
      assert.notEqual(custom, main);
      await says(
        socket,
        ['42/custom,["message","c"]', '42["message","m"]'],
        ['42/custom,["message-back","c"]', '42["message-back","m"]'],
      );
    });

    test("a namespace may come with a query, as older clients send it", async () => {
      const socket = await bare();
      socket.send("40/custom?token=1,");
      assert.match(await socket.next(), /^40\/custom,\{"sid":/);
    });

    test("to a namespace that there isn't: refused by name, and the client may go on", async () => {
      const socket = await bare();
      await says(socket, ["40/nowhere,"], ['44/nowhere,{"message":"Invalid namespace"}']);
      await join(socket);
    });

    test("to the same namespace twice closes the client", async () => {
      const socket = await connected();
      socket.send("40");
      await socket.ends();
    });

    test("who connects to nothing is closed in time, and so is who has left everything", async (t) => {
      const hasty = await startEcho({ connectTimeout: 100 });
      t.after(() => hasty.stop());
      const idle = hasty.websocket(PATH);
      const leaver = hasty.websocket(PATH);
      const stays = hasty.websocket(PATH);
      for (const socket of [leaver, stays]) {
        await socket.next();
        await join(socket);
      }
      await idle.ends();
      leaver.send("41");
      await leaver.ends();
      await says(stays, ['42["message"]'], ['42["message-back"]']);
    });
  });

  describe("disconnecting", () => {
    test("from one namespace leaves the others", async () => {
      const socket = await connected();
      await join(socket, "/custom,");
      await says(socket, ["41/custom,", '42["message","still here"]'], ['42["message-back","still here"]']);
      await join(socket, "/custom,"); // and may come back
    });

    test("from the main namespace leaves the connection, for a while", async () => {
      const socket = await connected();
      socket.send("41");
      await join(socket);
    });

    test("by the server: the client is told, and may connect anew", async () => {
      const socket = await connected();
      await says(socket, ['42["leave"]'], ["41"]);
      socket.send("41"); // both sides may say it at once
      await join(socket);
    });

    test("the server may close the whole client: what it said before still comes", async () => {
      const socket = await connected();
      await says(socket, ['42["message","last"]', '42["close"]'], ['42["message-back","last"]', "1"]);
      assert.equal((await socket.ends()).code, 1000);
    });
  });

  describe("events", () => {
    const args = ['1,"zwei",{"drei":[true,null,4.5]}', '"文 🚀 \\n"', "[]", '{"_placeholder":false,"num":7}'];
    for (const list of args) {
      test(`come back with their arguments: ${list}`, async () => {
        await says(await connected(), [`42["message",${list}]`], [`42["message-back",${list}]`]);
      });
    }

    test("without an argument, and one that nobody answers", async () => {
      await says(await connected(), ['42["unheard of",1]', '42["message"]'], ['42["message-back"]']);
    });

    test("with attachments, in their places", async () => {
      const socket = await connected();
      await says(
        socket,
        [`452-["message",1,{"a":[${BLOBS}]}]`, ...BYTES],
        [`452-["message-back",1,{"a":[${BLOBS}]}]`, ...BYTES],
      );
      await join(socket, "/custom,");
      await says(
        socket,
        [`452-/custom,["message",${BLOBS}]`, ...BYTES],
        [`452-/custom,["message-back",${BLOBS}]`, ...BYTES],
      );
    });

    test("with an attachment of no bytes, and one of many", async () => {
      const one = '{"_placeholder":true,"num":0}';
      for (const bytes of [Buffer.alloc(0), Buffer.alloc(900_000, 7)]) {
        const socket = await connected();
        await says(socket, [`451-["message",${one}]`, bytes], [`451-["message-back",${one}]`]);
        const back = await socket.next();
        assert.ok(Buffer.isBuffer(back) && back.equals(bytes), `${bytes.length} bytes come back`);
      }
    });

    test("by polling: attachments are b and base64", async () => {
      const polling = await server.polling(PATH);
      const encoded = BYTES.map((bytes) => `b${bytes.toString("base64")}`);
      await polling.post("40");
      const greeting = await polling.packets();
      while (greeting.length < 2) greeting.push(...(await polling.packets()));
      assert.match(greeting[0], /^40\{"sid":/);
      assert.equal(greeting[1], '42["auth",{}]');
      await polling.post([`452-["message",${BLOBS}]`, ...encoded].join(SEPARATOR));
      assert.deepEqual(await polling.packets(), [`452-["message-back",${BLOBS}]`, ...encoded]);
    });
  });

  describe("acknowledgements", () => {
    for (const id of ["0", "7", "9007199254740991"]) {
      test(`the server acknowledges ${id} with the arguments`, async () => {
        await says(await connected(), [`42${id}["message-with-ack",1,{"a":"b"}]`], [`43${id}[1,{"a":"b"}]`]);
      });
    }

    test("with attachments, and with nothing", async () => {
      const socket = await connected();
      await says(socket, [`452-789["message-with-ack",${BLOBS}]`, ...BYTES], [`462-789[${BLOBS}]`, ...BYTES]);
      await says(socket, ['423["message-with-ack"]'], ["433[]"]);
    });

    test("none is sent where none was asked for", async () => {
      await says(await connected(), ['42["message-with-ack",1]', '42["message"]'], ['42["message-back"]']);
    });

    test("in another namespace", async () => {
      const socket = await bare();
      await join(socket, "/custom,");
      await says(socket, ['42/custom,5["message-with-ack","x"]'], ['43/custom,5["x"]']);
    });

    test("the server asks for one: each question has its own number", async () => {
      const socket = await connected();
      await says(
        socket,
        ['42["emit-with-ack","a"]', '42["emit-with-ack","b"]'],
        ['421["emit-with-ack","a"]', '422["emit-with-ack","b"]'],
      );
      await says(
        socket,
        ['432["to b"]', '431["to a"]', '431["again"]', '4399["to nothing"]', '42["message"]'],
        ['42["emit-with-ack","to b"]', '42["emit-with-ack","to a"]', '42["message-back"]'],
      );
    });

    test("the server asks, and the answer has attachments", async () => {
      const socket = await connected();
      await says(socket, [`452-["emit-with-ack",${BLOBS}]`, ...BYTES], [`452-1["emit-with-ack",${BLOBS}]`, ...BYTES]);
      await says(socket, [`462-1[${BLOBS}]`, ...BYTES], [`452-["emit-with-ack",${BLOBS}]`, ...BYTES]);
    });

    test("who leaves with questions open may come back: they aren't answered any more", async () => {
      const socket = await connected();
      await says(socket, ['42["emit-with-ack","a"]'], ['421["emit-with-ack","a"]']);
      socket.send("41");
      await join(socket);
      await says(socket, ['431["late"]', '42["message"]'], ['42["message-back"]']);
    });
  });

  describe("what is malformed closes the client", () => {
    const packets = {
      "an unknown type": ["4abc"],
      "type 7": ["47"],
      "no packet": ["4"],
      "broken JSON": ['42["message"'],
      "an event that is an object": ["42{}"],
      "an event without a name": ["42[]"],
      "an event whose name is a number": ["42[1]"],
      "an event of a reserved name": ['42["disconnect"]'],
      "an id that is no number": ['42abc["message"]'],
      "an id beyond all numbers": ['4299999999999999999999["message"]'],
      "an acknowledgement without an id": ["43[1]"],
      "an acknowledgement that is no array": ['431{"a":1}'],
      "a CONNECT_ERROR, which is the server's to say": ['44{"message":"no"}'],
      "a DISCONNECT with something in it": ['41["x"]'],
      "a CONNECT that shows an array": ["40/custom,[1]"],
      "attachments without a number": ['45-["message"]'],
      "more attachments than anyone needs": ['4599-["message"]'],
      "a placeholder beyond the attachments": ['451-["message",{"_placeholder":true,"num":1}]'],
      "an attachment that nobody announced": [Buffer.from([1])],
      "text where an attachment should come": ['451-["message",{"_placeholder":true,"num":0}]', '42["message"]'],
      "an event to a namespace it isn't in": ['42/custom,["message"]'],
      "an acknowledgement to a namespace it isn't in": ["43/custom,1[]"],
      "JSON that is nested without end": [`42["message",${"[".repeat(100_000)}`],
    };
    for (const [name, sent] of Object.entries(packets)) {
      test(name, async () => {
        const socket = await connected();
        for (const packet of sent) socket.send(packet);
        await socket.ends();
      });
    }

    test("an event before connecting", async () => {
      const socket = await bare();
      socket.send('42["message"]');
      await socket.ends();
    });

    test("attachments of more bytes than are taken", async () => {
      const socket = await connected();
      socket.send(`452-["message",${BLOBS}]`);
      socket.send(Buffer.alloc(600_000));
      socket.send(Buffer.alloc(600_000));
      await socket.ends();
    });

    test("by polling it ends the session", async () => {
      const polling = await server.polling(PATH);
      await polling.post("40");
      await polling.post("42{}");
      let answer;
      do answer = await polling.get();
      while (answer[0] === 200);
      assert.equal(JSON.parse(answer[1]).code, 1);
    });
  });

  test("Engine.IO and Socket.IO share a port, not their sessions", async () => {
    const polling = await server.polling("/engine.io/");
    const response = await fetch(polling.url.replace("/engine.io/", PATH));
    assert.deepEqual(await response.json(), { code: 1, message: "Session ID unknown" });
    assert.equal((await fetch(`${server.url}/other.io/?EIO=4&transport=polling`)).status, 404);
  });
});
