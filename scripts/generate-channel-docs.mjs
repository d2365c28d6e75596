// Writes docs/architecture/websocket-channels.md from schema/asyncapi.json; --check says whether it is up to date.
import { channels, publish } from './lib/asyncapi.mjs';

const words = (it) => it.messages.map((m) => `\`${m.name}\`${m['x-state'] ? ' S' : ''}`).join(', ');
const rows = channels.filter((it) => it.address).map((it) => `| \`${it.address}\` | ${it.description} | ${words(it)} |`);
const kept = channels.filter((it) => it.address && it.messages.some((m) => m['x-state']));

publish(
  'docs/architecture/websocket-channels.md',
  `# Channels

<!-- Made from schema/asyncapi.json by \`make docs\`. -->

A channel is a name; an event belongs to one channel and has a name of its own, under which it arrives. The two are never the same: a
client subscribes to \`trainings/trn_…/progress\` and listens for \`training:progress\`. Structure and an example of each event:
[events](../api/websocket-events.md).

| channel | what it is about | events |
|---|---|---|
${rows.join('\n')}

S: a state event. Its newest message stands for all before it.

## Names

\`{entity_type}/{entity_id}/{event_type}\`: one to three parts of \`A-Z a-z 0-9 _ . : -\`, 200 bytes at most (\`bus/channel_name.c\`). A name needs no
permission and no declaration: a channel exists from its first event, and subscribing to a name that has none yet costs the bus nothing.
\`system/\`, \`hosts/\` and \`admin/\` are the server's own; programs that publish from outside are refused there (\`events/external.c\`).

## What a channel keeps

| | |
|---|---|
| place | \`epoch\` and \`seq\`, given by the bus (\`bus/memory.c\`): from 1, without gaps, in each channel and epoch |
| history | the last 1,024 messages, 1 MiB and 5 minutes at most (\`BUS_LIMITS_DEFAULT\` in \`bus/bus.h\`), for clients that come back with \`since\` |
| snapshot | the newest message of each state event, however old: ${kept.map((it) => `\`${it.address}\``).join(', ')} |

A lifecycle event (one that isn't S) is never merged and never dropped; it is in the history, not in the snapshot. Who subscribes after it learns the same
from REST: \`GET /api/v1/jobs/{id}\`, \`/trainings/{id}\`, \`/operations\`.

## Subscribing

\`\`\`mermaid
sequenceDiagram
    participant C as client
    participant S as sessions (api/session_events.c)
    participant B as bus, by fanout_subscribe() (fanout/question.c)
    participant H as this thread's hub (hub/hub.c)
    C->>S: subscribe {channel, since?}
    S->>B: position, history since (epoch, seq), snapshot
    B-->>S: the answer, in order with what is published
    S->>H: subscriber_join()
    alt all that was missed is there
        S-->>C: subscribed {recovered: true, snapshot: {}}
        S-->>C: the missed events, in order
    else it isn't, or the client is new
        S-->>C: subscribed {recovered: false, snapshot}
    end
    B->>H: every later event, in seq order
    H-->>C: the event, or conflated {count} before it
\`\`\`

A jump in \`seq\` is always explained: by \`conflated\`, or by \`recovered: false\`. [Decision 0002](../decisions/0002-outbox-and-order.md) says what a client that lags gets.
`,
);
