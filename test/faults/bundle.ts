import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions } from '../../infra/bundle.mjs';

let made = 0;
const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bundles the broker's own main file as `npm start` does, with one module in another's place (see fault-run.ts). Answers
 * the file to run; it lies as deep below the root as the sources do.
 */
export async function bundleBroker(): Promise<{ file: string; folder: string }> {
  const folder = path.join(root, '.test-report', 'faults', `${process.pid}-${made++}`);
  await build({
    ...bundleOptions(root),
    outdir: folder,
    plugins: [
      {
        name: 'armed',
        setup(builder) {
          builder.onResolve({ filter: /^\.\/fault-run\.ts$/ }, () => ({ path: path.join(root, 'test/faults/armed.ts') }));
        },
      },
    ],
  });
  return { file: path.join(folder, 'main.js'), folder };
}
