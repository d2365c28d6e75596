/**
 * The one owner of the Socket.IO connection.
 *
 * Subscriptions are counted: the first `subscribe` of a channel tells the server, the last release tells it again, and
 * nothing in between does. Handlers are put on the socket once, in the constructor; a reconnect registers nothing.
 *
 * Each channel's events carry (epoch, seq). The class delivers them in order and at most once. After a reconnect it
 * subscribes with `since`, and the server's reply says whether what was missed follows (`recovered`) or only the present
 * state is known. A jump in `seq` without `conflated` before it makes the class ask again from the last event it has.
 *
 * Listeners are told in turns (`turns.ts`): whatever the rate of events, the page renders a few times a second. A listener that
 * comes to a channel that is open already is told its present state as the first one was.
 */
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { isStale } from "./freshness";
import { Turns } from "./turns";
import type { Batch, Conflated, EventMap, EventName, Envelope, ServerError, SubscribedReply } from "./types/events";

export type ConnectionState = "connecting" | "connected" | "disconnected";

export interface EventInfo {
  event: EventName;
  /** The payload is the channel's present state, told on subscribing, and not news. */
  snapshot: boolean;
}

export interface SubscriptionInfo {
  /** The channel's first subscription by this page; otherwise a return after a loss. */
  first: boolean;
  /** Everything missed follows in order. If false after a loss, whatever is not in the snapshot must be read again. */
  recovered: boolean;
}

export type EventHandlers = { [K in EventName]?: (payload: EventMap[K], info: EventInfo) => void };

export interface SubscribeOptions {
  /** Seconds between two events of this channel while all is well; left out where it speaks only of changes. */
  every?: () => number;
  onSubscribed?: (info: SubscriptionInfo) => void;
  onError?: (error: ServerError) => void;
}

/** How long a channel has been silent. */
export interface ChannelAge {
  name: string;
  /** performance.now() of its last event; null: none since it was opened. */
  heardAt: number | null;
  /** Seconds between its events, as its listeners know; null: it speaks only of changes. */
  every: number | null;
  /** Connected or not, it has been silent for three of its intervals. */
  stale: boolean;
}

interface Listener {
  handlers: EventHandlers;
  options: SubscribeOptions;
}

interface Channel {
  name: string;
  listeners: Set<Listener>;
  epoch: string | number | null;
  seq: number;
  /** Replies to `subscribe` still to come; events are not taken before the first, nor while a gap is being closed. */
  pending: number;
  ready: boolean;
  /** Messages the server says it merged since the last event. */
  conflated: number;
  /** The newest payload of each state event, for listeners that come later. */
  latest: Map<string, unknown>;
  openedAt: number;
  heardAt: number | null;
}

type UnknownRecord = Record<string, unknown>;

/** Events of which the newest stands for all before it, by the contract's naming. */
const STATE_EVENT = /:(progress|metrics|resources)$/;
const WAKE_GAP_MS = 1000;

function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEnvelope(value: unknown): value is UnknownRecord & Envelope {
  return (
    isRecord(value) &&
    typeof value["channel"] === "string" &&
    typeof value["seq"] === "number" &&
    (typeof value["epoch"] === "string" || typeof value["epoch"] === "number")
  );
}

export class LiveSocket {
  private readonly socket: Socket;
  private readonly channels = new Map<string, Channel>();
  private readonly stateListeners = new Set<(state: ConnectionState) => void>();
  private readonly turns = new Turns();
  private current: ConnectionState = "connecting";
  private wokenAt = -Infinity;

  constructor(url?: string, options: Partial<ManagerOptions & SocketOptions> = {}) {
    const settings = { path: "/socket.io/", reconnectionDelay: 500, reconnectionDelayMax: 5000, ...options };
    this.socket = url === undefined ? io(settings) : io(url, settings);
    this.socket.on("connect", () => {
      this.setState("connected");
      for (const channel of this.channels.values()) this.join(channel);
    });
    this.socket.on("disconnect", () => {
      this.lost();
    });
    this.socket.on("connect_error", () => {
      this.lost();
    });
    this.socket.onAny((event: string, payload: unknown) => {
      this.receive(event, payload);
    });
  }

  get state(): ConnectionState {
    return this.current;
  }

  /** Tells every change of state, a repeated failure to connect included; the present one is read from `state`. */
  onState(listener: (state: ConnectionState) => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  /** Returns the release. Calling it twice does nothing more. */
  subscribe(name: string, handlers: EventHandlers, options: SubscribeOptions = {}): () => void {
    const listener: Listener = { handlers, options };
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = {
        ...{ name, listeners: new Set(), epoch: null, seq: 0, pending: 0, ready: false, conflated: 0 },
        ...{ latest: new Map<string, unknown>(), openedAt: performance.now(), heardAt: null },
      };
      this.channels.set(name, channel);
      channel.listeners.add(listener);
      if (this.socket.connected) this.join(channel);
    } else {
      // What is known now is told to it; what comes after is told to all.
      this.turns.flush();
      channel.listeners.add(listener);
      if (channel.ready) this.tellState(channel, [listener], { first: true, recovered: true });
    }
    return () => {
      this.release(name, listener);
    };
  }

  /** Subscribes channels again, from where they stand: for a connection that is open but has fallen silent. */
  refresh(wanted: (name: string) => boolean = () => true): void {
    if (!this.socket.connected) return;
    for (const channel of this.channels.values()) {
      if (!wanted(channel.name)) continue;
      channel.pending = 0;
      this.join(channel);
    }
  }

  /** Tries to connect now instead of when the next attempt is due: the tab is shown again, the network or the server is back. */
  wake(): void {
    if (this.socket.connected || performance.now() - this.wokenAt < WAKE_GAP_MS) return;
    this.wokenAt = performance.now();
    this.socket.disconnect().connect();
  }

