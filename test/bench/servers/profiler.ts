import { existsSync, readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Time on the processor by where the code is from, in milliseconds, most first. */
export interface Profile {
  busyMs: number;
  /** The broker's own files, packages of node_modules, Node's own modules, and what V8 does besides. */
  places: { place: string; ms: number }[];
}

export interface Profiler {
  start(): Promise<void>;
  stop(): Promise<Profile>;
}

/** A sampling profile of this process, a sample each 250 microseconds. `root` is the repository's folder. */
export function createProfiler(root: string): Profiler {
  let session: Session | undefined;
  return {
    async start() {
      session = new Session();
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: 250 });
      await session.post('Profiler.start');
    },
    async stop() {
      if (session === undefined) throw new Error('the profiler was not started');
      const { profile } = await session.post('Profiler.stop');
      session.disconnect();
      const sourceOf = sources();
      const placeOf = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeIn(root, sourceOf(callFrame), callFrame.functionName)]));
      const found = new Map<string, number>();
      profile.samples?.forEach((id, i) => {
        const place = placeOf.get(id) ?? '(unknown)';
        // Microseconds since the sample before.
        found.set(place, (found.get(place) ?? 0) + (profile.timeDeltas?.[i] ?? 0) / 1000);
      });
      found.delete('(idle)');
      // The profiler's own beginning and end.
      found.delete('native dispatch');
      const places = [...found].map(([place, ms]) => ({ place, ms })).sort((a, b) => b.ms - a.ms);
      return { busyMs: places.reduce((sum, { ms }) => sum + ms, 0), places };
    },
  };
}

function placeIn(root: string, url: string, functionName: string): string {
  if (url.startsWith('node:')) return url;
  // V8's own, such as (garbage collector), and functions of Node's that are not JavaScript.
  if (!url.startsWith('file:')) return functionName.startsWith('(') ? functionName : `native ${functionName}`.trim();
  const file = fileURLToPath(url.replace(/[?#].*$/, ''));
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  if (inPackage !== undefined) return inPackage;
  return file.startsWith(`${root}/`) ? file.slice(root.length + 1) : '(elsewhere)';
}

/** Where a function of a bundle was written, by the map that lies beside the bundle. */
function sources(): (frame: { url: string; lineNumber: number; columnNumber: number }) => string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (url: string) => {
    if (maps.has(url)) return maps.get(url);
    const file = url.startsWith('file:') ? `${fileURLToPath(url.replace(/[?#].*$/, ''))}.map` : undefined;
    const map = file !== undefined && existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
    maps.set(url, map);
    return map;
  };
  return ({ url, lineNumber, columnNumber }) => {
    const found = mapOf(url)?.findEntry(lineNumber, columnNumber);
    return found !== undefined && 'originalSource' in found ? new URL(found.originalSource, url).href : url;
  };
}
