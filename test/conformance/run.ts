import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanUp, clientOf, newDataDir, startProcess } from '../process/broker-process.ts';
import { runAuthorization } from './authorization.ts';
import { startFixture } from './fixture/server.ts';

/**
 * The official suite against a real broker, its own process with its own database, which passes on to the fixture. Twice
 * for each revision: on an endpoint that shows the fixture as it is, where nothing may fail, and on an ordinary one that
 * shows it among others, where only what `expected-failures.<revision>.yml` names may fail, and must.
 */
const here = fileURLToPath(new URL('.', import.meta.url));
const suite = path.join(here, 'node_modules/@modelcontextprotocol/conformance/dist/index.js');
const node = path.join(here, 'node_modules/node/bin/node');
const revisions = ['2025-11-25', '2026-07-28'] as const;
/** Writes `results.md`, which is committed. */
const record = process.argv.includes('--record');
const verbose = process.argv.includes('--verbose');

function run(command: string, args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: here, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk: Buffer) => {
      output += chunk;
      if (verbose) process.stdout.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

const { devDependencies } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8')) as {
  devDependencies: Record<string, string>;
};
const heading = `# Results

\`npm run conformance -- --record\`, @modelcontextprotocol/conformance ${devDependencies['@modelcontextprotocol/conformance']}, scored scenarios. Among other connections the suite's names do
not exist, so that most of them must fail there (see \`expected-failures.*.yml\`).`;

const print = (line: string) => process.stdout.write(`${line}\n`);

interface Outcome {
  /** Scenario -> whether it passed. */
  scenarios: Map<string, boolean>;
  code: number | null;
  output: string;
}

/** How many entries the lists may have: they only shrink. */
const mostExpected = { '2025-11-25': 22, '2026-07-28': 28 };

/** The summary has a line for each scenario and, where no failures are expected, names below it those that are not scored. */
function count(output: string): Map<string, boolean> {
  const outcomes = new Map([...output.matchAll(/^([✓✗]) ([\w-]+): \d+ passed/gm)].map(([, mark, name]) => [name, mark === '✓']));
  const notScored = /^Not scored for[^\n]*\n((?: {2}[✓✗] [^\n]*\n?)*)/m.exec(output)?.[1] ?? '';
  for (const [, name] of notScored.matchAll(/^ {2}[✓✗] ([\w-]+)/gm)) outcomes.delete(name);
  return outcomes as Map<string, boolean>;
}

const passedOf = (outcomes: Map<string, boolean>) => [...outcomes.values()].filter(Boolean).length;

async function runSuite(url: string, revision: string, expected?: string): Promise<Outcome> {
  const folder = mkdtempSync(path.join(tmpdir(), 'grantway-conformance-'));
  try {
    const { code, output } = await run(node, [
      suite,
      'server',
      ...['--url', url, '--requirements', revision, '-o', folder],
      ...(expected === undefined ? [] : ['--expected-failures', expected]),
    ]);
    return { scenarios: count(output), code, output };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  if (!existsSync(suite) || !existsSync(node)) {
    print('installing the suite and the Node.js that it needs');
    const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund']);
    if (code !== 0) throw new Error(output);
  }
  const fixture = await startFixture();
  const dataDir = newDataDir();
  const broker = startProcess({ GRANTWAY_DATA_DIR: dataDir, GRANTWAY_ALLOW_HOSTS: new URL(fixture.url).host });
  try {
    const baseUrl = await broker.listening;
    const call = await clientOf(dataDir);
    await call('POST', '/v1/connections', { name: 'fixture', connector: 'mcp', mcp: { url: fixture.url } });
    await call('POST', '/v1/connections', { name: 'linear', connector: 'linear', sandbox: true });
    const urlOf = async (name: string, mappings: unknown[]): Promise<string> => {
      await call('POST', '/v1/mcp-configs', { name, connection_tool_mappings: mappings });
      return (await call('PUT', '/v1/mcp-instances', { config_name: name, user_identifier: 'conformance' })).url;
    };
    const passing = await urlOf('passing', [{ connection_name: 'fixture', names: 'as_is' }]);
    const ordinary = await urlOf('ordinary', [{ connection_name: 'fixture' }, { connection_name: 'linear' }]);

    const { items: configs } = await call('GET', '/v1/mcp-configs?name=ordinary');
    const configId = configs[0].id;
    const signInLink = async () =>
      (await call('POST', `/v1/mcp-configs/${configId}/sign-in-links`, { user_identifier: 'conformance' })).url;

    let failed = false;
    const totals: string[] = [];
    const results: string[] = [];
    for (const revision of revisions) {
      const alone = await runSuite(passing, revision);
      const scored = alone.scenarios;
      const isWhole = alone.code === 0 && scored.size > 0 && passedOf(scored) === scored.size;
      if (!isWhole) print(alone.output);
      totals.push(`${revision} ${passedOf(scored)}/${scored.size}`);

      const list = path.join(here, `expected-failures.${revision}.yml`);
      const entries = readFileSync(list, 'utf8').match(/^ +- /gm)?.length ?? 0;
      const among = await runSuite(ordinary, revision, list);
      const isExpected = among.code === 0 && entries <= mostExpected[revision];
      if (!isExpected) print(among.output);
      const passed = [...among.scenarios].filter(([name, ok]) => ok && scored.has(name)).length;
      results.push(`\n## ${revision}: ${passedOf(scored)}/${scored.size} alone, ${passed}/${scored.size} among other connections\n`);
      results.push('| scenario | alone | among others |', '|---|---|---|');
      const mark = (ok: boolean | undefined) => (ok === true ? 'passed' : 'failed');
      for (const [name, ok] of scored) results.push(`| ${name} | ${mark(ok)} | ${mark(among.scenarios.get(name))} |`);
      print(`${revision}, among other connections: ${passed}/${scored.size}, ${isExpected ? 'as expected' : 'NOT as expected'}`);

      const resource = `${baseUrl}/mcp/${configId}`;
      const authorization = await runAuthorization({ command: [node, suite], cwd: here, revision, baseUrl, resource, signInLink });
      const isAuthorized = authorization.code === 0 && authorization.checks >= 3 && authorization.passed === authorization.checks;
      if (!isAuthorized) print(authorization.output);
      print(`${revision}, authorization server: ${authorization.passed}/${authorization.checks}`);
      results.push(`\nAuthorization server: ${authorization.passed}/${authorization.checks} checks.`);
      failed ||= !isWhole || !isExpected || !isAuthorized;
    }
    if (record) writeFileSync(path.join(here, 'results.md'), `${heading}\n${results.join('\n')}\n`);
    for (const total of totals) print(total);
    return failed ? 1 : 0;
  } finally {
    await cleanUp();
    await fixture.close();
  }
}

process.exitCode = await main();
