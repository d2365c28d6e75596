// Writes docs/architecture/payload-sizes.md from the examples of schema/asyncapi.json; --check says whether it is up to date.
import { channels, fromClient, publish } from './lib/asyncapi.mjs';

// Of the same events as they were written before readings were cut to the digits that mean something.
const before = {
  trainingCreated: 1236, trainingProgress: 631, trainingStatusChanged: 231, trainingCompleted: 230, trainingFailed: 383, checkpointCreated: 358,
  extractionProgress: 361, extractionCompleted: 327, extractionFailed: 338, datasetProgress: 302, datasetCompleted: 302, datasetFailed: 480,
  jobProgress: 364, jobStatusChanged: 347, jobCompleted: 336, jobFailed: 564, logLines: 361, jobResources: 302, operationCreated: 990,
  operationUpdated: 1009, operationFinished: 1362, systemCpuMetrics: 215, systemMemoryMetrics: 248, systemDiskMetrics: 440,
  systemNetworkMetrics: 290, systemGpuMetrics: 363, sessionSubscribed: 360, sessionUnsubscribed: 24, sessionError: 174, sessionConflated: 63,
  sessionBatch: 262,
};

const bytes = (text) => Buffer.byteLength(text);

function row(channel, message) {
  const payload = message.examples[0].payload;
  const packet = payload === null ? `42${JSON.stringify([message.name])}` : `42${JSON.stringify([message.name, payload])}`;
  const size = payload === null ? 0 : bytes(JSON.stringify(payload));
  const was = before[message.key];
  const change = was === undefined || was === size ? '' : `−${Math.round((1 - size / was) * 100)} %`;
  const frame = bytes(packet) + (bytes(packet) < 126 ? 2 : 4);
  const where = channel.address ? `\`${channel.address}\`` : 'the connection';
  return `| \`${message.name}\` | ${where} | ${was ?? ''} | ${size} | ${change} | ${frame} |`;
}

const rows = channels.flatMap((channel) => channel.messages.filter((it) => !fromClient.has(it.key)).map((it) => row(channel, it)));

publish(
  'docs/architecture/payload-sizes.md',
  `# Payload sizes

<!-- Made from the examples of schema/asyncapi.json by \`make docs\`. -->

Bytes of each event's example in [the reference](../api/websocket-events.md). *Payload* is the JSON object, *frame* the WebSocket frame
it travels in (the header and \`42["event",…]\`). *Before*: the same event when readings still had all the digits of a double. From
\`WEBSOCKET_COMPRESSION_THRESHOLD\` (1,024 bytes) on a client with permessage-deflate gets about half of the frame.

| event | channel | before | payload | | frame |
|---|---|--:|--:|--:|--:|
${rows.join('\n')}

## What an event carries, and what it doesn't

- **Numbers** are the shortest decimals that read back the same (\`base/json_number.c\`), also those that a job or a user wrote: 0.2, not
  0.20000000000000001. Readings carry the digits that mean something (\`events/reading.h\`): progress two decimals, cut, so that 100 is
  only what is complete; rates four digits, being estimates over seconds; loss and the like seven, as tasks compute in 32-bit floats;
  seconds to come one decimal, seconds taken three; bytes all. What is stored, results, and \`GET /trainings/{id}/metrics\` keep every digit.
- **Names stay whole.** They are the contract's, and a third of a small payload; shortening \`explained_variance\` would save a client that
  compresses next to nothing and cost everybody who reads a log or writes a handler.
- **Nothing is said twice.** \`operation:updated\`, the most frequent large event, leaves out \`params\`, which never change, and \`result\`, which
  \`operation:finished\` brings; \`previous\` is in \`job:status_changed\` alone. The four members that every event of a channel has (\`channel\`, \`epoch\`, \`seq\`,
  \`ts\`: some 130 bytes) are what lets a client tell that it has missed nothing, without keeping more than one number a channel.
- **null is sent**, not left out: a reader can tell "not known" from "not told", and a stale value is cleared.
- What other programs publish (\`POST /api/internal/ws/emit\`) is passed on without white space between its tokens, its numbers as written.
`,
);
