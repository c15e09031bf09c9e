/** What the vendor of the run answers: about 1 KB. */
export const monitorAnswer = JSON.stringify({
  id: 18342011,
  name: 'Error rate of checkout is high',
  type: 'query alert',
  overall_state: 'Alert',
  query: 'sum(last_5m):sum:trace.http.request.errors{service:checkout}.as_count() > 50',
  message: 'Checkout answers with errors. Look at the last deployment first; the runbook says how to roll back. '.repeat(4),
  tags: ['service:checkout', 'team:payments', 'env:production'],
  priority: 2,
  creator: { name: 'Ada Example', email: 'ada@example.test', handle: 'ada@example.test' },
  created: '2026-05-04T09:12:00.000000+00:00',
  modified: '2026-10-02T16:40:00.000000+00:00',
  options: { thresholds: { critical: 50 }, notify_no_data: false },
  state: { groups: { 'host:web-1': { name: 'host:web-1', status: 'Alert', last_triggered_ts: 1_763_650_000 } } },
});
