import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../../infra/bundle.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const sources = path.join(root, 'test/bench');

let made: Promise<string> | undefined;

/**
 * The run's processes as `npm start` bundles the broker: what is measured is what an installation runs, without what a loader of
 * TypeScript adds. Answers the folder, which goes with this process; each file lies as deep below the root as its source does.
 */
export function bundled(): Promise<string> {
  made ??= (async () => {
    const folder = path.join(root, '.test-report', `bench-${process.pid}`);
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const servers = readdirSync(path.join(sources, 'servers')).map((file) => path.join(sources, 'servers', file));
    await build({
      ...bundleOptions(root),
      entryPoints: [path.join(sources, 'load.ts'), ...servers],
      outbase: sources,
      outdir: folder,
    });
    return folder;
  })();
  return made;
}
