// `npm run demo`: stories against the sandbox. Nothing is staged: a broker is started on an empty data folder, and
// everything goes over HTTP, so ids and times differ on each run.
import { parseArgs } from 'node:util';
import { perform, type Story } from './stage.ts';
import firm from './stories/firm.ts';
import incident from './stories/incident.ts';
import skill from './stories/skill.ts';

const stories: Story[] = [incident, skill, firm];
const say = (line: string) => void process.stdout.write(`${line}\n`);
const list = () => {
  for (const { name, title } of stories) say(`${name.padEnd(10)}${title}`);
};

const help = `npm run demo                       the story "${incident.name}"
npm run demo -- --story <name>     another one
npm run demo -- --list             which there are

Each takes some seconds, needs no network and no account, and leaves nothing behind. Exit code: 0 when everything was as
told, 1 when not, 2 for a command line that is not understood.
`;

function chosen(): Story | undefined {
  const { values } = parseArgs({
    options: { story: { type: 'string' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    say(help);
    list();
    return undefined;
  }
  if (values.list === true) {
    list();
    return undefined;
  }
  const name = values.story ?? incident.name;
  const found = stories.find((story) => story.name === name);
  if (found === undefined) throw new Error(`there is no story "${name}"; there are ${stories.map((story) => story.name).join(', ')}`);
  return found;
}

let story: Story | undefined;
try {
  story = chosen();
} catch (error) {
  process.stderr.write(`demo: ${(error as Error).message}\n`);
  process.exitCode = 2;
}
if (story !== undefined) {
  try {
    await perform(story, say);
  } catch (error) {
    process.stderr.write(`\nThe story "${story.name}" broke off: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
