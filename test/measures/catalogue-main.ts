import { measureBundled, measureCatalogue } from './catalogue.ts';

// `npm run catalogue`: what the catalogue adds to a process that starts, and to one that uses it, bundled as `npm start` runs it. Ends
// with 1 where starting costs more than is promised, or loads a connector.

const promised = { ms: 50, megabytes: 20 };
const runs = await measureBundled(5);
const loads = await measureCatalogue();
for (const [i, { what, loaded }] of loads.entries()) {
  const best = (of: 'ms' | 'cpuMs' | 'megabytes') => Math.min(...runs.map((stages) => stages[i]?.[of] ?? Number.POSITIVE_INFINITY));
  process.stdout.write(
    `${what}: ${best('ms').toFixed(1)} ms (${best('cpuMs').toFixed(1)} ms of processor), ${best('megabytes').toFixed(1)} MB, ${loaded.length} connectors loaded\n`,
  );
  if (what === 'start' && (best('ms') > promised.ms || best('megabytes') > promised.megabytes || loaded.length > 0)) {
    process.stdout.write(`MISSED: at most ${promised.ms} ms, ${promised.megabytes} MB and no connector are promised\n`);
    process.exitCode = 1;
  }
}
