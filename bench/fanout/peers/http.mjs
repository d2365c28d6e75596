// What the Node peers share: POST takes messages, one a line, and answers 201.
import { createServer } from 'node:http';

export function createPeer(publish) {
  // Without timeouts: a publisher may have to wait until a stuck client's messages are out of the way.
  return createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    const chunks = [];
    request.on('data', (bytes) => chunks.push(bytes));
    request.on('end', () => {
      const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
      for (let at = 0; at < body.length; ) {
        const end = body.indexOf(10, at);
        const line = body.subarray(at, end < 0 ? body.length : end);
        if (line.length) publish(line);
        at = end < 0 ? body.length : end + 1;
      }
      response.writeHead(201, { 'content-length': 2 });
      response.end('{}');
    });
  });
}

export function listen(server) {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => console.log(`listening on ${server.address().port}`));
}
