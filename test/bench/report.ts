import type { StatementPlan } from './plans.ts';
import { comparedAt, type Results, rounded } from './results.ts';
import { rowNames } from './scenes.ts';

type Cell = string | number;

/** Everything as Markdown, whose tables read well in a terminal too. */
export function report(results: Results): string {
  const { machine, rows, ratios, growth, breakdown, memory, goals, commit, changed, date, short } = results;
  const floor = rows.find((row) => row.name === rowNames.hop && row.concurrency === comparedAt)?.cpuMicros;
  const out = [
    `# Benchmark of ${date}, commit ${commit}${changed ? ' (with changes)' : ''}${short ? ', a short run: it shows that the benchmark works, not how fast anything is' : ''}`,
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGib} GiB, ${machine.os}, Node ${machine.node.slice(1)}, PostgreSQL ${machine.postgres}, a flush of the disk in ${machine.flushMs.toFixed(1)} ms (a call waits for one). One run; ratios hold within it only. CPU of the measured process, and of its PostgreSQL with all its processes; "x hop" compares the former with the bare hop at ${comparedAt} at once.`,
    '## Goals',
    table(
      ['goal', 'found', 'met'],
      goals.map(({ goal, found, met }) => [goal, found, met ? 'yes' : 'NO']),
    ),
    '## Rows',
    table(
      ['what', 'at once', 'requests/s', 'p50 ms', 'p99 ms', 'CPU us', 'PostgreSQL us', 'x hop', 'errors'],
      rows.map((row) => [
        row.name,
        row.concurrency,
        row.requestsPerSecond.toFixed(0),
        row.p50Ms.toFixed(2),
        row.p99Ms.toFixed(2),
        row.cpuMicros.toFixed(0),
        row.postgresMicros?.toFixed(0) ?? '',
        floor === undefined ? '' : (row.cpuMicros / floor).toFixed(2),
        row.errors,
      ]),
    ),
    '## Beside others',
    `What others did ${comparedAt} at once on two cores of the same kind, beside their own PostgreSQL where they have one, with an upstream of the same size and another load generator. Measured on another day: the order of magnitude compares, no digit of it does.`,
    table(['what', 'calls/s', 'p50 ms', 'p99 ms', 'CPU ms a call, with database'], [...ownRow(results), ...peers]),
    '## Ratios',
    table(['ratio', ''], Object.entries(ratios)),
  ];
  if (growth !== null) {
    const { databases, plans } = growth;
    out.push(
      '## Growth',
      `The same call on databases of different size, ${comparedAt} at once, measured in turn: by the same 1,000 callers, and by callers all over the table (60,000 where there are as many: most of them are not remembered from their last call). Credentials of callers are real, the others as long and never opened.`,
      table(
        ['accounts and instances', 'audit rows', 'MiB', 'loaded in s', 'callers', 'p50 ms', 'p99 ms', 'CPU us', 'PostgreSQL us'],
        databases.flatMap(({ size, sizeMiB, loadSeconds, same, anyone }) =>
          [same, anyone].map((row, i): Cell[] => [
            size.name,
            size.calls.toLocaleString('en'),
            sizeMiB.toFixed(0),
            loadSeconds.toFixed(0),
            i === 0 ? 'the same 1,000' : 'all over',
            row.p50Ms.toFixed(2),
            row.p99Ms.toFixed(2),
            row.cpuMicros.toFixed(0),
            row.postgresMicros?.toFixed(0) ?? '',
          ]),
        ),
      ),
      `## Statements of one call, on the largest database`,
      ...plans.hot.map(planText),
    );
    if (plans.beside.length > 0) {
      const scanning = plans.beside.filter(({ sequentialScans }) => sequentialScans.length > 0);
      out.push(
        `Jobs and sweeps ran ${plans.beside.length} other statements meanwhile; ${scanning.length} of them read a growing table from end to end.`,
        ...scanning.map(planText),
      );
    }
  }
  if (breakdown !== null) {
    const { elapsed, processor } = breakdown;
    const share = (micros: number, of: number) => `${((100 * micros) / of).toFixed(0)} %`;
    out.push(
      '## Where one call spends its time',
      `On the clock, one call at a time (${elapsed.requests} calls, ${elapsed.wholeMicros.toFixed(0)} us each in the gateway):`,
      table(
        ['phase', 'us', ''],
        elapsed.phases.map(({ phase, micros }) => [phase, micros.toFixed(0), share(micros, elapsed.wholeMicros)]),
      ),
      `On the processor, ${comparedAt} at once, by sampling, which costs some itself (${processor.requests} calls, ${processor.wholeMicros.toFixed(0)} us each):`,
      table(
        ['place', 'us', ''],
        processor.places.map(({ place, micros }) => [place, micros.toFixed(1), share(micros, processor.wholeMicros)]),
      ),
    );
  }
  if (memory !== null) {
    out.push(
      '## Memory of the broker',
      table(
        ['what', 'before MiB', 'peak MiB', 'after MiB', 'may grow by', 'kept', 'seen'],
        memory.map((row) => [
          row.what,
          row.beforeMiB.toFixed(0),
          row.peakMiB.toFixed(0),
          row.afterMiB.toFixed(0),
          `${rounded(row.boundMiB)} MiB`,
          row.withinBound ? 'yes' : 'NO',
          row.seen,
        ]),
      ),
    );
  }
  return `${out.join('\n\n')}\n`;
}

