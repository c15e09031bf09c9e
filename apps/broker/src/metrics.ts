import type { ToolCallRecord } from '@grantway/core';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

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
  const requests = new Histogram({
    name: 'grantway_http_request_duration_seconds',
    help: 'Time to answer HTTP requests',
    labelNames: ['method', 'route', 'status'],
    buckets: seconds,
    registers: [registry],
  });
  const calls = new Counter({
    name: 'grantway_tool_calls_total',
    help: 'Tool calls by outcome',
    labelNames: ['connector', 'effect', 'via', 'outcome', 'fault'],
    registers: [registry],
  });
  const callTime = new Histogram({
    name: 'grantway_tool_call_duration_seconds',
    help: 'Time of tool calls, the provider included',
    labelNames: ['connector', 'outcome'],
    buckets: seconds,
    registers: [registry],
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
  return {
    registry,
    countedAlone: () => alone.inc(),
    decryptRefused: (scope) => refusals.inc({ scope }),
    request: (method, route, status, duration) => requests.observe({ method, route, status: String(status) }, duration),
    toolCall: (record) => {
      const connector = record.connector ?? 'none';
      calls.inc({
        connector,
        effect: record.effect ?? 'none',
        via: record.via,
        outcome: record.outcome,
        fault: record.fault_code ?? 'none',
      });
      callTime.observe({ connector, outcome: record.outcome }, (record.duration_ms ?? 0) / 1000);
    },
  };
}
