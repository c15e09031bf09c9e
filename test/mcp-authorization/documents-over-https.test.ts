import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Browser } from '../flows/browser.ts';
import { cleanUp, clientOf, type Json, newDataDir, startProcess } from '../process/broker-process.ts';
import { selfSigned } from './certificate.ts';
import { challengeOf, verifier } from './setting.ts';

/** What a path of the client's host answers; `/slow.json` never ends. */
const documents = new Map<string, Json>();
const asked: string[] = [];
const servers: Server[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'grantway-documents-'));
/** The client's own host, whose certificate the broker is told to trust, and one that nobody vouches for. */
let host: string;
let impostor: string;
let baseUrl: string;
let configId: string;
let signedIn: Browser;

async function serve(certificate: { key: string; cert: string }): Promise<string> {
  const server = createServer(certificate, (request, response) => {
    const url = request.url ?? '';
    asked.push(url);
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=600' });
    if (url === '/endless.json') {
      const more = setInterval(() => response.write(' '.repeat(4096)), 5);
      response.on('close', () => clearInterval(more));
    } else if (url === '/slow.json') response.write('{');
    else response.end(JSON.stringify(documents.get(url) ?? {}));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `localhost:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  const trusted = selfSigned('localhost');
  writeFileSync(path.join(folder, 'ca.pem'), trusted.cert);
  host = await serve(trusted);
  impostor = await serve(selfSigned('localhost'));
  const dataDir = newDataDir();
  const broker = startProcess({
    GRANTWAY_DATA_DIR: dataDir,
    GRANTWAY_ALLOW_HOSTS: [host, impostor, host.replace('localhost', '127.0.0.1')].join(','),
    // Trust can only be added when a process starts.
    NODE_EXTRA_CA_CERTS: path.join(folder, 'ca.pem'),
  });
  baseUrl = await broker.listening;
  const call = await clientOf(dataDir);
  await call('POST', '/v1/connections', { name: 'linear', connector: 'linear', sandbox: true });
  const config = await call('POST', '/v1/mcp-configs', { name: 'reader', connection_tool_mappings: [{ connection_name: 'linear' }] });
  configId = config.id;
  const { url } = await call('POST', `/v1/mcp-configs/${configId}/sign-in-links`, { user_identifier: 'ada' });
  signedIn = new Browser();
  await signedIn.submit(await signedIn.follow(url, () => false), {});
}, 120_000);
afterAll(async () => {
  await cleanUp();
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  rmSync(folder, { recursive: true });
});

const redirectUri = 'http://127.0.0.1:4999/callback';
const code = verifier();
function authorizeUrl(clientId: string): string {
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state: 'state',
    code_challenge: challengeOf(code),
    code_challenge_method: 'S256',
    resource: `${baseUrl}/mcp/${configId}`,
  };
  return `${baseUrl}/oauth/authorize?${new URLSearchParams(parameters)}`;
}
const described = (at: string, name: string) => {
  const id = `https://${at}/${name}.json`;
  documents.set(`/${name}.json`, { client_id: id, client_name: 'Over https', redirect_uris: [redirectUri] });
  return id;
};

it('an https client id: its document is fetched over TLS once, its host is what the person reads, and its code becomes a token', async () => {
  const id = described(host, 'client');
  const page = await signedIn.follow(authorizeUrl(id), () => false);
  expect(page.html).toContain(`verified: described at <strong><bdi>${host}</bdi></strong>`);
  const decided = await signedIn.submit(page, { decision: 'allow' }, '/decide');
  const answer = new URL(decided.headers.get('location') ?? '');
  const response = await fetch(`${baseUrl}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: id,
      code: answer.searchParams.get('code') ?? '',
      redirect_uri: redirectUri,
      code_verifier: code,
      resource: `${baseUrl}/mcp/${configId}`,
    }),
  });
  expect([response.status, ((await response.json()) as Json).token_type]).toEqual([200, 'Bearer']);
  expect(asked.filter((url) => url === '/client.json')).toHaveLength(1);
});

it.each([
  ['whose host nobody vouches for', () => described(impostor, 'impostor')],
  ['whose name is not the certificate’s', () => described(host.replace('localhost', '127.0.0.1'), 'by-address')],
  ['that never ends', () => `https://${host}/endless.json`],
  ['that never comes', () => `https://${host}/slow.json`],
])('A25: a document %s is no client', async (_, idOf) => {
  const page = await new Browser().follow(authorizeUrl(idOf()), () => false);
  expect([page.status, page.html.includes('We do not know this app')]).toEqual([400, true]);
  expect(asked.filter((url) => url === '/impostor.json' || url === '/by-address.json')).toEqual([]);
});
