import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { input, ready } from '../processes.ts';
import { monitorAnswer } from './monitor.ts';

/**
 * Stands in for a vendor, as cheaply as HTTP allows: constant answers by path, after `delayMs`. Paths are the sandbox's
 * (`/<vendor host>/<path>`), so that a broker takes it for its sandbox. Two ids of monitors are special: 50 is an answer of
 * 50 MB, 2000 one that takes two seconds.
 */
const { delayMs = 0 } = input<{ delayMs?: number }>();

const person = JSON.stringify({
  data: {
    type: 'users',
    id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
    attributes: { email: 'ada@example.test', handle: 'ada@example.test' },
  },
});
const headers = (body: string) => ({ 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
const megabyte = Buffer.alloc(1_000_000, 'x');
let sentMegabytes = 0;

/** As fast as it is read, no faster. */
function sendHuge(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"message":"');
  let left = 50;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left--;
      sentMegabytes++;
      if (!response.write(megabyte)) {
        response.once('drain', more);
        return;
      }
    }
    if (left === 0) response.end('"}');
  };
  more();
}

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const path = (request.url ?? '/').replace(/\?.*$/, '');
    if (path.endsWith('/monitor/50')) return sendHuge(response);
    const body = path.endsWith('/current_user') ? person : monitorAnswer;
    const answer = () => response.writeHead(200, headers(body)).end(body);
    const waitMs = path.endsWith('/monitor/2000') ? 2000 : delayMs;
    if (waitMs === 0) answer();
    else setTimeout(answer, waitMs);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ready(
    { origin },
    () => server.close(),
    () => ({ sentMegabytes }),
  );
});
