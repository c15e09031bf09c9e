import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Row, steps, table } from './rows.ts';

/*
 * `npm run clients`: every client of the matrix against a broker, and the table of what each made of it. `--record` writes
 * `results.md`, which is committed.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const root = path.join(here, '../..');
/** A package of its own with its own lock file, so that nobody downloads it who does not run it. */
const folder = path.join(here, 'published');
const print = (line: string) => process.stdout.write(`${line}\n`);

async function run(command: string, args: string[], cwd: string): Promise<number | null> {
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

async function main(): Promise<number> {
  if (!existsSync(path.join(folder, 'node_modules/node/bin/node'))) {
    print('installing the clients and the Node.js that they need');
    if ((await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], folder)) !== 0) return 1;
  }
  const report = path.join(root, '.test-report/clients.json');
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const vitest = path.join(path.dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const code = await run(process.execPath, [vitest, 'run', '--root', root, '--config', 'test/clients/vitest.config.ts'], root);
  if (!existsSync(report)) return 1;
  const rows = JSON.parse(readFileSync(report, 'utf8')) as Row[];
  const text = table(rows);
  print(`\n${text}\n`);
  if (process.argv.includes('--record')) {
    const words =
      '# Results\n\n`npm run clients -- --record`: each client against a broker with the three connections of the README, on one URL.';
    writeFileSync(path.join(here, 'results.md'), `${words}\n\n${text}\n`);
  }
  const good = rows.flatMap((row) => steps.map((step) => row.outcomes[step]?.startsWith('ok') === true));
  print(`clients ${good.filter(Boolean).length}/${good.length}`);
  return code === 0 && good.every(Boolean) ? 0 : 1;
}

process.exitCode = await main();
