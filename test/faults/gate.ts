import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What the ledger knows of one grant: which refresh token lives, and what became of each answer. */
export interface Grant {
  /** The refresh token of the provider's last answer. */
  live: string;
  /** Refreshes that the provider has carried out. */
  rotations: number;
  /** Token requests that reached the provider's door. */
  requests: number;
  /** Carried out, and the answer was lost on its way by a storm. */
  answersLost: number;
  /** Requests that are at the provider now. */
  open: number;
}

export type Storm = '503' | '503 with Retry-After' | '429' | 'timeout before' | 'timeout after' | 'reset before' | 'reset after' | 'html';
export const storms: readonly Storm[] = [
  '503',
  '503 with Retry-After',
  '429',
  'timeout before',
  'timeout after',
  'reset before',
  'reset after',
  'html',
];

/**
 * Stands before the sandbox. It writes down, for each grant, what the provider did and what of it reached the client, holds
 * single requests or answers back, and has weather.
 */
export interface Gate {
  origin: string;
  /** From now on the ledger follows the grant that this refresh token belongs to. */
  adopt(account: string, refreshToken: string): void;
  grant(account: string): Grant;
  /** The account's next token request, or its answer, is held until `release`; resolves when it is there. */
  hold(account: string, where: 'before' | 'after'): Promise<void>;
  release(account: string): void;
  /** No request of the account is with the provider any more. */
  drained(account: string): Promise<void>;
  /** What each token request meets; undefined: fair weather. */
  weather(next: (() => Storm | undefined) | undefined): void;
  /** Successful calls of the API, and token requests, so far. */
  totals: { tokenRequests: number; apiCalls: number };
  close(): Promise<void>;
}

interface Held {
  where: 'before' | 'after';
  there: () => void;
  released: Promise<void>;
  release: () => void;
}

export async function startGate(sandboxOrigin: string): Promise<Gate> {
  const grants = new Map<string, Grant>();
  const accountOf = new Map<string, string>();
  const holds = new Map<string, Held>();
  const totals = { tokenRequests: 0, apiCalls: 0 };
  let next: (() => Storm | undefined) | undefined;
  let closing = false;
  const sockets = new Set<Socket>();

  const forward = async (request: IncomingMessage, body: Buffer) => {
    const { host: _, connection: _c, 'content-length': _l, ...headers } = request.headers;
    return fetch(`${sandboxOrigin}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      redirect: 'manual',
      ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
    });
  };
  const pass = async (answer: Response, response: ServerResponse, text: string) => {
    const headers = Object.fromEntries(
      [...answer.headers].filter(([name]) => !/^(content-length|content-encoding|connection)$/.test(name)),
    );
    response.writeHead(answer.status, headers).end(text);
  };

  async function tokenRequest(request: IncomingMessage, response: ServerResponse, body: Buffer, refreshToken: string): Promise<void> {
    totals.tokenRequests += 1;
    const account = accountOf.get(refreshToken);
    const grant = account === undefined ? undefined : grants.get(account);
    if (account === undefined || grant === undefined) return pass400(response);
    grant.requests += 1;
    grant.open += 1;
    try {
      const storm = next?.();
      if (storm !== undefined && !storm.endsWith(' after')) return refuse(storm, response);
      const held = holds.get(account);
      if (held?.where === 'before') {
        held.there();
        await held.released;
      }
      const answer = await forward(request, body);
      const text = await answer.text();
      if (answer.status === 200) {
        grant.rotations += 1;
        grant.live = (JSON.parse(text) as { refresh_token?: string }).refresh_token ?? grant.live;
        accountOf.set(grant.live, account);
      }
      if (held?.where === 'after') {
        held.there();
        await held.released;
      }
      if (storm !== undefined) {
        if (answer.status === 200) grant.answersLost += 1;
        return refuse(storm, response);
      }
      await pass(answer, response, text);
    } finally {
      grant.open -= 1;
    }
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const form = request.url?.endsWith('/token') ? new URLSearchParams(body.toString('utf8')) : undefined;
      const refreshToken = form?.get('grant_type') === 'refresh_token' ? form.get('refresh_token') : null;
      const work =
        typeof refreshToken === 'string'
          ? tokenRequest(request, response, body, refreshToken)
          : forward(request, body).then(async (answer) => {
              if (answer.ok) totals.apiCalls += 1;
              await pass(answer, response, await answer.text());
            });
      work.catch((error: unknown) => {
        if (!closing) response.destroy(error as Error);
      });
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    adopt(account, refreshToken) {
      grants.set(account, { live: refreshToken, rotations: 0, requests: 0, answersLost: 0, open: 0 });
      accountOf.set(refreshToken, account);
    },
    grant(account) {
      const grant = grants.get(account);
      if (grant === undefined) throw new Error('the ledger does not know this account');
      return { ...grant };
    },
    hold: (account, where) =>
      new Promise((there) => {
        let release = () => {};
        const released = new Promise<void>((done) => {
          release = done;
        });
        holds.set(account, { where, there, released, release });
      }),
    release(account) {
      holds.get(account)?.release();
      holds.delete(account);
    },
    async drained(account) {
      while ((grants.get(account)?.open ?? 0) > 0) await new Promise((done) => setTimeout(done, 10));
    },
    weather(chosen) {
      next = chosen;
    },
    totals,
    close: async () => {
      closing = true;
      for (const held of holds.values()) held.release();
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

function pass400(response: ServerResponse): void {
  response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
}

function refuse(storm: Storm, response: ServerResponse): void {
  const json = { 'content-type': 'application/json' };
  if (storm === '503') response.writeHead(503, json).end('{"error":"server_error"}');
  else if (storm === '503 with Retry-After') response.writeHead(503, { ...json, 'retry-after': '1' }).end('{"error":"server_error"}');
  else if (storm === '429') response.writeHead(429, { ...json, 'retry-after': '1' }).end('{"error":"slow_down"}');
  else if (storm === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Be right back</title>');
  else if (storm.startsWith('reset')) response.socket?.resetAndDestroy();
  // A timeout: the socket stays open until the client gives up.
}
