import { type AddressInfo, createServer, type Socket } from 'node:net';
import { input, ready } from '../processes.ts';
import { monitorAnswer } from './monitor.ts';

/**
 * Stands in for a vendor, as cheaply as HTTP allows, since it shares two cores with what is measured: constant answers by path, after
 * `delayMs`, to requests without a body, one at a time on each connection. Paths are the sandbox's (`/<vendor host>/<path>`), so that
 * a broker takes it for its sandbox. Two ids of monitors are special: 50 is an answer of 50 MB, 2000 one that takes two seconds.
 */
const { delayMs = 0 } = input<{ delayMs?: number }>();

const person = JSON.stringify({
  data: {
    type: 'users',
    id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
    attributes: { email: 'ada@example.test', handle: 'ada@example.test' },
  },
});
const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: keep-alive\r\n';
const whole = (body: string) => Buffer.from(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
const [personAnswer, monitor] = [whole(person), whole(monitorAnswer)];
const megabyte = Buffer.alloc(1_000_000, 'x');
let sentMegabytes = 0;

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.on('drain', go).on('close', go);
  });

/** As fast as it is read, no faster. */
async function sendHuge(socket: Socket): Promise<void> {
  const chunk = (data: Buffer | string) => {
    socket.write(`${data.length.toString(16)}\r\n`);
    socket.write(data);
    return socket.write('\r\n');
  };
  socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
  chunk('{"message":"');
  for (let left = 50; left > 0 && !socket.destroyed; left--) {
    sentMegabytes++;
    if (!chunk(megabyte)) await drained(socket);
  }
  chunk('"}');
  socket.write('0\r\n\r\n');
}

function answer(socket: Socket, path: string): void {
  if (path.endsWith('/monitor/50')) return void sendHuge(socket).catch(() => socket.destroy());
  const bytes = path.endsWith('/current_user') ? personAnswer : monitor;
  const waitMs = path.endsWith('/monitor/2000') ? 2000 : delayMs;
  if (waitMs === 0) socket.write(bytes);
  else setTimeout(() => socket.write(bytes), waitMs);
}

const server = createServer({ noDelay: true }, (socket) => {
  let begun = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    begun += chunk.toString('latin1');
    if (!begun.endsWith('\r\n\r\n')) return;
    const path = begun.slice(begun.indexOf(' ') + 1, begun.indexOf(' HTTP/')).replace(/\?.*$/, '');
    begun = '';
    answer(socket, path);
  });
});
server.listen(0, '127.0.0.1', () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ready(
    { origin },
    () => server.close(),
    () => ({ sentMegabytes }),
  );
});
