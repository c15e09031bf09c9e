import type { Metric, Registry } from 'prom-client';

/** Observations of one set of labels. */
export interface Series {
  observe(value: number): void;
}

/**
 * A histogram that prom-client exports and does not keep: there each observation makes objects and sorts its labels again, which
 * costs more than a call's two log lines do together.
 * @param buckets upper bounds, ascending
 */
export function createHistogram<Label extends string>(
  registry: Registry,
  { name, help, labelNames, buckets }: { name: string; help: string; labelNames: readonly Label[]; buckets: readonly number[] },
): (labels: Record<Label, string>) => Series {
  const all: { labels: Record<Label, string>; counts: number[]; sum: number; count: number }[] = [];
  const values = () =>
    all.flatMap(({ labels, counts, sum, count }) => {
      let below = 0;
      const bounded = buckets.map((le, i) => {
        below += counts[i] as number;
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below };
      });
      return [
        ...bounded,
        { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
  const metric = { name, help, type: 'histogram', aggregator: 'sum' };
  registry.registerMetric({ ...metric, get: async () => ({ ...metric, values: values() }) } as unknown as Metric);
  return (labels) => {
    // In the order in which they are named, whoever gives them.
    const ordered = Object.fromEntries(labelNames.map((label) => [label, labels[label]])) as Record<Label, string>;
    const series = { labels: ordered, counts: buckets.map(() => 0), sum: 0, count: 0 };
    all.push(series);
    return {
      observe(value) {
        series.sum += value;
        series.count += 1;
        const { counts } = series;
        for (let i = 0; i < buckets.length; i++) {
          if (value > (buckets[i] as number)) continue;
          counts[i] = (counts[i] as number) + 1;
          return;
        }
      },
    };
  };
}
