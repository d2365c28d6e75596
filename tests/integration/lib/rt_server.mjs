// Starts the server of the real-time layers (rt_server.c), and what its tests share.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { io } from "socket.io-client";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const build = process.env.HEADWAY_BUILD ?? join(root, "build");

export const DEADLINE_MS = 20_000;

// Resolves like `promise`, or fails with what was waited for.
export function within(promise, what, ms = DEADLINE_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Asks again and again until `probe` returns something true.
export async function until(probe, what, ms = DEADLINE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export async function startServer(options = {}) {
  const args = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  const child = spawn(join(build, "tests/rt_server"), args, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  const [line] = await within(
    Promise.race([
      once(createInterface({ input: child.stdout }), "line"),
      exit.then(([code]) => Promise.reject(new Error(`rt_server ended with ${code}`))),
    ]),
    "the server listens",
  );
  const port = Number(line.split(" ")[1]);
  const url = `http://127.0.0.1:${port}`;
  const sockets = [];

  const server = {
    port,
    url,
    pid: child.pid,
    exited: exit,
    async json(path, init) {
      const response = await fetch(url + path, init);
      return response.json();
    },
    post(path, body, headers = {}) {
      return fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    },
    async emit(channel, event, data = {}) {
      const response = await server.post("/api/internal/ws/emit", { channel, event, data });
      if (response.status !== 201) throw new Error(`emit: ${response.status} ${await response.text()}`);
      return (await response.json()).seq;
    },
    async burst(body) {
      const response = await server.post("/test/burst", body);
      if (response.status !== 200) throw new Error(`burst: ${response.status} ${await response.text()}`);
      return (await response.json()).seq;
    },
    stats: () => server.json("/test/stats"),
    // A client that keeps what it receives in `events`; waits until it is connected.
    async client(clientOptions = {}) {
      const socket = io(url, { forceNew: true, reconnection: false, ...clientOptions });
      sockets.push(socket);
      socket.events = [];
      socket.onAny((event, data) => socket.events.push({ event, data }));
      await within(
        new Promise((resolve, reject) => {
          socket.once("connect", resolve);
          socket.once("connect_error", reject);
        }),
        "the client connects",
      );
      return socket;
    },
    signal: (name) => child.kill(name),
    // Ends it and returns how it ended: 0 unless a sanitizer or the server itself complained.
    async stop() {
      for (const socket of sockets) socket.close();
      child.kill("SIGTERM");
      const [code, signal] = await within(exit, "the server stops");
      return signal ?? code;
    },
  };
  return server;
}

export function ask(socket, event, arg) {
  return within(socket.timeout(DEADLINE_MS).emitWithAck(event, arg), `${event} is acknowledged`);
}

export function next(socket, event) {
  return within(new Promise((resolve) => socket.once(event, resolve)), `event ${event}`);
}
