import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { input, ready } from '../processes.ts';

/**
 * Stands in for vendors, as cheaply as HTTP allows: constant answers of about 1 KB by path, after `delayMs`. Paths are the
 * sandbox's (`/<vendor host>/<path>`), so that a broker takes it for its sandbox.
 */
const { delayMs = 0 } = input<{ delayMs?: number }>();

const monitor = JSON.stringify({
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
const person = JSON.stringify({
  data: {
    type: 'users',
    id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
    attributes: { email: 'ada@example.test', handle: 'ada@example.test' },
  },
});
const viewer = JSON.stringify({
  data: { viewer: { id: 'a1', name: 'Ada', email: 'ada@example.test', organization: { id: 'o1', name: 'Acme', urlKey: 'acme' } } },
});
const token = () =>
  JSON.stringify({
    access_token: `a${Math.random()}`.padEnd(40, 'x'),
    refresh_token: `r${Math.random()}`.padEnd(40, 'x'),
    token_type: 'Bearer',
    expires_in: 86_400,
    scope: 'read write issues:create comments:create',
  });

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const url = new URL(request.url ?? '/', 'http://upstream');
    if (url.pathname.endsWith('/oauth/authorize')) {
      const back = new URL(url.searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', `c${Math.random()}`);
      back.searchParams.set('state', url.searchParams.get('state') ?? '');
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    const body = url.pathname.endsWith('/oauth/token')
      ? token()
      : url.pathname.endsWith('/graphql')
        ? viewer
        : url.pathname.endsWith('/current_user')
          ? person
          : monitor;
    const answer = () =>
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
    if (delayMs === 0) answer();
    else setTimeout(answer, delayMs);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => ready({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, () => server.close()));
