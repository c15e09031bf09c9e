/**
 * Writes every generated file, or with --check names each that is stale and exits 1. A generator is a module that
 * exports `generate()`; add yours to the list.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as catalogue from './catalogue.ts';
import * as configuration from './configuration.ts';
import * as connectors from './connectors.ts';
import * as openapi from './openapi.ts';
import * as quirks from './quirks.ts';

/** `path` is relative to the repository's root, with forward slashes. */
export interface Generated {
  path: string;
  content: string;
}

interface Generator {
  generate(): Promise<Generated[]>;
}

const generators: Generator[] = [connectors, catalogue, openapi, configuration, quirks];

const root = join(import.meta.dirname, '..', '..');
const checkOnly = process.argv.includes('--check');

const files = (await Promise.all(generators.map((generator) => generator.generate()))).flat();
const paths = files.map(({ path }) => path);
const twice = paths.find((path, i) => paths.indexOf(path) !== i);
if (twice !== undefined) throw new Error(`two generators make ${twice}`);

let stale = 0;
for (const { path, content } of files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
  const target = join(root, path);
  if ((await readOrNothing(target)) === content) continue;
  stale++;
  if (checkOnly) {
    process.stdout.write(`stale: ${path}\n`);
  } else {
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    process.stdout.write(`wrote ${path}\n`);
  }
}
if (checkOnly && stale > 0) {
  process.stdout.write('run: npm run gen\n');
  process.exitCode = 1;
}

async function readOrNothing(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
