// The `ws` library with each message framed once: its frame is then written to every socket as it is.
import { Sender, WebSocketServer } from 'ws';
import { createPeer, listen } from './http.mjs';

const channels = new Map();
const http = createPeer((line) => {
  const clients = channels.get(JSON.parse(line).channel);
  if (!clients) return;
  const frame = Buffer.concat(Sender.frame(line, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }));
  for (const client of clients) client._socket.write(frame);
});
new WebSocketServer({ server: http, perMessageDeflate: false }).on('connection', (client, request) => {
  const channel = new URL(request.url, 'http://localhost').searchParams.get('channel');
  if (!channels.has(channel)) channels.set(channel, new Set());
  const clients = channels.get(channel).add(client);
  client.on('close', () => clients.delete(client));
  client.on('error', () => {});
});
listen(http);
