import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import { measureFlush } from './flush.ts';
import type { Growth } from './growth.ts';
import type { MemoryRow } from './memory.ts';
import type { Breakdown } from './phases.ts';
import type { Row } from './rows.ts';
import { rowNames } from './scenes.ts';

/** What a run answers, as JSON; nothing in it names the machine. */
export interface Results {
  commit: string;
  /** The working tree differed from the commit. */
  changed: boolean;
  date: string;
  short: boolean;
  machine: { cpu: string; cores: number; memoryGib: number; os: string; node: string; postgres: string; flushMs: number };
  rows: Row[];
  ratios: Record<string, number>;
  /** What the growth ratios of this run compare: a short run has no million. */
  sizes: { smallest: SizeFacts; largest: SizeFacts } | null;
  growth: Growth | null;
  breakdown: Breakdown | null;
  memory: MemoryRow[] | null;
  goals: Goal[];
}

interface SizeFacts {
  accounts: number;
  instances: number;
  calls: number;
}

export interface Goal {
  goal: string;
  found: string;
  met: boolean;
}

export interface Found {
  rows: Row[];
  growth?: Growth;
  breakdown?: Breakdown;
  memory?: MemoryRow[];
}

export const comparedAt = 16;

export function resultsOf(found: Found, options: { short: boolean; postgres: string }): Results {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const { databases } = found.growth ?? { databases: [] };
  const facts = ({ accounts, calls }: { accounts: number; calls: number }): SizeFacts => ({ accounts, instances: accounts, calls });
  const [smallest, largest] = [databases[0]?.size, databases.at(-1)?.size];
  return {
    commit: git('rev-parse', '--short=10', 'HEAD'),
    changed: git('status', '--porcelain', '--untracked-files=no') !== '',
    date: new Date().toISOString().slice(0, 10),
    short: options.short,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      os: `${type()} ${release().split('-')[0]}`,
      node: process.version,
      postgres: options.postgres,
      flushMs: measureFlush(),
    },
    rows: found.rows,
    ratios: ratiosOf(found),
    sizes: smallest === undefined || largest === undefined ? null : { smallest: facts(smallest), largest: facts(largest) },
    growth: found.growth ?? null,
    breakdown: found.breakdown ?? null,
    memory: found.memory ?? null,
    goals: goalsOf(found),
  };
}

function rowIn({ rows }: Found, name: string): Row | undefined {
  return rows.find((row) => row.name === name && row.concurrency === comparedAt);
}

function ratiosOf(found: Found): Record<string, number> {
  const cpu = (name: string) => rowIn(found, name)?.cpuMicros;
  const p50 = (name: string) => rowIn(found, name)?.p50Ms;
  const over = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a / b);
  const toHop = (name: string) => over(cpu(name), cpu(rowNames.hop));
  const ratios: Record<string, number | undefined> = {
    tools_call_rest_cpu_vs_bare_hop: toHop(rowNames.rest),
    tools_call_found_cpu_vs_bare_hop: toHop(rowNames.found),
    tools_call_local_cpu_vs_bare_hop: toHop(rowNames.local),
    tools_call_refused_cpu_vs_bare_hop: toHop(rowNames.refused),
    tools_call_remote_cpu_vs_bare_hop: toHop(rowNames.remote),
    execute_cpu_vs_bare_hop: toHop(rowNames.execute),
    ensure_instance_repeated_cpu_vs_bare_hop: toHop(rowNames.ensureAgain),
    ensure_instance_first_cpu_vs_bare_hop: toHop(rowNames.ensureFirst),
    consent_cpu_vs_bare_hop: toHop(rowNames.consent),
    tools_list_10_cpu_vs_constant: over(cpu(rowNames.list(10)), cpu(rowNames.constant)),
    tools_list_100_cpu_vs_constant: over(cpu(rowNames.list(100)), cpu(rowNames.constant)),
    tools_list_1000_cpu_vs_constant: over(cpu(rowNames.list(1000)), cpu(rowNames.constant)),
    sdk_v1_cpu_vs_tools_call: over(cpu(rowNames.sdkV1), cpu(rowNames.rest)),
    sdk_v2_cpu_vs_tools_call: over(cpu(rowNames.sdkV2), cpu(rowNames.rest)),
    tools_call_slow_upstream_p50_vs_direct: over(p50(rowNames.slowRest), p50(rowNames.slowDirect)),
    growth_1m_vs_1k_p50: found.growth?.ratios.p50,
    growth_1m_vs_1k_cpu: found.growth?.ratios.cpu,
    growth_1m_vs_1k_gateway_cpu: found.growth?.ratios.gatewayCpu,
    growth_1m_vs_1k_callers_all_over_p50: found.growth?.ratios.anyoneP50,
    growth_1m_vs_1k_callers_all_over_cpu: found.growth?.ratios.anyoneCpu,
  };
  const known = Object.entries(ratios).filter((entry): entry is [string, number] => entry[1] !== undefined);
  return Object.fromEntries(known.map(([name, ratio]) => [name, Math.round(ratio * 1000) / 1000]));
}

