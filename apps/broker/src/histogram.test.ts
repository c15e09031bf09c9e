import { Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createHistogram } from './histogram.ts';
import { createMetrics } from './metrics.ts';

const what = { name: 'a_duration_seconds', help: 'How long it took', labelNames: ['route', 'status'] as const, buckets: [0.1, 1, 10] };
const observed = [
  [{ status: '200', route: '/a "b"' }, [0, 0.1, 0.1000001, 1, 5, 10, 10.5, 1e9]],
  [{ status: '404', route: '/c' }, [0.5]],
  [{ status: '500', route: '/d\\e' }, []],
] as const;

describe('a histogram', () => {
  it('is exported character for character as one of prom-client is', async () => {
    const [ours, theirs] = [new Registry(), new Registry()];
    const seriesOf = createHistogram(ours, what);
    const histogram = new Histogram({ ...what, labelNames: [...what.labelNames], registers: [theirs] });
    for (const [labels, values] of observed) {
      const series = seriesOf(labels);
      if (values.length === 0) histogram.zero({ route: labels.route, status: labels.status });
      for (const value of values) {
        series.observe(value);
        histogram.labels(labels.route, labels.status).observe(value);
      }
    }
    expect((await ours.metrics()).split('\n')).toEqual((await theirs.metrics()).split('\n'));
  });

  it('of one name is there once', () => {
    const registry = new Registry();
    createHistogram(registry, what);
    expect(() => createHistogram(registry, what)).toThrow(/already/);
  });
});

describe('tool calls', () => {
  const record = { connector: 'acme', effect: 'read', via: 'mcp', outcome: 'success', fault_code: null, duration_ms: 40 } as never;

  it('are counted once each, however often somebody asks', async () => {
    const metrics = createMetrics();
    const counted = async () => (await metrics.registry.metrics()).match(/^grantway_tool_calls_total\{.*\} \d+$/gm);
    metrics.toolCall(record);
    metrics.toolCall(record);
    metrics.toolCall({ ...(record as object), outcome: 'failed', fault_code: 'provider_error' } as never);
    const all = [
      'grantway_tool_calls_total{connector="acme",effect="read",via="mcp",outcome="success",fault="none"} 2',
      'grantway_tool_calls_total{connector="acme",effect="read",via="mcp",outcome="failed",fault="provider_error"} 1',
    ];
    expect(await counted()).toEqual(all);
    expect(await counted()).toEqual(all);
    metrics.toolCall(record);
    expect((await counted())?.[0]).toMatch(/ 3$/);
  });
});