const marks = ['<!-- npm run bench -->', '<!-- /npm run bench -->'] as const;

/** The README with the summary of these results between its marks. @throws Error where it has none */
export function withSummary(readme: string, results: Results): string {
  const [from, to] = marks.map((mark) => readme.indexOf(mark)) as [number, number];
  if (from < 0 || to < from) throw new Error('the README has no place for the summary');
  return `${readme.slice(0, from + marks[0].length)}\n${summary(results)}\n${readme.slice(to)}`;
}

function summary({ machine, rows, goals, commit, date }: Results): string {
  const names = [rowNames.hop, rowNames.rest, rowNames.remote, rowNames.sdkV1, rowNames.sdkV2, rowNames.execute, rowNames.ensureAgain];
  const at = (name: string) => rows.find((row) => row.name === name && row.concurrency === comparedAt);
  const missed = goals.filter(({ met }) => !met);
  return [
    `Commit ${commit}, ${date}, ${machine.cores} cores (${machine.cpu}) shared by load, broker and PostgreSQL ${machine.postgres}, a flush of its disk in ${machine.flushMs.toFixed(1)} ms, Node ${machine.node.slice(1)}; ${comparedAt} at once. All of it, with how: [results](test/bench/results/latest.md), [test/bench](test/bench/README.md).`,
    table(
      ['', 'requests/s', 'p50 ms', 'p99 ms', 'CPU us', 'PostgreSQL us'],
      names.flatMap((name) => {
        const row = at(name);
        if (row === undefined) return [];
        const { requestsPerSecond, p50Ms, p99Ms, cpuMicros, postgresMicros } = row;
        return [
          [name, requestsPerSecond.toFixed(0), p50Ms.toFixed(1), p99Ms.toFixed(1), cpuMicros.toFixed(0), postgresMicros?.toFixed(0) ?? ''],
        ];
      }),
    ),
    `${goals.length - missed.length} of ${goals.length} goals were met.${missed.length === 0 ? '' : ` Missed: ${missed.map(({ goal, found }) => `${goal} (${found})`).join('; ')}.`}`,
  ].join('\n\n');
}

/** Medians of three runs, November 2026. CPU a call is that of product and database together, from their share of the cores. */
const peers: Cell[][] = [
  ['a credential broker (Nango): proxy', 160, 88, 328, 9.4],
  ['the same with its tracer off', 264, 59, 87, ''],
  ['the same: an MCP tool that proxies', 133, 110, 313, 11.3],
  ['an MCP gateway (MetaMCP)', 228, 62, 152, 5.5],
  ['an MCP bridge (supergateway): no users, no audit', 1260, 11.4, 45, 1.1],
  ['an SDK server built for each request: no users, no audit', 1223, 11.3, 39, 0.9],
  ['a bare script: key looked up, opened, one hop, one awaited audit row', 3188, 4.6, 23, 0.4],
];

function ownRow({ rows }: Results): Cell[][] {
  const row = rows.find(({ name, concurrency }) => name === rowNames.rest && concurrency === comparedAt);
  if (row === undefined) return [];
  const cpuMs = (row.cpuMicros + (row.postgresMicros ?? 0)) / 1000;
  return [
    [
      'this run: tools/call, REST connector',
      row.requestsPerSecond.toFixed(0),
      row.p50Ms.toFixed(1),
      row.p99Ms.toFixed(1),
      cpuMs.toFixed(2),
    ],
  ];
}

function planText({ statement, perCall, steps, sequentialScans }: StatementPlan): string {
  const scans = sequentialScans.length === 0 ? '' : `\nSEQUENTIAL SCAN of ${sequentialScans.join(', ')}`;
  return `${perCall.toFixed(1)} for each call: \`${statement.length > 160 ? `${statement.slice(0, 160)}...` : statement}\`\n\n\`\`\`text\n${steps.join('\n') || '(reads no table)'}${scans}\n\`\`\``;
}

function table(head: string[], body: Cell[][]): string {
  const lines = [head, ...body.map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|')))];
  const widths = head.map((_, i) => Math.max(3, ...lines.map((line) => (line[i] ?? '').length)));
  const isNumber = head.map((_, i) => body.length > 0 && body.every((row) => /^[\d.,]*( %)?$/.test(String(row[i] ?? ''))));
  const text = (line: string[]) =>
    `| ${line.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (isNumber[i] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [text(lines[0] as string[]), rule, ...lines.slice(1).map(text)].join('\n');
}
