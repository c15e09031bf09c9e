import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { bundleOptions } from '../../infra/bundle.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const child = path.join(import.meta.dirname, 'catalogue-child.mjs');

export interface Stage {
  what: string;
  ms: number;
  /** What the processor had to do for it, whoever else it works for. */
  cpuMs: number;
  megabytes: number;
  /** The connectors that were loaded in it. */
  loaded: string[];
}

/** A process that makes the catalogue, asks for one connector, and then for all. */
export async function measureCatalogue(): Promise<Stage[]> {
  return stagesOf(['--import', 'tsx', child, '--loads']);
}

/** The same as `npm start` runs it: bundled, and nobody looks on. */
export async function measureBundled(times: number): Promise<Stage[][]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'grantway-catalogue-'));
  try {
    const { sourcemap: _, ...options } = bundleOptions(root);
    await build({ ...options, entryPoints: [child], outdir: folder, outExtension: { '.js': '.mjs' } });
    const runs: Stage[][] = [];
    for (let i = 0; i < times; i++) runs.push(await stagesOf([path.join(folder, 'catalogue-child.mjs')]));
    return runs;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function stagesOf(run: string[]): Promise<Stage[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', ...run], { cwd: root });
  const stages: Stage[] = [];
  let loaded: string[] = [];
  for (const line of stdout.trim().split('\n')) {
    const said = JSON.parse(line) as { loads: string } | Omit<Stage, 'loaded'>;
    if ('loads' in said) loaded.push(said.loads);
    else {
      stages.push({ ...said, loaded: loaded.sort() });
      loaded = [];
    }
  }
  return stages;
}
