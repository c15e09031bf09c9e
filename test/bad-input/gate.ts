import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** Plays a server's part on a connection; the request has come. */
export type Script = (socket: Socket) => void;

/** Stands before a server and passes bytes on, until it is told to answer itself. */
export interface Gate {
  origin: string;
  /** From now on requests that hold this text are answered by the script, but for the sandbox's controls; undefined: none. */
  arm(script: Script | undefined, holding?: string): void;
  /** The next request that holds this text is kept back until it is released, and then passed on. */
  hold(holding: string): { there: Promise<void>; release(): void };
  /** How many requests it answered itself since it was armed. */
  answered(): number;
  close(): Promise<void>;
}

export async function startGate(targetOf: () => string): Promise<Gate> {
  let armed: { script: Script; holding: string } | undefined;
  let answered = 0;
  let held: { holding: string; there(): void; until: Promise<void> } | undefined;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    keep(client);
    let target: Socket | undefined;
    let isOurs = false;
    client.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (armed !== undefined && /^[A-Z]+ \/(?!_sandbox)\S* HTTP\/1\.1\r\n/.test(text) && text.includes(armed.holding)) {
        isOurs = true;
        answered++;
        armed.script(client);
      } else if (!isOurs) {
        if (target === undefined) {
          const { hostname, port } = new URL(targetOf());
          target = keep(connect(Number(port), hostname));
          target.pipe(client);
        }
        if (held !== undefined && text.includes(held.holding)) {
          const { until, there } = held;
          held = undefined;
          there();
          void until.then(() => target?.write(chunk));
        } else target.write(chunk);
      }
    });
    client.on('close', () => target?.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arm(script, holding = '') {
      armed = script === undefined ? undefined : { script, holding };
      answered = 0;
    },
    hold(holding) {
      let release = () => {};
      const until = new Promise<void>((resolve) => {
        release = resolve;
      });
      const there = new Promise<void>((resolve) => {
        held = { holding, there: resolve, until };
      });
      return { there, release };
    },
    answered: () => answered,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** One whole answer, framed as it says. */
export const answer = (body: string | Buffer, type = 'application/json', more = '', status = '200 OK'): Script => {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n`;
  return (socket) => socket.write(Buffer.concat([Buffer.from(head), Buffer.from(body)]));
};

/** Bytes, and then the end of the connection. */
export const bytes =
  (text: string): Script =>
  (socket) =>
    socket.end(text);

/** Something, and then the same again for as long as anybody takes it. */
export const endless =
  (head: string, more: string | Buffer, everyMs = 0): Script =>
  (socket) => {
    socket.write(head);
    const go = () => {
      if (socket.destroyed) return;
      const flows = socket.write(more);
      if (everyMs > 0) setTimeout(go, everyMs);
      else if (flows) setImmediate(go);
      else socket.once('drain', go);
    };
    go();
  };
