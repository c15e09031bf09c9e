import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const many = 45;
const pageSize = 20;

let broker: TestBroker;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker, 'ada');
  await connectAll(broker, instance);
  const make = async (path: string, body: (i: number) => Json) => {
    for (let from = 0; from < many; from += 9) {
      await Promise.all(Array.from({ length: 9 }, (_, i) => broker.api(path, { body: body(from + i) })));
    }
  };
  await make('/v1/connections', (i) => ({ name: `many-${i}`, connector: i % 2 === 0 ? 'slack' : 'linear' }));
  await make('/v1/mcp-configs', (i) => ({ name: `many-${i}`, connection_tool_mappings: [{ connection_name: 'slack' }] }));
  await make('/v1/connected-accounts/authorization-link', (i) => ({ connection_name: 'slack', identifier: `user-${i}` }));
  await make('/v1/tools/nothing/execute', (i) => ({ identifier: `user-${i % 3}` }));
});
afterAll(() => broker?.close());

async function walk(path: string, limit: number, between: () => Promise<unknown> = async () => {}): Promise<Json[][]> {
  const pages: Json[][] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor === null ? {} : { cursor }) });
    const answer: { status: number; body: Json } = await broker.api(`${path}${path.includes('?') ? '&' : '?'}${query}`);
    expect(answer.status).toBe(200);
    pages.push(answer.body.items);
    cursor = answer.body.next_cursor;
    await between();
  } while (cursor !== null && pages.length < 50);
  return pages;
}

const items = async (path: string): Promise<Json[]> => (await walk(path, 100)).flat();

describe.each([
  ['/v1/connections', many + 3, { name: 'late', connector: 'slack' }, '/v1/connections'],
  ['/v1/mcp-configs', many + 1, { name: 'late', connection_tool_mappings: [{ connection_name: 'slack' }] }, '/v1/mcp-configs'],
  ['/v1/connected-accounts', many + 3, { connection_name: 'slack', identifier: 'late' }, '/v1/connected-accounts/authorization-link'],
  ['/v1/tool-calls', many, { identifier: 'late' }, '/v1/tools/nothing/execute'],
  ['/v1/audit-events', undefined, { connection_name: 'linear', identifier: 'late' }, '/v1/connected-accounts/authorization-link'],
] as const)('%s', (path, count, late, latePath) => {
  it('is walked page by page, newest first, with no row twice and none missing', async () => {
    const pages = await walk(path, pageSize);
    const ids = pages.flat().map((row) => row.id as string);
    if (count !== undefined) expect(ids).toHaveLength(count);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort().reverse());
    expect(pages.slice(0, -1).map((page) => page.length)).toEqual(Array(pages.length - 1).fill(pageSize));
    expect(ids).toEqual((await items(path)).map((row) => row.id));
  });

  it('keeps its place while rows are added', async () => {
    const before = (await items(path)).map((row) => row.id);
    let added = 0;
    const walked = await walk(path, pageSize, async () => {
      if (added++ === 0) expect((await broker.api(latePath, { body: late })).status).toBeLessThan(500);
    });
    expect(walked.flat().map((row) => row.id)).toEqual(before);
  });

  it('holds twenty rows when nothing is asked', async () => {
    expect((await broker.api(path)).body.items).toHaveLength(20);
  });
});

describe('a list that ends with a full page', () => {
  it('ends there', async () => {
    expect((await walk('/v1/tool-calls?user_identifier=user-1', 15)).map((page) => page.length)).toEqual([15]);
    expect((await walk('/v1/tool-calls?user_identifier=user-1', 5)).map((page) => page.length)).toEqual([5, 5, 5]);
    expect((await walk('/v1/tool-calls?user_identifier=nobody', 5)).map((page) => page.length)).toEqual([0]);
  });
});

describe('filters of connections', () => {
  it('keep what fits', async () => {
    expect((await items('/v1/connections?connector=linear')).every((c) => c.connector === 'linear')).toBe(true);
    expect(await items('/v1/connections?connector=linear')).toHaveLength(23);
    expect((await items('/v1/connections?name=many-7')).map((c) => c.name)).toEqual(['many-7']);
    expect(await items('/v1/connections?connector=slack&name=many-7')).toEqual([]);
    expect((await items('/v1/mcp-configs?name=many-7')).map((c) => c.name)).toEqual(['many-7']);
  });
});

describe('MCP instances', () => {
  it('are listed and read without their URLs, and found by user and config', async () => {
    const listed = await items('/v1/mcp-instances?user_identifier=ada&config_name=incident-responder');
    expect(listed).toEqual([
      {
        id: instance.id,
        user_identifier: 'ada',
        config: instance.config,
        client_id: broker.client.clientId,
        expires_at: null,
        previous_url_expires_at: null,
        revoked_at: null,
        created_at: instance.created_at,
      },
    ]);
    expect((await broker.api(`/v1/mcp-instances/${instance.id}`)).body).toEqual(listed[0]);
    expect(await items('/v1/mcp-instances?user_identifier=ADA')).toEqual([]);
    expect(await items('/v1/mcp-instances?config_name=many-7')).toEqual([]);
  });
});

