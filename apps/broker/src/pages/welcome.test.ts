import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';

let broker: TestBroker;
let folder: string;
beforeAll(async () => {
  broker = await startBroker();
  folder = await mkdtemp(path.join(tmpdir(), 'grantway-welcome-'));
});
afterAll(async () => {
  await broker?.close();
  await rm(folder, { recursive: true, force: true });
});

const text = (markup: string) =>
  markup.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');

it('the welcome page’s commands, pasted into a shell, end in an MCP URL and a link', async () => {
  const page = await (await fetch(broker.baseUrl, { headers: { accept: 'text/html' } })).text();
  const commands = [...page.matchAll(/<pre tabindex="0"><code>([^<]*)<\/code>/g)].map(([, c = '']) => text(c));
  expect(commands).toHaveLength(3);
  await mkdir(path.join(folder, '.grantway'));
  const { clientId: client_id, clientSecret: client_secret } = broker.client;
  await writeFile(path.join(folder, '.grantway/credentials.json'), JSON.stringify({ base_url: broker.baseUrl, client_id, client_secret }), {
    mode: 0o600,
  });
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', commands.join('\necho\n')], {
    cwd: folder,
    // What a person of server mode has in the shell; embedded mode reads the file.
    env: { ...process.env, GRANTWAY_CLIENT_ID: client_id, GRANTWAY_CLIENT_SECRET: client_secret },
  });
  const [, connection, config, instance] = stdout
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? line.split(/(?<=\})(?=\{)/) : [line]))
    .map((l) => (l.startsWith('{') ? JSON.parse(l) : l));
  expect(connection).toMatchObject({ status: 'COMPLETED' });
  expect(config.name).toBe('first-agent');
  expect(instance.url).toMatch(/^http.*gwmcp_/);
  expect(instance.connections[0].authentication_link).toMatch(/\/connect\/gwln_/);
});

it('the API reference shows every operation and fault, and each of its own links leads somewhere', async () => {
  const page = await (await fetch(`${broker.baseUrl}/docs`)).text();
  const document = (await (await fetch(`${broker.baseUrl}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; security?: { oauth2?: string[] }[] }>>;
  };
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const operations = Object.entries(document.paths).flatMap(([path_, item]) =>
    Object.values(item).map((operation) => ({ path_, operation })),
  );
  expect(operations.length).toBeGreaterThan(15);
  for (const { path_, operation } of operations) {
    expect(ids, operation.operationId).toContain(operation.operationId);
    expect(page).toContain(`>${path_}</a>`);
    for (const scope of operation.security?.[0]?.oauth2 ?? []) expect(page).toContain(`needs <code>${scope}</code>`);
  }
  const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id as string);
  expect(targets.filter((id) => !ids.has(id))).toEqual([]);
  expect(ids).toContain('fault-link_expired');
  expect([...page.matchAll(/ id="([^"]+)"/g)]).toHaveLength(ids.size);
});
