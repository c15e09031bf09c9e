import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Json } from '@grantway/test/harness';
import type { Connected, MatrixClient } from '../matrix.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const node = path.join(here, 'node_modules/node/bin/node');

const names = ['@ai-sdk/mcp', '@openai/agents-core', '@langchain/mcp-adapters', 'mcp-remote', 'mcporter'];

const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8')) as Json).devDependencies[name];

/** Each in a process of its own, with a home of its own, so that it finds nothing of whoever runs it and leaves nothing there. */
async function start(name: string, url: string): Promise<Connected> {
  const home = mkdtempSync(path.join(tmpdir(), 'grantway-client-'));
  const child = spawn(node, [path.join(here, 'driver.mjs'), name, url], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: `${path.dirname(node)}:/usr/bin:/bin`, HOME: home, MCP_REMOTE_CONFIG_DIR: home, NO_COLOR: '1' },
  });
  const waiting: { resolve(answer: Json): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('@@')) waiting.shift()?.resolve(JSON.parse(line.slice(2)));
  });
  child.on('close', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${name} ended with ${code}`));
  });
  const order = (what: Json) =>
    new Promise<Json>((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(what)}\n`);
    });
  const close = async () => {
    await Promise.race([order({ order: 'close' }).catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 3000))]);
    child.kill('SIGKILL');
  };
  const opened = await order({ order: 'connect' });
  if (!opened.ok) {
    await close();
    throw new Error(opened.text);
  }
  return {
    async list() {
      const answer = await order({ order: 'list' });
      if (!answer.ok) throw new Error(answer.text);
      return answer.names;
    },
    call: async (tool, args) => (await order({ order: 'call', tool, args })) as { ok: boolean; text: string },
    close,
  };
}

export const published: MatrixClient[] = names.map((name) => ({ name, version: versionOf(name), connect: (url) => start(name, url) }));
