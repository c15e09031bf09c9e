import type { ToolCallRecord } from '@grantway/core';
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import { createHistogram } from './histogram.ts';

/** Prometheus metrics. Labels are names from our own code, never identifiers: what an operator scrapes may be stored anywhere. */
export interface Metrics {
  registry: Registry;
  request(method: string, route: string, status: number, seconds: number): void;
  toolCall(record: ToolCallRecord): void;
  decryptRefused(scope: 'process' | 'client'): void;
  /** A call was counted in this process alone, because Redis is away. */
  countedAlone(): void;
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'grantway_' });
  const requests = createHistogram(registry, {
    name: 'grantway_http_request_duration_seconds',
    help: 'Time to answer HTTP requests',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
  });
  new Counter({
    name: 'grantway_tool_calls_total',
    help: 'Tool calls by outcome',
    labelNames: ['connector', 'effect', 'via', 'outcome', 'fault'],
    registers: [registry],
    collect() {
      for (const tally of tallies) {
        if (tally.count > 0) this.inc(tally.labels, tally.count);
        tally.count = 0;
      }
    },
  });
  // Counted here, and told when somebody asks.
  const tallies: { labels: Record<string, string>; count: number }[] = [];
  const callTime = createHistogram(registry, {
    name: 'grantway_tool_call_duration_seconds',
    help: 'Time of tool calls, the provider included',
    labelNames: ['connector', 'outcome'],
    buckets: seconds,
  });
  const refusals = new Counter({
    name: 'grantway_decrypt_refusals_total',
    help: 'Credentials that were not opened because the budget of the process or of a client was spent',
    labelNames: ['scope'],
    registers: [registry],
  });
  const alone = new Counter({
    name: 'grantway_limits_counted_alone_total',
    help: 'Calls whose limits were counted in one process because Redis was away',
    registers: [registry],
  });
  const requestsOf = byLabels((method, route, status) => requests({ method, route, status }));
  const callsOf = byLabels((connector, effect, via, outcome, fault) => {
    const tally = { labels: { connector, effect, via, outcome, fault }, count: 0 };
    tallies.push(tally);
    return tally;
  });
  const callTimeOf = byLabels((connector, outcome) => callTime({ connector, outcome }));
  return {
    registry,
    countedAlone: () => alone.inc(),
    decryptRefused: (scope) => refusals.inc({ scope }),
    request: (method, route, status, duration) => requestsOf(method, route, String(status)).observe(duration),
    toolCall: ({ connector: id, effect, via, outcome, fault_code: fault, duration_ms: ms }) => {
      const connector = id ?? 'none';
      callsOf(connector, effect ?? 'none', via, outcome, fault ?? 'none').count += 1;
      callTimeOf(connector, outcome).observe((ms ?? 0) / 1000);
    },
  };
}

/** One time series for each set of labels, found again by them: prom-client sorts and joins the labels of every observation. */
function byLabels<Series>(find: (...labels: string[]) => Series): (...labels: string[]) => Series {
  const found = new Map<string, Series>();
  return (...labels) => {
    const name = labels.join('\n');
    const known = found.get(name);
    if (known !== undefined) return known;
    const series = find(...labels);
    found.set(name, series);
    return series;
  };
}
