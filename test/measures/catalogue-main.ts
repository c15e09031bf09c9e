import { measureCatalogue } from './catalogue.ts';

// `npm run catalogue`: what the catalogue adds to a process that starts, and to one that uses it. Ends with 1 where starting costs
// more than is promised.

const promised = { ms: 50, megabytes: 20 };
const runs = [await measureCatalogue(), await measureCatalogue(), await measureCatalogue()];
for (const [i, { what, loaded }] of (runs[0] ?? []).entries()) {
  const best = (of: 'ms' | 'megabytes') => Math.min(...runs.map((stages) => stages[i]?.[of] ?? Number.POSITIVE_INFINITY));
  process.stdout.write(`${what}: ${best('ms').toFixed(1)} ms, ${best('megabytes').toFixed(1)} MB, ${loaded.length} connectors loaded\n`);
  if (what === 'start' && (best('ms') > promised.ms || best('megabytes') > promised.megabytes)) {
    process.stdout.write(`MISSED: at most ${promised.ms} ms and ${promised.megabytes} MB are promised\n`);
    process.exitCode = 1;
  }
}
