// `npm start`: bundles the broker when its sources changed (about a second), then runs it in this very process, so that
// signals reach it directly. Nothing but Node and the installed packages is needed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleOptions } from './bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = path.join(root, 'apps/broker/dist');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Grantway needs Node 20.19 or newer; this is ${process.versions.node}\n`);
  process.exit(1);
}
if (!existsSync(path.join(root, 'node_modules/esbuild'))) {
  process.stderr.write('The packages are not installed yet: run npm ci first\n');
  process.exit(1);
}

/** A digest of every source and of the lock file: the bundle is stale when it differs. */
function digestOfSources() {
  const hash = createHash('sha256');
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name === 'node_modules' || entry.name === 'dist') continue;
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(file);
      else if (/\.(ts|json)$/.test(entry.name) && !entry.name.endsWith('.test.ts')) hash.update(file).update(readFileSync(file));
    }
  };
  for (const folder of ['apps', 'packages', 'connectors']) walk(path.join(root, folder));
  return hash.update(readFileSync(path.join(root, 'package-lock.json'))).digest('hex');
}

const digest = digestOfSources();
const stamp = path.join(out, 'digest');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  const { build, stop } = await import('esbuild');
  // Built beside and renamed, so that a second start at the same time never runs half a bundle.
  const fresh = `${out}.${process.pid}`;
  await build({ ...bundleOptions(root), outdir: fresh });
  await stop();
  writeFileSync(path.join(fresh, 'digest'), digest);
  mkdirSync(path.dirname(out), { recursive: true });
  rmSync(out, { recursive: true, force: true });
  try {
    renameSync(fresh, out);
  } catch (error) {
    // Somebody else put the same bundle there first.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    rmSync(fresh, { recursive: true, force: true });
  }
}

process.setSourceMapsEnabled(true);
await import(new URL('../apps/broker/dist/main.js', import.meta.url).href);