  ages(): ChannelAge[] {
    const now = performance.now();
    return [...this.channels.values()].map(({ name, heardAt, openedAt, listeners }) => {
      const intervals = [...listeners].flatMap(({ options }) => (options.every === undefined ? [] : [options.every()]));
      const every = intervals.length === 0 ? null : Math.min(...intervals);
      return { name, heardAt, every, stale: every !== null && isStale(heardAt ?? openedAt, now, every) };
    });
  }

  /** Channels that are subscribed now. */
  subscriptions(): string[] {
    return [...this.channels.keys()];
  }

  close(): void {
    this.channels.clear();
    this.stateListeners.clear();
    this.turns.close();
    this.socket.offAny();
    this.socket.close();
  }

  private release(name: string, listener: Listener): void {
    const channel = this.channels.get(name);
    if (channel === undefined || !channel.listeners.delete(listener) || channel.listeners.size > 0) return;
    this.channels.delete(name);
    // While disconnected the server has forgotten the subscription already, and nothing may wait in the send buffer.
    if (this.socket.connected) this.socket.emit("unsubscribe", { channel: name });
  }

  private join(channel: Channel): void {
    channel.pending += 1;
    channel.ready = false;
    const since = channel.epoch === null ? {} : { since: { epoch: channel.epoch, seq: channel.seq } };
    // A server that is told to gather events may do so for this page.
    this.socket.emit("subscribe", { channel: channel.name, ...since, batch: true });
  }

  private lost(): void {
    // What had come is told before the loss is: afterwards it would look like a recovery.
    this.turns.flush();
    for (const channel of this.channels.values()) {
      channel.pending = 0;
      channel.ready = false;
      channel.conflated = 0;
    }
    this.setState("disconnected");
  }

  private setState(state: ConnectionState): void {
    this.current = state;
    for (const listener of [...this.stateListeners]) listener(state);
  }

  private receive(event: string, payload: unknown): void {
    switch (event) {
      case "subscribed":
        this.subscribed(payload as SubscribedReply);
        return;
      case "batch":
        for (const entry of (payload as Batch).events) this.receive(entry.event, entry.data);
        return;
      case "conflated": {
        const { channel: name, count } = payload as Conflated;
        const channel = this.channels.get(name);
        if (channel !== undefined) channel.conflated += count;
        return;
      }
      case "error": {
        const error = payload as ServerError;
        const channel = error.channel === undefined ? undefined : this.channels.get(error.channel);
        if (channel === undefined) return;
        channel.pending = Math.max(0, channel.pending - 1);
        for (const listener of [...channel.listeners]) listener.options.onError?.(error);
        return;
      }
      default:
        if (isEnvelope(payload)) this.event(event, payload);
    }
  }

  private subscribed(reply: SubscribedReply): void {
    const channel = this.channels.get(reply.channel);
    if (channel === undefined || channel.pending === 0) return;
    channel.pending -= 1;
    // An answer to an earlier subscription of this page, released and taken again since: the last one counts.
    if (channel.pending > 0) return;
    const first = channel.epoch === null;
    const resumed = !first && reply.recovered;
    channel.ready = true;
    channel.conflated = 0;
    if (!resumed) channel.seq = reply.seq;
    channel.epoch = reply.epoch;
    const info = { first, recovered: first || resumed };
    // What follows a recovery is newer than what we have but older than the snapshot: applying both would go back in time.
    if (!resumed) channel.latest = new Map(Object.entries(reply.snapshot ?? {}).filter(([, payload]) => isRecord(payload)));
    if (resumed) this.turns.push(() => {
      for (const listener of [...channel.listeners]) listener.options.onSubscribed?.(info);
    });
    else this.tellState(channel, null, info);
  }

  /** The present state of a channel, to some listeners or to all that it has when their turn comes. */
  private tellState(channel: Channel, listeners: Listener[] | null, info: SubscriptionInfo): void {
    const entries = [...channel.latest].sort(([, a], [, b]) => seqOf(a) - seqOf(b));
    this.turns.push(() => {
      for (const listener of listeners ?? [...channel.listeners]) {
        if (!channel.listeners.has(listener)) continue;
        listener.options.onSubscribed?.(info);
        for (const [event, payload] of entries) tell(listener, event, payload, true);
      }
    });
  }

  private event(event: string, payload: UnknownRecord & Envelope): void {
    const channel = this.channels.get(payload.channel);
    if (channel === undefined || !channel.ready) return;
    if (payload.epoch !== channel.epoch) {
      this.join(channel);
      return;
    }
    if (payload.seq <= channel.seq) return;
    if (payload.seq > channel.seq + 1 && channel.conflated === 0) {
      this.join(channel);
      return;
    }
    channel.conflated = 0;
    channel.seq = payload.seq;
    channel.heardAt = performance.now();
    if (STATE_EVENT.test(event)) channel.latest.set(event, payload);
    this.turns.push(() => {
      for (const listener of [...channel.listeners]) tell(listener, event, payload, false);
    });
  }
}

function tell(listener: Listener, event: string, payload: unknown, snapshot: boolean): void {
  const handler = listener.handlers[event as EventName] as ((payload: unknown, info: EventInfo) => void) | undefined;
  handler?.(payload, { event: event as EventName, snapshot });
}

function seqOf(payload: unknown): number {
  return isRecord(payload) && typeof payload["seq"] === "number" ? payload["seq"] : 0;
}

let shared: LiveSocket | null = null;

/** The page's socket, opened by the first who asks. */
export function liveSocket(): LiveSocket {
  shared ??= new LiveSocket();
  return shared;
}

/** Replaces the page's socket; the caller closes the old one. */
export function setLiveSocket(socket: LiveSocket | null): void {
  shared = socket;
}
