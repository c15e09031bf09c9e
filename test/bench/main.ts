// `npm run bench`: starts everything it measures, one table per run, ratios to the floor of the same run.
//   -- --short        a second each, to see that it works
//   -- --json         one JSON object instead of the tables
//   -- --only <text>  the rows whose name holds it
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { endAll, start } from './processes.ts';
import { measureRows, type Row } from './rows.ts';
import { scenes } from './scenes.ts';

const { values: options } = parseArgs({
  options: { short: { type: 'boolean', default: false }, json: { type: 'boolean', default: false }, only: { type: 'string' } },
});

const say = (line: string) => void (options.json ? process.stderr : process.stdout).write(`${line}\n`);

function ratiosOf(rows: Row[]): Record<string, number> {
  const cpu = (name: string) => rows.find((row) => row.name === name && row.concurrency === 16)?.cpuMicros;
  const p50 = (name: string) => rows.find((row) => row.name === name && row.concurrency === 16)?.p50Ms;
  const ratio = (over: number | undefined, under: number | undefined) =>
    over === undefined || under === undefined ? undefined : Math.round((over / under) * 100) / 100;
  const ratios = {
    tools_call_rest_cpu_vs_bare_hop: ratio(cpu('tools/call, REST'), cpu('bare Fastify + undici hop')),
    sdk_v1_cpu_vs_tools_call: ratio(cpu('SDK v1 server + hop'), cpu('tools/call, REST')),
    sdk_v2_cpu_vs_tools_call: ratio(cpu('SDK v2 server + hop'), cpu('tools/call, REST')),
    tools_call_slow_upstream_p50_vs_direct: ratio(p50('tools/call, REST, upstream of 20 ms'), p50('upstream of 20 ms, direct')),
    tools_list_1000_cpu_vs_constant: ratio(cpu('tools/list, 1000 tools'), cpu('constant node:http')),
  };
  return Object.fromEntries(Object.entries(ratios).filter((entry): entry is [string, number] => entry[1] !== undefined));
}

function print(rows: Row[]): void {
  const floor = rows.find((row) => row.name === 'bare Fastify + undici hop' && row.concurrency === 16)?.cpuMicros;
  const cells = rows.map((row) => [
    row.name,
    String(row.concurrency),
    row.requestsPerSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.cpuMicros.toFixed(0),
    row.postgresMicros === undefined ? '' : row.postgresMicros.toFixed(0),
    floor === undefined ? '' : (row.cpuMicros / floor).toFixed(2),
    row.errors === 0 ? '' : String(row.errors),
  ]);
  const head = ['what', 'c', 'req/s', 'p50 ms', 'p99 ms', 'CPU us', '+PG us', 'x hop', 'errors'];
  const widths = head.map((h, i) => Math.max(h.length, ...cells.map((row) => (row[i] as string).length)));
  for (const row of [head, ...cells]) {
    say(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join('  '));
  }
  for (const row of rows) if (row.firstError !== undefined) say(`${row.name}: ${row.firstError}`);
}

try {
  const scene = await scenes({ start, secret: () => randomBytes(20).toString('hex'), say });
  const rows = await measureRows(scene.rows, {
    seconds: options.short ? 1 : 5,
    rounds: options.short ? 1 : 3,
    only: options.only,
    say,
  });
  await scene.stop();
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  };
  const ratios = ratiosOf(rows);
  if (options.json) process.stdout.write(`${JSON.stringify({ machine, short: options.short, ratios, rows }, null, 2)}\n`);
  else {
    print(rows);
    for (const [name, ratio] of Object.entries(ratios)) say(`${name}  ${ratio}`);
    say(`${machine.cores} cores (${machine.cpu}), ${machine.memory_gib} GiB, Node ${machine.node}, commit ${machine.commit}`);
  }
  if (rows.some((row) => row.errors > 0)) process.exitCode = 1;
} finally {
  await endAll();
}
