import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Person } from '@grantway/test/harness';
import { afterAll, describe, expect, it } from 'vitest';
import { cleanUp, type Json, newDataDir, startProcess } from './broker-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
afterAll(cleanUp);

/** The shell blocks below a heading. */
function blocksBelow(heading: string): string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
}

describe('the README', () => {
  it('opens with the two commands', () => {
    expect(readme.split('\n').slice(0, 6).join('\n')).toMatch(/^# Grantway\n\n```sh\nnpm ci && npm start .*\nnpm ci && npm test .*\n```$/);
  });

  it('its way from a start to a tool call works as written', async () => {
    const dataDir = newDataDir();
    const broker = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    await broker.listening;
    const [script = ''] = blocksBelow('From here to a tool call');
    const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
      cwd: root,
      env: { ...process.env, GRANTWAY_DATA_DIR: dataDir },
    });
    expect(stderr).toBe('');
    const [connection, config, instance] = stdout.split(/(?<=\})(?=\{)/).map((text) => JSON.parse(text) as Json);
    expect(connection.status).toBe('COMPLETED');
    expect(config.version).toBe(1);
    expect((await new Person().consent(instance.connections[0].authentication_link)).status).toBe(200);
    const answer = await fetch(instance.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slack_list_channels', arguments: {} } }),
    });
    expect(((await answer.json()) as Json).result.structuredContent.channels.length).toBeGreaterThan(0);
    expect(await broker.interrupt()).toBe(0);
  });

  it('names only files that exist', () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] as string).filter((link) => !link.startsWith('http'));
    const named = [...readme.matchAll(/`((?:apps|packages|connectors|infra|test)\/[\w./-]+)`/g)].map((match) => match[1] as string);
    expect(links.length + named.length).toBeGreaterThan(8);
    for (const file of [...links, ...named]) expect(() => readFileSync(path.join(root, file)), file).not.toThrow(/ENOENT/);
  });
});
