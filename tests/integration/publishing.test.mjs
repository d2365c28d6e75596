// Other programs of this host publish: one event a call, or many, one a line.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ask, startServer, until } from "./lib/rt_server.mjs";

const line = (n, more) => JSON.stringify({ channel: "notes/1", event: "note:written", data: { n }, ...more });

describe("publishing from outside", () => {
  let server;
  before(async () => {
    server = await startServer();
  });
  after(async () => assert.equal(await server?.stop(), 0));

  const batch = async (body, headers = {}) => {
    const response = await fetch(`${server.url}/api/internal/ws/emit/batch`, { method: "POST", body, headers: { "content-type": "application/x-ndjson", ...headers } });
    return { status: response.status, json: await response.json() };
  };
  const single = async (body) => {
    const response = await server.post("/api/internal/ws/emit", body);
    return { status: response.status, json: await response.json() };
  };

  test("every line of a batch is published, in order, each with its seq", async () => {
    const socket = await server.client();
    await ask(socket, "subscribe", { channel: "notes/1" });
    const told = await batch(`${[1, 2, 3].map((n) => line(n)).join("\n")}\n`);
    assert.deepEqual(told, { status: 201, json: { accepted: 3, seqs: [1, 2, 3] } });
    await until(() => socket.events.filter((it) => it.event === "note:written").length === 3, "three events");
    assert.deepEqual(socket.events.filter((it) => it.event === "note:written").map((it) => [it.data.n, it.data.seq]), [[1, 1], [2, 2], [3, 3]]);
    socket.close();
  });

  test("never_again_2_a_bad_line_is_told_by_its_number_and_loses_no_other", async () => {
    const { status, json } = await batch(
      [line(1), "{", line(2, { channel: "system/cpu" }), "", line(3, { event: "a b" }), `${line(4)}\r`, line(5, { data: { ts: 1 } })].join("\n"),
    );
    assert.equal(status, 201);
    assert.equal(json.accepted, 2);
    assert.equal(json.seqs.length, 7);
    assert.deepEqual(json.seqs.map((it) => it !== null), [true, false, false, false, false, true, false]);
    assert.equal(json.seqs[5], json.seqs[0] + 1);
    assert.deepEqual(json.errors.map((it) => [it.line, it.code, it.field]), [
      [2, "invalid", undefined],
      [3, "forbidden", "channel"],
      [5, "validation", "event"],
      [7, "validation", "data"],
    ]);
    for (const it of json.errors) assert.ok(it.message.length > 10);
  });

  test("never_again_2_a_batch_of_which_nothing_was_published_is_no_success", async () => {
    const { status, json } = await batch(`\n${line(1, { channel: "a b" })}\n{`);
    assert.equal(status, 422);
    assert.equal(json.error.field, "channel");
    assert.match(json.error.message, /^line 2: channel must be/);
    assert.equal((await batch("{")).status, 400);
    assert.equal((await batch("")).status, 400);
    assert.equal((await batch("\n\n")).status, 400);
  });

  test("not every mistake of a long batch is told, but which lines failed is", async () => {
    const { json } = await batch([line(1), ...Array.from({ length: 150 }, () => "x")].join("\n"));
    assert.deepEqual([json.accepted, json.errors.length, json.seqs.length], [1, 100, 151]);
    assert.equal(json.seqs.filter((it) => it === null).length, 150);
  });

  test("lines, batches and their number have a largest size", async () => {
    const long = "x".repeat(256 * 1024);
    const { status, json } = await batch([line(1, { data: { long } }), line(2)].join("\n"));
    assert.deepEqual([status, json.accepted, json.errors[0].line, json.errors[0].code], [201, 1, 1, "too_large"]);
    assert.equal((await single({ channel: "notes/1", event: "x", data: { long } })).status, 413);
    assert.equal((await batch(`${line(1)}\n${"x".repeat(1 << 20)}`)).status, 413);
    assert.equal((await batch("\n".repeat(10001))).status, 413);
    assert.equal((await batch(`${line(1)}${"\n".repeat(9999)}`)).status, 201);
  });

  test("never again 38: only programs of this host that came through no proxy", async () => {
    for (const header of ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"]) assert.equal((await batch(line(1), { [header]: "127.0.0.1" })).status, 403, header);
    assert.equal((await batch(line(1), { origin: "https://evil.example" })).status, 403);
  });

  // 1 MiB at once would be more than may wait for a client (the envelope comes on top).
  test("a client that reads gets every event of the largest batch, and is not closed for it", async () => {
    const socket = await server.client({ transports: ["websocket"] });
    await ask(socket, "subscribe", { channel: "notes/2" });
    const lines = Array.from({ length: 9000 }, (_, n) => line(n, { channel: "notes/2", data: { n, pad: "x".repeat(30) } }));
    const { status, json } = await batch(lines.join("\n"));
    assert.deepEqual([status, json.accepted], [201, lines.length]);
    await until(() => socket.events.filter((it) => it.event === "note:written").length === lines.length || !socket.connected, "all events");
    const got = socket.events.filter((it) => it.event === "note:written").map((it) => it.data);
    assert.deepEqual(got.map((it) => it.n), lines.map((_, n) => n));
    assert.deepEqual(got.map((it) => it.seq), json.seqs);
    socket.close();
  });

  test("what is published is passed on as it was written, without the white space", async () => {
    const socket = await server.client();
    await ask(socket, "subscribe", { channel: "notes/3" });
    const data = '{ "exact": 0.1000000000000000055511151231257827, "big": 12345678901234567890, "text": "a  b\\u00e9\\n", "list": [ 1, 2 ] }';
    await batch(`{"channel": "notes\\/3", "event": "note:written", "data": ${data}}`);
    await until(() => socket.events.length > 1, "the event");
    const { channel, exact, big, text, list } = socket.events.at(-1).data;
    assert.deepEqual({ channel, exact, big, text, list }, { channel: "notes/3", ...JSON.parse(data) });
    socket.close();
  });

  test("never_again_10_a_message_of_33_MB_is_refused_and_deafens_nobody", async () => {
    const socket = await server.client();
    await ask(socket, "subscribe", { channel: "notes/4" });
    const huge = line(1, { channel: "notes/4", data: { text: "x".repeat(33e6) } });
    for (const send of [(it) => single(JSON.parse(it)), batch]) {
      // The server may close while the body is still on its way: that is a refusal as well.
      const status = await send(huge).then((it) => it.status, (e) => e.cause?.code ?? e.message);
      assert.ok(status === 413 || ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(status), `${status}`);
    }
    const told = await single({ channel: "notes/4", event: "note:written", data: { n: 2 } });
    assert.deepEqual(told, { status: 201, json: { seq: 1 } });
    await until(() => socket.events.some((it) => it.event === "note:written"), "the next event");
    assert.deepEqual(socket.events.filter((it) => it.event === "note:written").map((it) => it.data.n), [2]);
    socket.close();
  });

  test("never_again_1_an_event_comes_under_its_own_name_to_its_own_channel_alone", async () => {
    const [socket, other] = [await server.client(), await server.client()];
    await ask(socket, "subscribe", { channel: "jobs/job_1/progress" });
    await ask(other, "subscribe", { channel: "job:progress" });
    await server.emit("jobs/job_1/progress", "job:progress", { progress: 50 });
    await server.emit("job:progress", "end", {});
    await until(() => other.events.some((it) => it.event === "end"), "the end");
    assert.deepEqual(socket.events.map((it) => it.event).filter((it) => it !== "subscribed"), ["job:progress"]);
    assert.equal(socket.events.at(-1).data.channel, "jobs/job_1/progress");
    assert.deepEqual(other.events.map((it) => it.event).filter((it) => it !== "subscribed"), ["end"]);
    socket.close();
    other.close();
  });
});
