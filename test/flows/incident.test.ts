import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDatabase, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';

/** Consents of many users, a few browsers at a time. */
async function connectUsers(broker: TestBroker, connection_name: string, users: string[]): Promise<void> {
  const todo = [...users];
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (let identifier = todo.pop(); identifier !== undefined; identifier = todo.pop()) {
        const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body;
        const page = await broker.connect(link);
        if (page.status !== 200) throw new Error(`HTTP ${page.status}`);
      }
    }),
  );
}

const users = (what: string, n: number) => Array.from({ length: n }, (_, i) => `${what}-${i}`);
const post = (broker: TestBroker, body: Json) => broker.api('/v1/incidents', { body });
const finished = (broker: TestBroker, id: string): Promise<Json> =>
  vi.waitFor(
    async () => {
      const { body } = await broker.api(`/v1/incidents/${id}`);
      expect(body.status).toBe('finished');
      return body;
    },
    { timeout: 60_000, interval: 250 },
  );

async function report(broker: TestBroker, id: string): Promise<Json[]> {
  const items: Json[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: Json = (await broker.api(`/v1/incidents/${id}/report?limit=100${cursor === null ? '' : `&cursor=${cursor}`}`)).body;
    items.push(...page.items);
    cursor = page.next_cursor;
    if (cursor === null) return items;
  }
}

