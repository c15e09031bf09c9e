import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import datadog from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(datadog);

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({ status, headers, body });

describe('datadog refusals', () => {
  it.each([401, 403])('%i rejects the keys', (status) => {
    expect(fault(answer(status, { errors: ['Forbidden'] }))?.kind).toBe('rejected');
  });

  it('a lack of permission does not reject the keys', () => {
    const denied = fault(answer(403, { errors: ['Forbidden', 'Failed permission authorization checks'] }));
    expect(denied).toEqual({ kind: 'error', message: 'Datadog: the application key lacks the permission for this' });
  });

  it('a limited rate says after how many seconds it is lifted', () => {
    expect(fault(answer(429, {}, { 'x-ratelimit-reset': '42' }))).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 42 });
    expect(fault(answer(429, {}))).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: undefined });
  });

  it('a refusal in the form of JSON:API is read too', () => {
    expect(fault(answer(400, { errors: [{ title: 'Bad Request', detail: 'page[size] is too large' }] }))).toEqual({
      kind: 'error',
      message: 'Datadog: page[size] is too large',
    });
  });

  it('a key in the text is removed', () => {
    const key = crypto.randomUUID().replaceAll('-', '');
    expect(fault(answer(400, { errors: [`bad key ${key}`] }))?.message).toBe('Datadog: bad key [removed]');
  });
});

