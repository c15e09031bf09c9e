import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type OAuth2Credential, sandboxUrl } from '@grantway/connector-kit';
import { type Sandbox, startSandbox } from '@grantway/sandbox';
import { Person } from '@grantway/sandbox/person';
import { classes, idOf, type RotationClass, vendorById } from './vendors.ts';

export interface Client {
  connectorId: string;
  clientId: string;
  clientSecret: string;
}

export interface Providers {
  origin: string;
  clients: Record<RotationClass, Client>;
  /** A person's consent at the vendor of this class, down to the tokens. */
  consent(rotationClass: RotationClass): Promise<OAuth2Credential>;
  knobs(rotationClass: RotationClass, knobs: Record<string, unknown>): Promise<void>;
  /** Token requests that were granted for a refresh token, and uses of a refresh token that had been used up. */
  ledger(rotationClass: RotationClass): Promise<{ refreshes: number; reuse_detected: number }>;
  /** Resolves when the vendor has carried out every token request that reached it before. */
  drained(rotationClass: RotationClass): Promise<void>;
  revokeAll(rotationClass: RotationClass): Promise<void>;
  /** Resolves when so many more token requests are held back by the `slow_ms` knob. */
  held(count: number): Promise<void>;
  close(): Promise<void>;
}

/** The sandbox, standing in for a vendor of each class. */
export async function startProviders(): Promise<Providers> {
  let waits = 0;
  let wake = () => {};
  const sandbox: Sandbox = await startSandbox({
    connectors: classes.map((c) => vendorById(idOf(c))),
    log: (line) => {
      if (!/ token: waits \d+ ms by knob$/.test(line)) return;
      waits += 1;
      wake();
    },
  });
  // Where browsers come back to; what they bring stands in the address.
  const callback = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((done) => callback.listen(0, '127.0.0.1', done));
  const redirectUri = `http://127.0.0.1:${(callback.address() as AddressInfo).port}/callback`;

  const json = async (pathname: string, method = 'GET', body?: unknown) => {
    const response = await fetch(`${sandbox.origin}/_sandbox/${pathname}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${pathname}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const clients = Object.fromEntries(
    await Promise.all(
      classes.map(async (c) => {
        const made = await json(`${idOf(c)}/register`, 'POST', { redirect_uris: [redirectUri] });
        return [c, { connectorId: idOf(c), clientId: made.client_id, clientSecret: made.client_secret }];
      }),
    ),
  ) as Record<RotationClass, Client>;

  return {
    origin: sandbox.origin,
    clients,
    async consent(rotationClass) {
      const { connectorId, clientId, clientSecret } = clients[rotationClass];
      const { auth } = vendorById(connectorId);
      const verifier = randomBytes(32).toString('base64url');
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: 'read',
        state: randomBytes(16).toString('base64url'),
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      const person = new Person();
      const asked = await person.open(`${sandboxUrl(auth.authorizeUrl, sandbox.origin)}?${query}`);
      const back = await person.submit(asked, { account: 'ada@example.test', decision: 'allow' });
      const response = await fetch(sandboxUrl(auth.tokenUrl, sandbox.origin), {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'authorization_code',
          code: new URL(back.url).searchParams.get('code') ?? '',
          redirect_uri: redirectUri,
          client_id: clientId,
          client_secret: clientSecret,
          code_verifier: verifier,
        }),
      });
      const answer = (await response.json()) as { access_token: string; refresh_token: string; expires_in: number };
      if (!response.ok) throw new Error(`no tokens: ${JSON.stringify(answer)}`);
      return {
        kind: 'oauth2',
        access_token: answer.access_token,
        refresh_token: answer.refresh_token,
        expires_at: Date.now() + answer.expires_in * 1000,
        scopes: ['read'],
      };
    },
    knobs: (c, knobs) => json(`${idOf(c)}/knobs`, 'PUT', knobs),
    ledger: async (c) => (await json(`${idOf(c)}/ledger`)).counts,
    async drained(c) {
      const { connectorId, clientId, clientSecret } = clients[c];
      // The vendor takes token requests one by one: when this one is refused, those before it are over.
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: 'none',
        client_id: clientId,
        client_secret: clientSecret,
      });
      const answer = await fetch(sandboxUrl(vendorById(connectorId).auth.tokenUrl, sandbox.origin), { method: 'POST', body });
      if (answer.status !== 400) throw new Error(`expected a refusal, got ${answer.status}`);
    },
    revokeAll: (c) => json(`${idOf(c)}/revoke`, 'POST'),
    held(count) {
      const from = waits;
      return new Promise((resolve) => {
        wake = () => {
          if (waits - from >= count) resolve();
        };
      });
    },
    close: async () => {
      await sandbox.close();
      await new Promise((done) => callback.close(done));
    },
  };
}
