import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { archives, bumpArchive } from './archives.ts';
import { cache, folder } from './outside.ts';

type Outlines = Record<string, Record<string, string>>;

/** What reads specifications moves by hand: another compiler would be another reading. */
const readers = new Set(['fast-check', 'graphql', 'ts-json-schema-generator', 'typescript']);

/** Takes the newest of every specification, then prints by operation what came, went and changed among those that the tools use or that stand beside them. */
export function bump(): number {
  const print = (line: string) => process.stdout.write(`${line}\n`);
  mkdirSync(cache, { recursive: true });
  const before = outlines('before');
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { devDependencies: Record<string, string> };
  const changed: string[] = [];
  for (const [name, version] of Object.entries(manifest.devDependencies)) {
    if (readers.has(name)) continue;
    const newest = spawnSync('npm', ['view', name, 'version', '--loglevel', 'error'], { cwd: folder, encoding: 'utf8' }).stdout.trim();
    if (newest === '' || newest === version) continue;
    manifest.devDependencies[name] = newest;
    changed.push(`${name} ${version} -> ${newest}`);
  }
  if (changed.length > 0) {
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
    if (spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel', 'error'], { cwd: folder, stdio: 'inherit' }).status !== 0)
      return 1;
  }
  for (const name of Object.keys(archives())) {
    const moved = bumpArchive(name);
    if (moved !== undefined) changed.push(`${name} ${moved.from} -> ${moved.to}`);
  }
  for (const line of changed) print(line);
  if (changed.length === 0) {
    print('every specification is the newest');
    return 0;
  }
  const lines = drift(before, outlines('after'));
  for (const line of lines) print(line);
  print(`${lines.length} operations differ; npm run contracts says which tools that concerns`);
  return 0;
}

/** The same, after which everything is as it was; the next run installs the old specifications again. */
export function drifted(): number {
  const kept = ['package.json', 'package-lock.json', 'archives.json'].map((name) => path.join(folder, name));
  const texts = kept.map((file) => readFileSync(file, 'utf8'));
  try {
    return bump();
  } finally {
    for (const [i, file] of kept.entries()) writeFileSync(file, texts[i] as string);
  }
}

/** In a process of its own, since modules and schemas that were read once stay. */
function outlines(name: string): Outlines {
  mkdirSync(cache, { recursive: true });
  const file = path.join(cache, `outline-${name}.json`);
  rmSync(file, { force: true });
  spawnSync(process.execPath, ['--import', 'tsx', path.join(folder, 'run.ts'), '--short', '--outline', file], {
    cwd: path.join(folder, '../..'),
    stdio: 'ignore',
  });
  if (!existsSync(file)) throw new Error(`the ${name} specifications could not be read: npm run contracts says why`);
  return JSON.parse(readFileSync(file, 'utf8')) as Outlines;
}

export function drift(before: Outlines, after: Outlines): string[] {
  return Object.entries(after).flatMap(([specification, operations]) => {
    const old = before[specification] ?? {};
    const names = [...new Set([...Object.keys(old), ...Object.keys(operations)])].toSorted();
    return names.flatMap((name) => {
      if (old[name] === operations[name]) return [];
      const what = old[name] === undefined ? 'new' : operations[name] === undefined ? 'gone' : `was ${old[name]}, is ${operations[name]}`;
      return [`${specification}: ${name}: ${what}`];
    });
  });
}
