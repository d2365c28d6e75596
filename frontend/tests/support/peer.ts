/**
 * A server for the tests: Socket.IO with the contract's subscribe, unsubscribe, order and recovery, and JSON answers for
 * the REST calls. It speaks over real sockets.
 */
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { vi } from "vitest";
import { LiveSocket, setLiveSocket } from "@/lib/socket";

interface Sent {
  event: string;
  payload: Record<string, unknown> & { seq: number };
}

export interface SubscribeRequest {
  channel: string;
  since?: { epoch: string; seq: number };
}

export class Peer {
  readonly subscribes: SubscribeRequest[] = [];
  readonly unsubscribes: string[] = [];
  /** REST answers by path without query, "/trainings/t1"; each is a value, bytes, or a function of the query. */
  readonly rest = new Map<string, unknown>();
  readonly requests: string[] = [];
  epoch = "epoch-1";
  private readonly log = new Map<string, Sent[]>();
  private readonly http: HttpServer;
  private readonly io: Server;
  private refusing = false;
  private socket: LiveSocket | null = null;

  constructor() {
    this.http = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://peer");
      const path = url.pathname.replace("/api/v1", "");
      this.requests.push(`${request.method ?? "GET"} ${path}${url.search}`);
      const known = this.rest.get(path);
      const body: unknown = typeof known === "function" ? (known as (query: URLSearchParams) => unknown)(url.searchParams) : known;
      if (body instanceof Uint8Array) {
        response.writeHead(200, { "content-type": "application/octet-stream" });
        response.end(body);
        return;
      }
      response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(body ?? { error: { code: "not_found", message: `nothing at ${path}` } }));
    });
    this.io = new Server(this.http, {
      path: "/socket.io/",
      allowRequest: (_, decide) => {
        decide(null, !this.refusing);
      },
    });
    this.io.on("connection", (socket) => {
      socket.on("subscribe", (request: SubscribeRequest) => {
        this.subscribe(socket, request);
      });
      socket.on("unsubscribe", ({ channel }: { channel: string }) => {
        this.unsubscribes.push(channel);
        void socket.leave(channel);
        socket.emit("unsubscribed", { channel });
      });
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.http.listen(0, "127.0.0.1", resolve));
    const { port } = this.http.address() as AddressInfo;
    const base = `http://127.0.0.1:${port}`;
    this.socket = new LiveSocket(base, { reconnectionDelay: 20, reconnectionDelayMax: 40, forceNew: true });
    setLiveSocket(this.socket);
    const fetchNow = globalThis.fetch;
    vi.stubGlobal("fetch", (path: string, init?: RequestInit) =>
      fetchNow(base + path, { method: init?.method ?? "GET", headers: init?.headers, body: init?.body }),
    );
  }

  get client(): LiveSocket {
    if (this.socket === null) throw new Error("start the peer first");
    return this.socket;
  }

  async stop(): Promise<void> {
    this.socket?.close();
    setLiveSocket(null);
    await this.io.close();
    vi.unstubAllGlobals();
  }

  /** `lose` numbers the event, keeps it for recovery, and sends it to nobody. */
  publish(channel: string, event: string, body: object, how: { lose?: boolean } = {}): void {
    const sent = this.log.get(channel) ?? [];
    this.log.set(channel, sent);
    const seq = sent.length + 1;
    const payload = { ...body, channel, epoch: this.epoch, seq, ts: new Date().toISOString() };
    sent.push({ event, payload });
    if (how.lose !== true) this.io.to(channel).emit(event, payload);
  }

  conflate(channel: string, count: number): void {
    this.io.to(channel).emit("conflated", { channel, count });
  }

  /** Sends to everyone connected, as it is. */
  emitRaw(event: string, payload: unknown): void {
    this.io.emit(event, payload);
  }

  /** Cuts every connection as a broken network would: the client comes back by itself. */
  cut(): void {
    for (const socket of this.io.sockets.sockets.values()) socket.conn.close();
  }

  /** New connections are turned away, as behind a proxy that knows no sockets. */
  refuseSockets(refuse: boolean): void {
    this.refusing = refuse;
  }

  /** As a restart that has kept nothing. */
  loseState(epoch: string): void {
    this.epoch = epoch;
    this.log.clear();
  }

  get connections(): number {
    return this.io.sockets.sockets.size;
  }

  private subscribe(socket: Socket, request: SubscribeRequest): void {
    this.subscribes.push(request);
    const { channel, since } = request;
    void socket.join(channel);
    const sent = this.log.get(channel) ?? [];
    const recovered = since !== undefined && since.epoch === this.epoch && since.seq <= sent.length;
    const snapshot = Object.fromEntries(sent.map(({ event, payload }) => [event, payload]));
    socket.emit("subscribed", { channel, epoch: this.epoch, seq: sent.length, recovered, snapshot });
    if (recovered) for (const { event, payload } of sent.slice(since.seq)) socket.emit(event, payload);
  }
}
