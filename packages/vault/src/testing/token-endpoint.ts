import { randomBytes } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connector, get } from '@grantway/connector-kit';

/** A connector whose only trait is its token endpoint. */
export const acme = connector({
  id: 'acme',
  name: 'Acme',
  description: 'A vendor with a token endpoint.',
  docs: 'https://acme.example/docs',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://auth.acme.example/authorize',
    tokenUrl: 'https://auth.acme.example/token',
    scopes: { read: 'Read' },
    defaultScopes: ['read'],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    rotationClass: 'E',
  },
  api: { baseUrl: 'https://api.acme.example' },
  identify: {
    request: get('/me'),
    subject: () => ({ id: '1', label: 'one' }),
    example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
  },
  tools: [],
});

export interface TokenReply {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

export type TokenBehaviour = (form: URLSearchParams) => TokenReply | 'reset' | Promise<TokenReply | 'reset'>;

export interface TokenEndpoint {
  origin: string;
  /** What the next requests get. */
  behave(behaviour: TokenBehaviour): void;
  /** The refresh tokens that were sent, in order. */
  spent: string[];
  /** Resolves when so many requests have arrived in all. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

export const granted = (more: Record<string, unknown> = {}): TokenReply => ({
  status: 200,
  body: {
    access_token: randomBytes(24).toString('base64url'),
    refresh_token: randomBytes(24).toString('base64url'),
    token_type: 'Bearer',
    expires_in: 3600,
    ...more,
  },
});

export const refused = (error: string, status = 400, headers: Record<string, string> = {}): TokenReply => ({
  status,
  headers,
  body: { error },
});

/** A real HTTP server in the sandbox's place that does as each test says. */
export async function startTokenEndpoint(): Promise<TokenEndpoint> {
  let behaviour: TokenBehaviour = () => granted();
  const spent: string[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer(async (request, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    spent.push(form.get('refresh_token') ?? '');
    for (const { count, resolve } of waiting) if (spent.length >= count) resolve();
    const reply = await behaviour(form);
    if (reply === 'reset') return response.destroy();
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave: (next) => {
      behaviour = next;
    },
    spent,
    arrived: (count) =>
      new Promise((resolve) => {
        if (spent.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A promise and the way to fulfil it. */
export function gate<T = void>(): { passed: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}
