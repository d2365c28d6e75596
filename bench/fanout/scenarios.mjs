// What is measured. `each` lists who takes part: a peer, or {peer, label, args} for a variant of one. `args` are the load
// generator's; `figure` is what the table compares, to the first of `each`. An aim says of whom which ratio (or figure) may be
// at most how much.
const all = ['raw', 'headway', 'ws', 'socketio', 'python'];
// python-socketio needs more processor time for 5,000 clients and 10 messages a second than a processor has.
const able = all.filter((name) => name !== 'python');
const settled = { warmup: 20, idle: 1 };

const onePerSend = (clients, messages) => ({ ...settled, clients, rate: 10, messages });
const inFlight = (clients, window, messages) => ({ ...settled, clients, window, messages });
const channels = { clients: 1000, channels: 1000, connections: 4, messages: 20000, warmup: 2000, http: 1, idle: 1 };
const large = { ...settled, clients: 500, bytes: 2048, window: 1, messages: 400 };
const stuck = { clients: 11, stuck: 1, messages: 100000, warmup: 5000, window: 16, idle: 0 };

const kib = (r) => (r.rss_connected_kib - r.rss_before_kib) / r.clients;
const grown = (r) => (r.rss_peak_kib - r.rss_start_kib) / 1024;

export const figures = {
  delivery: { of: (r) => r.us_per_delivery, unit: 'CPU µs/delivery', digits: 2 },
  message: { of: (r) => r.us_per_message, unit: 'CPU µs/message', digits: 2 },
  memory: { of: kib, unit: 'KiB/client', digits: 2 },
  connect: { of: (r) => r.connect_s, unit: 's until all have subscribed', digits: 2 },
  p99: { of: (r) => r.p99_us / 1000, unit: 'ms (99th percentile)', digits: 2 },
  grown: { of: grown, unit: 'MiB grown', digits: 2, absolute: true },
};

export const scenarios = [
  { key: 'a1', title: '1 channel, 1,000 clients, 10 messages/s', each: all, args: onePerSend(1000, 60), quick: { messages: 30 }, figure: 'delivery', aims: [{ who: 'headway', ratio: 1.15 }] },
  { key: 'a5', title: '1 channel, 5,000 clients, 10 messages/s', each: able, args: onePerSend(5000, 40), quick: { messages: 20 }, figure: 'delivery', aims: [{ who: 'headway', ratio: 1.15 }] },
  { key: 'b1-4', title: '1,000 clients, 4 messages in flight', each: all, args: inFlight(1000, 4, 1000), quick: { messages: 200 }, figure: 'delivery', aims: [{ who: 'headway', ratio: 0.6 }] },
  { key: 'b1-16', title: '1,000 clients, 16 messages in flight', each: all, args: inFlight(1000, 16, 1000), quick: { messages: 320 }, figure: 'delivery', aims: [{ who: 'headway', ratio: 0.25 }] },
  { key: 'b5-4', title: '5,000 clients, 4 messages in flight', each: able, args: inFlight(5000, 4, 120), quick: { messages: 60 }, figure: 'delivery', aims: [{ who: 'headway', ratio: 0.6 }] },
  { key: 'b5-16', title: '5,000 clients, 16 messages in flight', each: able, args: inFlight(5000, 16, 192), quick: { messages: 96 }, figure: 'delivery', aims: [{ who: 'headway', ratio: 0.25 }] },
  { key: 'c', title: '1,000 channels with one client each, a POST a message', each: all, args: channels, quick: { messages: 5000 }, figure: 'message', aims: [{ who: 'headway', ratio: 1.3 }] },
  { key: 'c-batch', title: '1,000 channels with one client each, 100 messages a POST (NDJSON)', each: all, args: { ...channels, batch: 100 }, quick: { messages: 10000 }, figure: 'message', aims: [{ who: 'headway', figure: 6 }] },
  {
    key: 'd',
    title: '2 KiB payloads, 500 clients, with and without permessage-deflate',
    each: [
      'headway',
      { peer: 'headway', label: 'headway, deflate', args: { deflate: 1 } },
      'socketio',
      { peer: 'socketio', label: 'socketio, deflate', args: { deflate: 1, messages: 100 } },
    ],
    args: large,
    quick: { messages: 80 },
    figure: 'delivery',
    wire: true,
    aims: [{ who: 'headway, deflate', ratio: 1.2 }, { who: 'headway, deflate', wire: 0.45 }],
  },
  { key: 'e', title: 'memory of 10,000 idle clients with a subscription each', each: all, args: { clients: 10000, messages: 0, warmup: 0, idle: 1 }, quick: { clients: 2000 }, figure: 'memory', aims: [{ who: 'headway', figure: 1.5 }] },
  { key: 'f', title: '15,000 clients connect and subscribe', each: all, args: { clients: 15000, messages: 0, warmup: 0, idle: 0 }, quick: { clients: 3000 }, figure: 'connect', aims: [{ who: 'headway', figure: 5 }] },
  { key: 'g', title: 'publish to receipt, 1,000 clients, 10 messages/s', each: ['raw', 'headway'], args: onePerSend(1000, 150), quick: { messages: 40 }, figure: 'p99', aims: [{ who: 'headway', above: 2 }] },
  {
    key: 'h',
    title: 'one of 11 clients stops reading, 100,000 messages, 16 in flight',
    each: [
      { peer: 'headway', label: 'headway, all read', args: { stuck: 0, clients: 10 } },
      'headway',
      { peer: 'headway', label: 'headway, lifecycle events', args: { event: 'training:completed' } },
      'ws',
      'socketio',
    ],
    args: stuck,
    quick: { messages: 20000 },
    figure: 'grown',
    aims: [{ who: 'headway', figure: 2 }, { who: 'headway, lifecycle events', figure: 2 }],
  },
];
