// Socket.IO's own server, WebSocket only, a room a channel. --deflate: with permessage-deflate above 1,024 bytes.
import { Server } from 'socket.io';
import { createPeer, listen } from './http.mjs';

const http = createPeer((line) => {
  const { channel, event, data } = JSON.parse(line);
  io.to(channel).emit(event, { channel, ...data });
});
// A context taken over from message to message would need 300 KB of every client.
const perMessageDeflate = { threshold: 1024, serverNoContextTakeover: true, clientNoContextTakeover: true, zlibDeflateOptions: { level: 3 } };
const io = new Server(http, {
  serveClient: false,
  transports: ['websocket'],
  perMessageDeflate: process.argv.includes('--deflate') ? perMessageDeflate : false,
});
io.on('connection', (socket) => {
  socket.on('subscribe', ({ channel }, ack) => {
    socket.join(channel);
    ack({ channel });
  });
});
listen(http);