function goalsOf(found: Found): Goal[] {
  const goals: Goal[] = [];
  const check = (goal: string, value: number | undefined, unit: string, isMet: (value: number) => boolean) => {
    if (value !== undefined) goals.push({ goal, found: `${rounded(value)}${unit}`, met: isMet(value) });
  };
  const ratios = ratiosOf(found);
  check('CPU of tools/call (REST) at most 2 times the bare hop', ratios.tools_call_rest_cpu_vs_bare_hop, ' times', (v) => v <= 2);
  check('SDK v1 server at least 5 times tools/call', ratios.sdk_v1_cpu_vs_tools_call, ' times', (v) => v >= 5);
  check('SDK v2 server at least 5 times tools/call', ratios.sdk_v2_cpu_vs_tools_call, ' times', (v) => v >= 5);
  const rest = rowIn(found, rowNames.rest);
  check(`at least 4,000 brokered calls/s at ${comparedAt} at once`, rest?.requestsPerSecond, '/s', (v) => v >= 4000);
  const cpuMs = rest === undefined ? undefined : (rest.cpuMicros + (rest.postgresMicros ?? 0)) / 1000;
  check('at most 0.3 ms CPU a call, PostgreSQL included', cpuMs, ' ms', (v) => v <= 0.3);
  check(`p99 under 20 ms at ${comparedAt} at once`, rest?.p99Ms, ' ms', (v) => v < 20);
  const [slow, direct] = [rowIn(found, rowNames.slowRest), rowIn(found, rowNames.slowDirect)];
  check(
    'median within 2 ms of direct, vendor of 20 ms',
    slow === undefined || direct === undefined ? undefined : slow.p50Ms - direct.p50Ms,
    ' ms more',
    (v) => v <= 2,
  );
  if (found.growth !== undefined) {
    const [small, large] = [found.growth.databases[0], found.growth.databases.at(-1)];
    const between = `${large?.size.name} to ${small?.size.name} accounts`;
    check(`p50 with ${between} under 1.15`, ratios.growth_1m_vs_1k_p50, ' times', (v) => v < 1.15);
    check(`CPU with ${between} under 1.15, PostgreSQL included`, ratios.growth_1m_vs_1k_cpu, ' times', (v) => v < 1.15);
    const scans = found.growth.plans.hot.flatMap((plan) => plan.sequentialScans).length;
    check('no sequential scan of a table that grows, in a call', scans, ' scans', (v) => v === 0);
  }
  for (const { what, beforeMiB, peakMiB, boundMiB, withinBound } of found.memory ?? []) {
    goals.push({
      goal: `${what}: at most ${rounded(boundMiB)} MiB more`,
      found: `${rounded(peakMiB - beforeMiB)} MiB more`,
      met: withinBound,
    });
  }
  return goals;
}

export const rounded = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** Whatever a complete run has and this one has not. */
export function missingFrom({ rows, ratios, growth, breakdown, memory }: Results): string[] {
  const names = Object.values(rowNames).flatMap((name) => (typeof name === 'string' ? [name] : [10, 100, 1000].map(name)));
  const wanted = names.flatMap((name) => [1, 16, 64].map((concurrency) => ({ name, concurrency })));
  const isWhole = (row: Row) => row.requests > 0 && [row.cpuMicros, row.p50Ms, row.p99Ms, row.requestsPerSecond].every(Number.isFinite);
  return [
    ...wanted
      .filter(({ name, concurrency }) => !rows.some((row) => row.name === name && row.concurrency === concurrency && isWhole(row)))
      .map(({ name, concurrency }) => `row "${name}" at ${concurrency}`),
    ...['tools_call_rest_cpu_vs_bare_hop', 'sdk_v1_cpu_vs_tools_call', 'sdk_v2_cpu_vs_tools_call', 'growth_1m_vs_1k_p50']
      .filter((name) => !Number.isFinite(ratios[name]))
      .map((name) => `ratio ${name}`),
    ...(growth !== null && growth.plans.hot.length > 0 ? [] : ['plans of the statements of a call']),
    ...(breakdown !== null && breakdown.elapsed.requests > 0 && breakdown.processor.places.length > 0 ? [] : ['the breakdown by phase']),
    ...(memory?.length === 3 ? [] : ['the memory table']),
  ];
}
