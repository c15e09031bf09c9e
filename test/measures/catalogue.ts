import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const root = path.join(import.meta.dirname, '..', '..');
const child = path.join(import.meta.dirname, 'catalogue-child.mjs');

export interface Stage {
  what: string;
  ms: number;
  megabytes: number;
  /** The connectors that were loaded in it. */
  loaded: string[];
}

/** A process that makes the catalogue, asks for one connector, and then for all. */
export async function measureCatalogue(): Promise<Stage[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--import', 'tsx', child], { cwd: root });
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
