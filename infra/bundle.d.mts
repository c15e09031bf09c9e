import type { BuildOptions } from 'esbuild';

/** How the broker is bundled, for esbuild's `build`; the folder it goes to is the caller's. */
export function bundleOptions(root: string): BuildOptions;
