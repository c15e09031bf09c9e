// What the catalogue costs a process that starts with it; with `--loads` it also tells which connectors are loaded, which takes time of its own.
import { writeSync } from 'node:fs';
import { register } from 'node:module';

if (process.argv.includes('--loads'))
  register(
    `data:text/javascript,${encodeURIComponent(`
    import { writeSync } from 'node:fs';
    export async function load(url, context, next) {
      const found = /\\/connectors\\/([^/]+)\\/connector\\.ts/.exec(url);
      if (found !== null) writeSync(1, JSON.stringify({ loads: found[1] }) + '\\n');
      return next(url, context);
    }`)}`,
  );
// What every process of the broker has anyway.
await import('@grantway/connector-kit');
await import('@grantway/core');

let [at, worked, held] = [performance.now(), cpu(), used()];
const say = (what) => {
  const [now, done, holds] = [performance.now(), cpu(), used()];
  writeSync(1, `${JSON.stringify({ what, ms: now - at, cpuMs: done - worked, megabytes: holds - held })}\n`);
  [at, worked, held] = [performance.now(), cpu(), used()];
};
/** Of all threads: the one that transpiles as well, and a compiler's. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
function used() {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1_048_576;
}

const { createCatalogue } = await import('../../apps/broker/src/catalogue.ts');
const catalogue = createCatalogue();
catalogue.ids();
catalogue.aliasOf('no_such_tool');
say('start');
await catalogue.find('linear');
say('one connector');
await catalogue.all();
say('all connectors');
