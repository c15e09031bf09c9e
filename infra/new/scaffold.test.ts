import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Connector } from '@grantway/connector-kit';
import { connectorRules, toolRules } from '@grantway/connector-kit/testing';
import { afterAll, expect, it } from 'vitest';
import { authKinds, scaffold } from './scaffold.ts';

const root = join(import.meta.dirname, '..', '..');
mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
// Below the repository, so that what a connector imports is found; not among the connectors, where others count them.
const folder = mkdtempSync(join(root, 'node_modules', '.cache', 'scaffold-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each(authKinds)('a new connector of the kind %s is taken by the whole suite as it is, and is formatted', async (kind) => {
  const id = kind === 'oauth2' ? 'odd-vendor-9' : `vendor${kind.replaceAll('_', '')}`;
  const files = scaffold(id, kind);
  expect(Object.keys(files).sort()).toEqual(['README.md', 'connector.test.ts', 'connector.ts', 'items.ts', 'logo.svg']);
  mkdirSync(join(folder, id));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, id, name), content);
  const { default: made } = (await import(pathToFileURL(join(folder, id, 'connector.ts')).href)) as { default: Connector };
  expect([made.id, made.auth.kind]).toEqual([id, kind]);
  for (const rule of connectorRules) expect(rule.problems(made), rule.title).toEqual([]);
  for (const tool of made.tools) for (const rule of toolRules) expect(rule.problems(tool, made), rule.title).toEqual([]);
  for (const [name, content] of Object.entries(files).filter(([file]) => file.endsWith('.ts'))) {
    const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
    const formatted = execFileSync(process.execPath, [biome, 'format', `--stdin-file-path=connectors/${id}/${name}`], {
      input: content,
      cwd: root,
      encoding: 'utf8',
    });
    expect(formatted, name).toBe(content);
  }
});
