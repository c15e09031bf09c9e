import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { incidentSetting, type Json, type TestBroker } from '@grantway/test/harness';
import { Browser } from '../flows/browser.ts';

export interface McpServer {
  configId: string;
  /** The static URL. */
  url: string;
}

/** The incident-response config, and its static URL. */
export async function mcpServer(broker: TestBroker): Promise<McpServer> {
  const instance = await incidentSetting(broker);
  return { configId: instance.config.id, url: `${broker.baseUrl}/mcp/${instance.config.id}` };
}

export const verifier = () => randomBytes(32).toString('base64url');
export const challengeOf = (text: string) => createHash('sha256').update(text).digest('base64url');

/** Registers a client as its program would. */
export async function register(broker: TestBroker, metadata: Json = {}): Promise<{ status: number; body: Json; headers: Headers }> {
  const response = await fetch(`${broker.baseUrl}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Test client', redirect_uris: ['http://127.0.0.1:4999/callback'], ...metadata }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** One client that asks one server for something; each call may change what it says. */
export interface AppRequest {
  clientId: string;
  redirectUri: string;
  verifier: string;
  state: string;
  authorizeUrl(change?: Record<string, string | undefined>): string;
}

export function appRequest(
  broker: TestBroker,
  server: McpServer,
  clientId: string,
  redirectUri = 'http://127.0.0.1:4999/callback',
  scope?: string,
): AppRequest {
  const [code, state] = [verifier(), randomBytes(16).toString('base64url')];
  return {
    clientId,
    redirectUri,
    verifier: code,
    state,
    authorizeUrl(change = {}) {
      const parameters: Record<string, string | undefined> = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: challengeOf(code),
        code_challenge_method: 'S256',
        resource: server.url,
        scope,
        ...change,
      };
      const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined);
      return `${broker.baseUrl}/oauth/authorize?${new URLSearchParams(given)}`;
    },
  };
}

export async function signInLink(broker: TestBroker, server: McpServer, identifier: string): Promise<string> {
  const made = await broker.api(`/v1/mcp-configs/${server.configId}/sign-in-links`, { body: { user_identifier: identifier } });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return made.body.url;
}

/** A browser that a one-time link has signed in. */
export async function signedInBrowser(broker: TestBroker, server: McpServer, identifier: string): Promise<Browser> {
  const browser = new Browser();
  const link = await signInLink(broker, server, identifier);
  const opened = await browser.submit(await browser.follow(link, () => false), {});
  if (opened.headers.get('location') !== '/oauth/apps') throw new Error(`sign-in: HTTP ${opened.status}`);
  return browser;
}

/** Opens the client's request in a browser and decides; answers what the client would get. */
export async function decideIn(
  browser: Browser,
  url: string,
  decision: 'allow' | 'deny' = 'allow',
): Promise<{ status: number; answer: URL; html: string }> {
  const page = await browser.follow(url, () => false);
  const decided = await browser.submit(page, { decision }, '/decide');
  return { status: decided.status, answer: new URL(decided.headers.get('location') ?? 'about:blank'), html: page.html };
}

/** The token endpoint, as a public client uses it. */
export async function tokenRequest(
  broker: TestBroker,
  form: Record<string, string>,
): Promise<{ status: number; body: Json; headers: Headers }> {
  const response = await fetch(`${broker.baseUrl}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export const codeForm = (app: AppRequest, server: McpServer, code: string, change: Record<string, string> = {}) => ({
  grant_type: 'authorization_code',
  client_id: app.clientId,
  code,
  redirect_uri: app.redirectUri,
  code_verifier: app.verifier,
  resource: server.url,
  ...change,
});

export const refreshForm = (app: AppRequest, server: McpServer, token: string, change: Record<string, string> = {}) => ({
  grant_type: 'refresh_token',
  client_id: app.clientId,
  refresh_token: token,
  resource: server.url,
  ...change,
});

/** One registration for each broker: there is a limit to them. */
const registered = new WeakMap<object, string>();

/** From registration to tokens, for one person. */
export async function connectedApp(
  broker: TestBroker,
  server: McpServer,
  identifier: string,
  scope?: string,
): Promise<{ app: AppRequest; tokens: Json }> {
  const clientId = registered.get(broker.modules) ?? (await register(broker)).body.client_id;
  registered.set(broker.modules, clientId);
  const app = appRequest(broker, server, clientId, undefined, scope);
  const { answer } = await decideIn(await signedInBrowser(broker, server, identifier), app.authorizeUrl());
  const answered = await tokenRequest(broker, codeForm(app, server, answer.searchParams.get('code') ?? ''));
  if (answered.status !== 200) throw new Error(JSON.stringify(answered.body));
  return { app, tokens: answered.body };
}

/** One MCP request with a bearer, in the stateless era. */
export async function listTools(url: string, token: string | undefined): Promise<{ status: number; headers: Headers; body: Json }> {
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Serves a client's metadata document on loopback, for a broker that was told so. */
export async function startDocumentServer(): Promise<{
  host: string;
  url: string;
  document: Json;
  headers: Record<string, string>;
  status: number;
  requests: number;
  close(): Promise<void>;
}> {
  const server = createServer((_request, response) => {
    served.requests++;
    response.writeHead(served.status, served.headers);
    response.end(typeof served.document === 'string' ? served.document : JSON.stringify(served.document));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/client.json`;
  const served = {
    host: `127.0.0.1:${port}`,
    url,
    document: { client_id: url, client_name: 'Documented client', redirect_uris: ['http://127.0.0.1/callback'] } as Json,
    headers: { 'content-type': 'application/json' },
    status: 200,
    requests: 0,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return served;
}
