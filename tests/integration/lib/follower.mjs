// A page's view of some channels: subscribes, keeps everything in the order it came, and after a break subscribes again with what it
// has seen last. `unexplained` then says whether anything is missing, doubled or out of order without the server having said so.
import { after } from 'node:test';
import { io } from 'socket.io-client';
import { until } from './headway.mjs';

// A test that fails half-way leaves its followers open, and they would go on reconnecting for ever.
const open = new Set();
after(() => {
  for (const follower of open) follower.close();
});

export class Follower {
  constructor(url, channels, options = {}) {
    open.add(this);
    this.channels = channels;
    this.got = []; // {name, data}
    this.places = new Map(); // channel → {epoch, seq}
    this.connections = 0;
    this.breaks = [];
    this.socket = io(url, { transports: ['websocket'], reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
    this.socket.on('connect', () => {
      this.connections++;
      for (const channel of channels) this.subscribe(channel);
    });
    this.socket.on('disconnect', (reason) => this.breaks.push(reason));
    this.socket.onAny((name, data) => {
      this.got.push({ name, data });
      if (data?.channel && data.seq !== undefined) this.places.set(data.channel, { epoch: data.epoch, seq: data.seq });
    });
  }

  // Resolves when every channel has been subscribed.
  static async open(url, channels, options) {
    const follower = new Follower(url, channels, options);
    await until('the subscriptions', () => channels.every((channel) => follower.some('subscribed', (data) => data.channel === channel)));
    return follower;
  }

  subscribe(channel) {
    this.socket.emit('subscribe', { channel, since: this.places.get(channel) });
  }

  close() {
    open.delete(this);
    this.socket.close();
  }

  // What came of one event, in order.
  of(name, channel) {
    return this.got.filter((it) => it.name === name && (!channel || it.data.channel === channel)).map((it) => it.data);
  }

  some(name, check = () => true) {
    return this.got.some((it) => it.name === name && check(it.data));
  }

  async wait(name, check = () => true, seconds = 20) {
    return until(`the event ${name}`, () => this.got.find((it) => it.name === name && check(it.data))?.data, seconds);
  }

  // Everything on the channel that neither the order nor the server explains; an empty list is what is wanted.
  unexplained(channel) {
    const wrong = [];
    let at = null;
    let merged = 0;
    for (const { name, data } of this.got) {
      if (data?.channel !== channel) continue;
      if (name === 'subscribed') {
        if (data.recovered && (!at || at.epoch !== data.epoch)) wrong.push(`recovered in epoch ${data.epoch}, which wasn't ${at?.epoch}`);
        if (!data.recovered) at = { epoch: data.epoch, seq: data.seq };
        merged = 0;
      } else if (name === 'conflated') {
        merged += data.count;
      } else if (data.seq !== undefined) {
        if (!at) wrong.push(`${name} ${data.seq} before the subscription`);
        else if (data.epoch !== at.epoch) wrong.push(`${name} ${data.seq} of epoch ${data.epoch} in ${at.epoch}`);
        else if (data.seq !== at.seq + 1 + merged) wrong.push(`${name} has seq ${data.seq} after ${at.seq} with ${merged} merged`);
        at = { epoch: data.epoch, seq: data.seq };
        merged = 0;
      }
    }
    return wrong;
  }
}