describe('filters of connected accounts', () => {
  it('keep what fits, alone and together', async () => {
    const by = (query: string) => items(`/v1/connected-accounts?${query}`);
    expect((await by('identifier=ada')).map((a) => a.connection_name).sort()).toEqual(['datadog', 'linear', 'slack']);
    expect((await by('connection_name=datadog')).map((a) => a.identifier)).toEqual(['ada']);
    expect((await by('status=ACTIVE')).map((a) => a.identifier)).toEqual(['ada', 'ada', 'ada']);
    expect((await by('status=PENDING_AUTH&connection_name=slack')).length).toBeGreaterThanOrEqual(many);
    expect((await by('identifier=user-7&connection_name=slack&status=PENDING_AUTH')).map((a) => a.identifier)).toEqual(['user-7']);
    expect(await by('identifier=user-7&status=ACTIVE')).toEqual([]);
    expect(await by('identifier=USER-7')).toEqual([]);
    expect(await by('status=REVOKED')).toEqual([]);
  });
});

describe('filters of tool calls', () => {
  it('keep what fits, alone and together', async () => {
    const by = (query: string) => items(`/v1/tool-calls?${query}`);
    const run = await broker.api('/v1/tools/datadog_monitors_list/execute', { body: { identifier: 'ada' } });
    const call = (await broker.api(`/v1/tool-calls/${run.body.tool_call_id}`)).body;
    expect(await by('user_identifier=user-1')).toHaveLength(15);
    expect((await by('outcome=refused')).length).toBeGreaterThanOrEqual(many);
    for (const query of ['outcome=success', 'user_identifier=ada', 'connection_name=datadog', 'tool_name=datadog_monitors_list'])
      expect(await by(query)).toEqual([call]);
    expect(await by(`client_id=${broker.client.clientId}&user_identifier=ada`)).toEqual([call]);
    expect(await by('client_id=cl_01m7zehbbhkqr16f08kkqtkma9')).toEqual([]);
    expect(await by(`mcp_instance_id=${instance.id}`)).toEqual([]);
    expect(await by('user_identifier=ada&outcome=refused')).toEqual([]);
  });

  it('take moments inclusively, with any offset', async () => {
    const by = (query: Record<string, string>) => items(`/v1/tool-calls?${new URLSearchParams(query)}`);
    const [newest] = await by({ user_identifier: 'ada' });
    const at: string = newest.created_at;
    const later = new Date(Date.parse(at) + 1).toISOString();
    const earlier = new Date(Date.parse(at) - 1).toISOString();
    expect(await by({ user_identifier: 'ada', created_after: at, created_before: at })).toEqual([newest]);
    expect(await by({ user_identifier: 'ada', created_after: at.replace('Z', '+00:00') })).toEqual([newest]);
    expect(await by({ user_identifier: 'ada', created_after: later })).toEqual([]);
    expect(await by({ user_identifier: 'ada', created_before: earlier })).toEqual([]);
    const shifted = new Date(Date.parse(at) + 2 * 3_600_000).toISOString().replace('Z', '+02:00');
    expect(await by({ user_identifier: 'ada', created_after: shifted, created_before: shifted })).toEqual([newest]);
  });
});

describe('filters of audit events', () => {
  it('keep what fits', async () => {
    const by = (query: string) => items(`/v1/audit-events?${query}`);
    expect((await by('action=connection.created')).length).toBeGreaterThanOrEqual(many + 3);
    const [one] = await items('/v1/connections?name=many-7');
    const [event, ...others] = await by(`target_id=${one.id}`);
    expect(others).toEqual([]);
    expect(event).toMatchObject({
      action: 'connection.created',
      actor: { kind: 'client', id: broker.client.clientId },
      target: { kind: 'connection', id: one.id },
      details: { name: 'many-7', connector: 'linear', sandbox: false },
    });
    expect(await by(`target_id=${one.id}&action=connection.deleted`)).toEqual([]);
  });
});

describe('connected accounts', () => {
  it('are filtered by reason, and by whether their users must connect again', async () => {
    await broker.control('/datadog/revoke');
    const refused = await broker.api('/v1/tools/datadog_monitors_list/execute', { body: { identifier: 'ada' } });
    expect(refused.body.code).toBe('authorization_required');
    const { items: fallen } = (await broker.api('/v1/connected-accounts?needs_reauthorization=true&limit=100')).body;
    expect(fallen).toMatchObject([{ identifier: 'ada', connector: 'datadog', status: 'REVOKED', reason: 'key_rejected' }]);
    expect((await broker.api('/v1/connected-accounts?reason=key_rejected&limit=100')).body.items).toEqual(fallen);
    expect((await broker.api('/v1/connected-accounts?reason=revoked_by_provider&limit=100')).body.items).toEqual([]);
    const others = (await items('/v1/connected-accounts?needs_reauthorization=false')).map((account) => account.id);
    expect([...others, fallen[0].id].sort()).toEqual((await items('/v1/connected-accounts')).map((account) => account.id).sort());
    expect((await broker.api('/v1/connected-accounts?needs_reauthorization=maybe')).status).toBe(400);
  });
});