describe('datadog requests', () => {
  const byName = (name: string) => {
    const found = datadog.tools.find((t) => t.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const request = (name: string, input: object) => {
    const t = byName(name);
    return t.request(t.input.parse(input));
  };
  const read = (name: string, body: unknown) => byName(name).respond(body, { status: 200, headers: {}, body });

  it('exactly two monitors of the example are in Alert', () => {
    const given = byName('datadog_monitors_list').examples[0]?.gives as { monitors: { overall_state: string; name: string }[] } | undefined;
    const monitors = given?.monitors ?? [];
    expect(monitors.filter((m) => m.overall_state === 'Alert').map((m) => m.name)).toEqual(['Checkout p95 latency', 'Payment error rate']);
  });

  it('state, tags and words become one search', () => {
    const { query } = request('datadog_monitors_list', { overall_state: 'No Data', tags: ['env:prod', 'team:web'], query: 'checkout' });
    expect(query).toEqual({ query: 'status:"No Data" tag:"env:prod" tag:"team:web" checkout', per_page: 20, page: 0 });
  });

  it('a tag cannot leave its quotes', () => {
    expect(byName('datadog_monitors_list').input.safeParse({ tags: ['a" OR tag:"b'] }).success).toBe(false);
  });

  it('a page of monitors names the next one, the last one none', () => {
    const body = (page: number) => ({ monitors: [], metadata: { page, page_count: 3, per_page: 20, total_count: 50 } });
    expect(read('datadog_monitors_list', body(0))).toMatchObject({ next_cursor: '1' });
    expect(read('datadog_monitors_list', body(2))).toMatchObject({ next_cursor: null });
    expect(request('datadog_monitors_list', { cursor: '1' }).query).toMatchObject({ page: 1 });
  });

  it('an unknown monitor state is said to be unknown', () => {
    const body = {
      monitors: [{ id: 1, name: 'x', type: 'metric alert', status: 'Paused', query: 'q' }],
      metadata: { page: 0, page_count: 1 },
    };
    const { output } = byName('datadog_monitors_list');
    expect(output.parse(read('datadog_monitors_list', body))).toMatchObject({
      monitors: [{ overall_state: 'Unknown', tags: [], last_triggered_at: null }],
    });
  });

  it('incidents are searched where a filter is given, and listed otherwise', () => {
    expect(request('datadog_incidents_list', { cursor: '40' })).toMatchObject({ path: '/api/v2/incidents', query: { 'page[offset]': 40 } });
    expect(request('datadog_incidents_list', { filter: 'state:active' })).toMatchObject({
      path: '/api/v2/incidents/search',
      query: { query: 'state:active', 'page[size]': 20 },
    });
  });

  it('a full page of incidents names the next one, one that is not full is the last', () => {
    const incident = { id: 'x', attributes: { title: 'x' } };
    const page = (data: unknown[]) => ({ data, meta: { pagination: { offset: 40, next_offset: 42, size: 2 } } });
    expect(read('datadog_incidents_list', page([incident, incident]))).toMatchObject({ next_cursor: '42' });
    expect(read('datadog_incidents_list', page([incident]))).toMatchObject({ next_cursor: null });
    expect(read('datadog_incidents_list', page([]))).toEqual({ incidents: [], next_cursor: null });
  });

  it('at most 25 groups of a monitor are shown', () => {
    const groups = Object.fromEntries(
      Array.from({ length: 26 }, (_, i) => [`host:${i}`, { status: 'Alert', last_triggered_ts: 1763718060 }]),
    );
    const body = { id: 1, name: 'x', type: 'metric alert', overall_state: 'Alert', query: 'q', state: { groups } };
    const monitor = read('datadog_monitor_get', body) as { groups: unknown[]; groups_truncated: boolean };
    expect(monitor.groups).toHaveLength(25);
    expect(monitor.groups_truncated).toBe(true);
  });

  it('an incident’s severity and state are sent as its fields', () => {
    const incident_id = '7c1e9d40-5a2b-5f6c-8b3d-4e5f6a7b8c92';
    expect(request('datadog_incident_update', { incident_id, state: 'resolved', severity: 'SEV-3' }).json).toEqual({
      data: {
        id: incident_id,
        type: 'incidents',
        attributes: { fields: { severity: { type: 'dropdown', value: 'SEV-3' }, state: { type: 'dropdown', value: 'resolved' } } },
      },
    });
    expect(byName('datadog_incident_update').input.safeParse({ incident_id }).success).toBe(false);
  });

  it('customers who notice it are described', () => {
    const { input } = byName('datadog_incident_create');
    expect(input.safeParse({ title: 'x', customer_impacted: true }).success).toBe(false);
    expect(input.safeParse({ title: 'x', customer_impacted: false }).success).toBe(true);
  });

  it('a monitor is muted by a downtime of its own, until a moment', () => {
    expect(request('datadog_monitor_mute', { monitor_id: 7, end: '2025-11-21T12:00:00Z' })).toEqual({
      method: 'POST',
      path: '/api/v2/downtime',
      json: {
        data: {
          type: 'downtime',
          attributes: { monitor_identifier: { monitor_id: 7 }, scope: '*', schedule: { end: '2025-11-21T12:00:00Z' } },
        },
      },
    });
  });

  it('pages that are counted by us end with one that is not full', () => {
    const t = byName('datadog_downtimes_list');
    const asked = request('datadog_downtimes_list', { limit: 1, cursor: '4' });
    const example = t.examples[0]?.receives.body;
    expect(t.respond(example, { status: 200, headers: {}, body: example }, asked)).toMatchObject({ next_cursor: '5' });
    const none = { data: [] };
    expect(t.respond(none, { status: 200, headers: {}, body: none }, asked)).toEqual({ downtimes: [], next_cursor: null });
  });

  it('numbered pages end where the count of all is reached', () => {
    const t = byName('datadog_users_list');
    const page = (cursor: string, total: number) => {
      const body = { data: [{ id: 'a' }, { id: 'b' }], meta: { page: { total_filtered_count: total } } };
      return t.respond(body, { status: 200, headers: {}, body }, request('datadog_users_list', { limit: 2, cursor }));
    };
    expect(page('1', 5)).toMatchObject({ next_cursor: '2' });
    expect(page('1', 4)).toMatchObject({ next_cursor: null });
  });

  it('metrics are asked for in seconds, and long series are cut to their end', () => {
    const asked = { query: 'q', from: '2025-11-21T09:40:00.900Z', to: '2025-11-21T09:42:00Z' };
    expect(request('datadog_metrics_query', asked).query).toEqual({ query: 'q', from: 1763718000, to: 1763718120 });
    const pointlist = Array.from({ length: 101 }, (_, i) => [1763718000000 + i * 1000, i === 100 ? null : i]);
    const answer = read('datadog_metrics_query', { series: [{ expression: 'q', scope: '*', pointlist }] }) as {
      series: { points: unknown[]; last: number; min: number }[];
      truncated: boolean;
    };
    expect(answer.truncated).toBe(true);
    expect(answer.series[0]).toMatchObject({ last: 99, min: 0, max: 99 });
    expect(answer.series[0]?.points).toHaveLength(100);
  });

  it('a measure is computed of a field, and counting needs none', () => {
    const { input } = byName('datadog_logs_aggregate');
    const asked = { from: '2025-11-21T09:00:00Z', to: '2025-11-21T10:00:00Z' };
    expect(input.safeParse(asked).success).toBe(true);
    expect(input.safeParse({ ...asked, aggregation: 'avg' }).success).toBe(false);
    expect(input.safeParse({ ...asked, aggregation: 'avg', metric: '@duration' }).success).toBe(true);
  });

  it('who is on call and not described is shown by id alone', () => {
    const body = { data: { relationships: { responders: { data: [{ id: 'u1' }] } } } };
    expect(read('datadog_team_oncall_get', body)).toEqual({ responders: [{ id: 'u1', name: '', email: null, is_active: true }] });
  });

  it('all tools together cost an agent less than 8,000 tokens', () => {
    const shown = datadog.tools.map((t) => ({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }));
    expect(JSON.stringify(shown).length / 4).toBeLessThan(8000);
  });
});
