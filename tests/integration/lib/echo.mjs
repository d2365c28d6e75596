// Starts protocol-echo, and speaks Engine.IO to it packet by packet: what no ordinary client would say included.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { until, within } from "./rt_server.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const build = process.env.HEADWAY_BUILD ?? join(root, "build");

export const SEPARATOR = "\x1e";

// options: { pingInterval, pingTimeout, upgradeTimeout, connectTimeout, origin }
export async function startEcho(options = {}) {
  const args = Object.entries(options).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
    String(value),
  ]);
  const child = spawn(join(build, "bin/protocol-echo"), ["--port", "0", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit");
  const [url] = await within(
    Promise.race([
      once(createInterface({ input: child.stdout }), "line"),
      exit.then(([code]) => Promise.reject(new Error(`protocol-echo ended with ${code}`))),
    ]),
    "protocol-echo listens",
  );
  const open = [];
  return {
    url,
    port: Number(new URL(url).port),
    exited: exit,
    signal: (name) => child.kill(name),
    polling: (path = "/engine.io/") => Polling.open(`${url}${path}`),
    // A WebSocket of its own, or one that probes for a polling session.
    websocket: (path = "/engine.io/", sid, wsOptions) => {
      const socket = new Socket(`${url.replace("http", "ws")}${path}`, sid, wsOptions);
      open.push(socket);
      return socket;
    },
    async stop() {
      for (const socket of open) socket.ws.terminate();
      child.kill("SIGTERM");
      const [code, signal] = await within(exit, "protocol-echo stops");
      return signal ?? code;
    },
  };
}

export const query = (transport, sid) => `?EIO=4&transport=${transport}${sid ? `&sid=${sid}` : ""}`;

export class Polling {
  static async open(base) {
    const response = await fetch(base + query("polling"));
    const text = await response.text();
    const session = new Polling();
    session.open = JSON.parse(text.slice(1));
    session.sid = session.open.sid;
    session.url = base + query("polling", session.sid);
    return session;
  }

  // [status, text]
  async get() {
    const response = await within(fetch(this.url), "the poll comes back");
    return [response.status, await response.text()];
  }

  async post(body) {
    const response = await within(fetch(this.url, { method: "POST", body }), "the POST is answered");
    return [response.status, await response.text()];
  }

  // One that is refused while it is on its way: the fetch of Node 18 sends such a request again, and would tell what the second
  // was answered.
  async postOnce(body) {
    const { answer } = await this.begin("POST", [`Content-Length: ${Buffer.byteLength(body)}`], body);
    return answer();
  }

  async packets() {
    const [status, text] = await this.get();
    if (status !== 200) throw new Error(`poll: ${status} ${text}`);
    return text.split(SEPARATOR);
  }

  // Is the session gone, in the protocol's words?
  async gone() {
    const [status, text] = await this.get();
    return status === 400 && JSON.parse(text).code === 1;
  }

  // The start of a request, on a connection of its own that the server has accepted and answered on before. Resolves when
  // the kernel has it: what is sent to the server afterwards, on whatever connection, comes after it.
  async begin(method, headers, body = "") {
    const { hostname, port, pathname, search } = new URL(this.url);
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.on("error", () => {});
    socket.on("data", (bytes) => (answer += bytes));
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    await until(() => answer.endsWith("}"), "the connection is used");
    answer = "";
    const head = [`${method} ${pathname}${search} HTTP/1.1`, `Host: ${hostname}`, ...headers];
    await new Promise((written) => socket.write(`${head.join("\r\n")}\r\n\r\n${body}`, written));
    return {
      socket,
      async answer() {
        await until(() => /\r\n\r\n[^]/.test(answer), `the ${method} is answered`);
        socket.destroy();
        return [Number(answer.split(" ")[1]), answer.slice(answer.indexOf("\r\n\r\n") + 4)];
      },
    };
  }

  // A poll that waits: `answer()` is what it is told in the end.
  hang() {
    return this.begin("GET", []);
  }

  // The head of a POST and half of its body; `rest()` sends the other half.
  async postSlowly(body, ...headers) {
    const half = Math.floor(body.length / 2);
    const { socket, answer } = await this.begin("POST", [`Content-Length: ${body.length}`, ...headers], body.slice(0, half));
    return {
      rest() {
        socket.write(body.slice(half));
        return answer();
      },
      breakOff: () => new Promise((done) => socket.destroy().once("close", done)),
    };
  }
}

// Messages one after another, whether they were waited for when they came or not: text as strings, binary as buffers.
export class Socket {
  constructor(base, sid, options = {}) {
    this.ws = new WebSocket(base + query("websocket", sid), { perMessageDeflate: false, ...options });
    this.waiting = [];
    this.received = [];
    this.ws.on("error", () => {});
    this.ws.on("message", (data, binary) => {
      const message = binary ? data : data.toString();
      const taker = this.waiting.shift();
      if (taker) taker(message);
      else this.received.push(message);
    });
    this.closed = new Promise((done) => this.ws.on("close", (code, reason) => done({ code, reason: String(reason) })));
  }

  send(data) {
    if (this.ws.readyState === WebSocket.CONNECTING) this.ws.once("open", () => this.ws.send(data));
    else this.ws.send(data);
  }

  next(what = "a message") {
    if (this.received.length) return Promise.resolve(this.received.shift());
    return within(new Promise((done) => this.waiting.push(done)), what);
  }

  async nextBut(ignored) {
    for (;;) {
      const message = await this.next();
      if (message !== ignored) return message;
    }
  }

  ends(what = "the WebSocket is closed") {
    return within(this.closed, what);
  }
}
