// `npm run wishes`: whether 200 wishes in plain words find their tool among all connectors, and whether their arguments can be filled.
//   -- --missed       the wishes of the tuning half that miss
//   -- --all-missed   those of both halves; who then changes ranking or descriptions has no held-out half any more
//   -- --skipped      the wishes that could not be asked, and why
//   -- --json         one JSON object
import { parseArgs } from 'node:util';
import { loadAllConnectors } from '@grantway/connectors';
import { isHeldOut, measureWishes, type Score, wishes } from './measure.ts';

const goal = 0.9;
const { values: options } = parseArgs({
  options: {
    missed: { type: 'boolean', default: false },
    'all-missed': { type: 'boolean', default: false },
    skipped: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);

const { tools, tuning, heldOut, both, byConnector, answers, skipped } = measureWishes(wishes, await loadAllConnectors());
if (options.json) {
  say(JSON.stringify({ tools, wishes: wishes.length, skipped: skipped.length, both, tuning, held_out: heldOut }));
} else {
  say(`${wishes.length} wishes, ${tools} tools`);
  say(`${'asked'.padStart(32)} ${'first'.padStart(7)} ${'top 5'.padStart(7)} ${'arguments'.padStart(10)}`);
  const rows: [string, Score][] = [
    ...[...byConnector].sort(([a], [b]) => (a < b ? -1 : 1)),
    ['tuning', tuning],
    ['held out', heldOut],
    ['both', both],
  ];
  for (const [name, score] of rows) {
    const counts = [score.asked, score.first, score.firstFive].map((count) => String(count).padStart(7)).join(' ');
    say(`${name.padEnd(24)} ${counts} ${String(score.explained).padStart(10)}`);
  }
  say('');
  say(
    `skipped: ${skipped.length}, of connectors that are not here ${skipped.filter(({ reason }) => reason === 'no such connector').length}`,
  );
  if (options.skipped) for (const { wish, tools: wanted, reason } of skipped) say(`  ${reason}: ${wish}\n    ${wanted.join(', ')}`);
  if (options.missed || options['all-missed']) {
    for (const { wish, wanted, found, place, unexplained } of answers) {
      if (isHeldOut(wish) && !options['all-missed']) continue;
      if (place === undefined) say(`\n${wish}\n  wanted ${wanted.join(', ')}\n  found  ${found.join(', ')}`);
      if (unexplained.length > 0) say(`\n${wish}\n  ${wanted[0]}: nothing says ${unexplained.join(', ')}`);
    }
  }
  const share = (of: Score, count: number) => `${((count / Math.max(1, of.asked)) * 100).toFixed(1)} %`;
  say(
    `\nright tool in the top 5: ${share(both, both.firstFive)} (held out: ${share(heldOut, heldOut.firstFive)}); every argument explained: ${share(both, both.explained)}`,
  );
}
if (both.firstFive < goal * both.asked || heldOut.firstFive < goal * heldOut.asked) process.exitCode = 1;
