// What the catalogue costs a process that starts with it. With a channel to its parent it also tells which connectors are loaded.
import { writeSync } from 'node:fs';
import { register } from 'node:module';

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

let [at, held] = [performance.now(), used()];
const say = (what) => {
  const [now, holds] = [performance.now(), used()];
  writeSync(1, `${JSON.stringify({ what, ms: now - at, megabytes: holds - held })}\n`);
  [at, held] = [performance.now(), used()];
};
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
