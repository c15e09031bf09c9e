import path from 'node:path';

/** How the broker is bundled, for esbuild's `build`; the folder it goes to is the caller's. */
export const bundleOptions = (root) => ({
  entryPoints: [path.join(root, 'apps/broker/src/main.ts')],
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'linked',
  sourcesContent: false,
  // Optional peers of BullMQ and pg that are not installed.
  external: ['pg-native', '@valkey/valkey-glide', 'redis', 'bun', '@aws-sdk/*', '@redis/*'],
  banner: {
    js: "import { createRequire as bundleRequire } from 'node:module'; import { fileURLToPath as bundlePath } from 'node:url'; const require = bundleRequire(import.meta.url); const __filename = bundlePath(import.meta.url); const __dirname = bundlePath(new URL('.', import.meta.url));",
  },
  logLevel: 'warning',
});
