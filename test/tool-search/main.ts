// `npm run tool-search`: what the list of 500 tools costs in both modes, and whether 200 written questions find their tool.
//   -- --missed       the questions of the tuning half that miss, with what was found instead
//   -- --all-missed   those of both halves; who then changes the ranking has no held-out half any more
//   -- --json         one JSON object
import { parseArgs } from 'node:util';
import setup from '../harness/global-setup.ts';
import { startBroker } from '../harness/index.ts';
import { bytesPerToken, type Half, measureToolSearch } from './measure.ts';
import { startCatalogue } from './server.ts';

const goal = 0.9;
const { values: options } = parseArgs({
  options: {
    missed: { type: 'boolean', default: false },
    'all-missed': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const say = (line: string) => void process.stdout.write(`${line}\n`);

const teardown = await setup();
try {
  const servers = await startCatalogue();
  const broker = await startBroker({ allowHosts: [new URL(servers.url).host] });
  const measure = await measureToolSearch(broker, servers.url);
  await broker.close();
  await servers.close();
  const { tools, bytes, tuning, heldOut, unnamed } = measure;
  const tokens = (count: number) => Math.round(count / bytesPerToken);
  const share = (of: Half) => of.firstFive / of.questions;
  const both = {
    questions: tuning.questions + heldOut.questions,
    first: tuning.first + heldOut.first,
    firstFive: tuning.firstFive + heldOut.firstFive,
    missed: [],
  };
  if (options.json)
    say(JSON.stringify({ tools, bytes, both, tuning: { ...tuning, missed: undefined }, held_out: { ...heldOut, missed: undefined } }));
  else {
    say(`${tools} tools                 bytes    tokens (bytes / ${bytesPerToken})`);
    for (const mode of ['all', 'search'] as const) {
      say(`tools_mode ${mode.padEnd(8)} ${String(bytes[mode]).padStart(9)} ${String(tokens(bytes[mode])).padStart(9)}`);
    }
    say(`one in ${Math.round(bytes.all / bytes.search)}`);
    say('');
    say('questions                          n    first   top 5');
    const rows: [string, Half][] = [
      ['tuning', tuning],
      ['held out', heldOut],
      ['of both, service not named', unnamed],
      ['both', both],
    ];
    for (const [name, half] of rows) {
      say(
        `${name.padEnd(30)} ${String(half.questions).padStart(5)} ${String(half.first).padStart(8)} ${String(half.firstFive).padStart(7)}`,
      );
    }
    const missed = [...(options.missed || options['all-missed'] ? tuning.missed : []), ...(options['all-missed'] ? heldOut.missed : [])];
    for (const { question, tools: wanted, found } of missed)
      say(`\n${question}\n  wanted ${wanted.join(', ')}\n  found  ${found.join(', ')}`);
    say(`\nright tool in the top 5: ${(share(both) * 100).toFixed(1)} % (held out: ${(share(heldOut) * 100).toFixed(1)} %)`);
  }
  if (share(both) < goal || share(heldOut) < goal) process.exitCode = 1;
} finally {
  await teardown();
}