describe('an incident', () => {
  let broker: TestBroker;
  let rows: Rows;
  beforeAll(async () => {
    broker = await startBroker();
    rows = await openRows(broker);
    for (const [name, connector] of [
      ['linear', 'linear'],
      ['linear-other', 'linear'],
      ['datadog', 'datadog'],
    ])
      await broker.api('/v1/connections', { body: { name, connector, sandbox: true } });
  });
  afterAll(async () => {
    await rows?.close();
    await broker?.close();
  });

  it('E23: ends 300 grants, each with a receipt, at the pace of the connection, and nothing else', async () => {
    await connectUsers(broker, 'linear', users('many', 300));
    await connectUsers(broker, 'linear-other', ['bystander']);
    const before = (await broker.control('/linear/ledger', 'GET')).counts.revocations;

    const preview = await post(broker, { filter: { connection_name: 'linear' }, dry_run: true });
    expect(preview.body).toMatchObject({
      id: null,
      status: 'preview',
      counts: { total: 300, done: 0, remaining: 300 },
      connections: [{ connection_name: 'linear', connector: 'linear', total: 300 }],
    });
    expect((await broker.control('/linear/ledger', 'GET')).counts.revocations).toBe(before);

    const { status, body: incident } = await post(broker, { filter: { connection_name: 'linear' } });
    expect(status).toBe(200);
    expect(incident).toMatchObject({ dry_run: false, counts: { total: 300 } });
    expect(await finished(broker, incident.id)).toMatchObject({
      counts: { total: 300, done: 300, proven: 300, unproven: 0, remaining: 0 },
    });

    const items = await report(broker, incident.id);
    expect(new Set(items.map((item) => item.identifier))).toEqual(new Set(users('many', 300)));
    for (const item of items) {
      expect(item).toMatchObject({ status: 'proven', connection_name: 'linear', detail: expect.stringMatching(/revoked/), attempts: 1 });
      expect(item.settled_at).not.toBeNull();
    }
    expect((await broker.control('/linear/ledger', 'GET')).counts.revocations - before).toBe(300);
    const [left] = await rows.query(
      "select count(*)::int as n from connected_accounts a join connections c on c.id = a.connection_id where c.name = 'linear' and a.credential_ct is not null",
    );
    expect(left).toEqual({ n: 0 });
    const [busiest] = await rows.query<{ n: number }>(
      `select max(n)::int as n from (select count(*) over (order by attempted_at range between interval '999 milliseconds' preceding and current row) as n
         from revocations where incident_id = $1) w`,
      [incident.id],
    );
    expect(busiest?.n).toBeLessThanOrEqual(50);

    const bystander = await broker.api('/v1/tools/linear_teams_list/execute', {
      body: { identifier: 'bystander', connection_name: 'linear-other' },
    });
    expect(bystander.status).toBe(200);
    const audited = await rows.query('select action from audit_events where target_id = $1 order by id', [incident.id]);
    expect(audited.map((row) => row['action'])).toEqual(['incident.requested', 'incident.finished']);
  }, 180_000);

  it('names who is reached by a client, a config, a user and a time, and refuses a name that nobody has', async () => {
    await connectUsers(broker, 'linear', ['in-config', 'by-api', 'neither']);
    await broker.api('/v1/mcp-configs', { body: { name: 'role', connection_tool_mappings: [{ connection_name: 'linear' }] } });
    await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'role', user_identifier: 'in-config' } });
    await broker.api('/v1/tools/linear_teams_list/execute', { body: { identifier: 'by-api', connection_name: 'linear' } });
    const total = async (filter: Json) => (await post(broker, { filter, dry_run: true })).body.counts.total;
    expect(await total({ config_name: 'role' })).toBe(1);
    // The bystander called through this client too.
    expect(await total({ client_id: broker.client.clientId })).toBe(3);
    expect(await total({ client_id: broker.client.clientId, connection_name: 'linear' })).toBe(2);
    expect(await total({ identifier: 'neither' })).toBe(1);
    expect(await total({ connection_name: 'linear', created_before: new Date().toISOString() })).toBe(3);
    expect(await total({ connection_name: 'linear', created_after: new Date(Date.now() + 1000).toISOString() })).toBe(0);
    const [made] = await rows.query<{ at: Date }>(
      "select status_changed_at as at from connected_accounts a join users u on u.id = a.user_id where u.identifier = 'neither'",
    );
    expect(await total({ identifier: 'neither', created_after: new Date((made?.at.getTime() ?? 0) - 5000).toISOString() })).toBe(1);
    expect(await total({})).toBe(4);
    for (const filter of [{ connection_name: 'lineer' }, { client_id: 'cl_nobody' }, { config_name: 'nobody' }, { identifier: 'nobody' }])
      expect((await post(broker, { filter })).body).toMatchObject({ code: 'not_found' });
  });

  it('says of a key that it ended here and could not be revoked', async () => {
    const { link } = (
      await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'datadog', identifier: 'key-holder' } })
    ).body;
    await broker.connectKey(link);
    const { id } = (await post(broker, { filter: { identifier: 'key-holder' } })).body;
    expect(await finished(broker, id)).toMatchObject({ counts: { total: 1, done: 1, proven: 0, unproven: 1 } });
    expect(await report(broker, id)).toMatchObject([{ status: 'unproven', detail: expect.stringMatching(/key/) }]);
    const [account] = (await broker.api('/v1/connected-accounts?identifier=key-holder')).body.items;
    expect(account).toMatchObject({ status: 'DISCONNECTED', reason: 'ended_by_incident', revocation: { status: 'unproven' } });
  });
});

it('an incident goes on after a restart where it was', async () => {
  const database = await createDatabase();
  const stateDir = mkdtempSync(path.join(tmpdir(), 'grantway-incident-'));
  const options = { databaseUrl: database.url, masterKey: randomBytes(32), stateDir, revocationsPerSecond: 10 };
  try {
    const first = await startBroker(options);
    await first.api('/v1/connections', { body: { name: 'linear', connector: 'linear', sandbox: true } });
    await connectUsers(first, 'linear', users('survivor', 40));
    const { id } = (await post(first, { filter: {} })).body;
    await vi.waitFor(async () => expect((await first.api(`/v1/incidents/${id}`)).body.counts.done).toBeGreaterThan(0), { timeout: 20_000 });
    await first.close();
    const second = await startBroker(options);
    try {
      const [left] = await second.modules.db
        .system('sweep')
        .query<{ n: number }>({ name: 'left', text: "select count(*)::int as n from revocations where status = 'pending'", values: [] });
      expect(left?.n).toBeGreaterThan(0);
      expect(await finished(second, id)).toMatchObject({ counts: { total: 40, proven: 40, remaining: 0 } });
    } finally {
      await second.close();
    }
  } finally {
    await database.drop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}, 90_000);
