import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
  for (const connector of ['slack', 'linear', 'datadog']) {
    await broker.api('/v1/connections', { body: { name: connector, connector, sandbox: true } });
  }
});
afterAll(() => broker?.close());

let count = 0;
async function newConfig(more: Json = {}): Promise<Json> {
  const body = {
    name: `config-${++count}`,
    connection_tool_mappings: [{ connection_name: 'slack' }, { connection_name: 'linear' }],
    ...more,
  };
  const answer = await broker.api('/v1/mcp-configs', { body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer;
}
const patch = (id: string, body: Json, headers: Record<string, string> = {}) =>
  broker.api(`/v1/mcp-configs/${id}`, { method: 'PATCH', body, headers });

describe('lost updates', () => {
  it('every answer about one config carries its version as ETag', async () => {
    const { headers, body } = await newConfig();
    expect(headers.get('etag')).toBe('"1"');
    const changed = await patch(body.id, { description: 'two' });
    expect([changed.body.version, changed.headers.get('etag')]).toEqual([2, '"2"']);
    expect((await broker.api(`/v1/mcp-configs/${body.id}`)).headers.get('etag')).toBe('"2"');
  });

  it('If-Match of another version is 412, a version in the body 409; nothing changes', async () => {
    const { body: config } = await newConfig();
    await patch(config.id, { description: 'by somebody else' });
    for (const [tag, status] of [
      ['"1"', 412],
      ['W/"2"', 412],
      ['"x", "1"', 412],
      ['2', 400],
      ['"2', 400],
    ] as const) {
      const answer = await patch(config.id, { description: 'mine' }, { 'if-match': tag });
      expect([tag, answer.status]).toEqual([tag, status]);
      if (status === 412) expect(answer.body).toMatchObject({ code: 'precondition_failed', detail: 'the config is at version 2' });
    }
    const stale = await patch(config.id, { description: 'mine', version: 1 });
    expect([stale.status, stale.body.code]).toEqual([409, 'version_conflict']);
    const gone = await broker.api(`/v1/mcp-configs/${config.id}`, { method: 'DELETE', headers: { 'if-match': '"1"' } });
    expect(gone.status).toBe(412);
    expect((await broker.api(`/v1/mcp-configs/${config.id}`)).body).toMatchObject({ version: 2, description: 'by somebody else' });
    for (const tag of ['"2"', '"1", "3"', '*']) {
      expect((await patch(config.id, { description: tag }, { 'if-match': tag })).status).toBe(200);
    }
  });

  it('of many who read the same version, one changes it', async () => {
    const { body: config } = await newConfig();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => patch(config.id, { description: `${i}` }, { 'if-match': '"1"' })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(412)]);
    expect((await broker.api(`/v1/mcp-configs/${config.id}`)).body.version).toBe(2);
  });
});

describe('history', () => {
  it('each change is a version that stays as it was, with who made it and when', async () => {
    const { body: config } = await newConfig({ description: 'first', policy: { read_only: true } });
    await patch(config.id, { description: 'second', connection_tool_mappings: [{ connection_name: 'slack' }], policy: {} });
    await patch(config.id, { name: `renamed-${count}` });
    const { body } = await broker.api(`/v1/mcp-configs/${config.id}/versions`);
    expect(body.items.map((v: Json) => [v.version, v.name, v.description, v.policy.read_only, v.connection_tool_mappings.length])).toEqual([
      [3, `renamed-${count}`, 'second', false, 1],
      [2, config.name, 'second', false, 1],
      [1, config.name, 'first', true, 2],
    ]);
    for (const version of body.items) {
      expect(version).toMatchObject({ mcp_config_id: config.id, restored_from: null });
      expect(version.created_by).toEqual({ kind: 'client', id: broker.client.clientId });
      expect((await broker.api(`/v1/mcp-configs/${config.id}/versions/${version.version}`)).body).toEqual(version);
    }
  });

  it('comes in pages', async () => {
    const { body: config } = await newConfig();
    for (const description of ['2', '3', '4', '5']) await patch(config.id, { description });
    const seen: number[] = [];
    let cursor = '';
    do {
      const { body } = await broker.api(`/v1/mcp-configs/${config.id}/versions?limit=2${cursor}`);
      seen.push(...body.items.map((v: Json) => v.version));
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor !== '');
    expect(seen).toEqual([5, 4, 3, 2, 1]);
    expect((await broker.api(`/v1/mcp-configs/${config.id}/versions?cursor=bm9wZQ`)).status).toBe(400);
  });

  it.each(['0', '2', '-1', '1.0', 'x', '99999999999'])('there is no version %s of a new config', async (version) => {
    const { body: config } = await newConfig();
    for (const rest of ['', '/diff']) {
      expect((await broker.api(`/v1/mcp-configs/${config.id}/versions/${version}${rest}`)).status).toBe(404);
    }
    expect((await broker.api(`/v1/mcp-configs/${config.id}/versions/${version}/restore`, { method: 'POST' })).status).toBe(404);
  });
});

describe('the difference of two versions', () => {
  it('is by what entries are about, with pointers and both values', async () => {
    const policy = {
      tools: [{ tool: 'slack_post_message', constraints: { channel: { enum: ['C024BE91L'] } } }],
      limits: [{ per: 'user', requests_per_minute: 10 }],
    };
    const { body: config } = await newConfig({ policy });
    await patch(config.id, {
      connection_tool_mappings: [
        { connection_name: 'linear', tools: ['linear_issue_create'] },
        { connection_name: 'slack' },
        { connection_name: 'datadog' },
      ],
      policy: {
        read_only: true,
        tools: [
          { tool: 'linear_issue_create', approval: 'deny' },
          { tool: 'slack_post_message', constraints: { channel: { enum: ['C024BE91L', 'C061EG9T2'] } } },
        ],
      },
    });
    const path = `/v1/mcp-configs/${config.id}/versions/2/diff`;
    const { body } = await broker.api(path);
    expect(body).toMatchObject({ mcp_config_id: config.id, from: 1, to: 2 });
    const sorted = (changes: Json[]) => changes.map((c) => `${c.op} ${c.pointer}`).sort();
    expect(sorted(body.changes)).toEqual(
      [
        'added /connection_tool_mappings/0/tools/0',
        'added /connection_tool_mappings/2',
        'added /policy/tools/0',
        'added /policy/tools/1/constraints/channel/enum/1',
        'changed /policy/read_only',
        'removed /policy/limits/0',
      ].sort(),
    );
    expect(body.changes.find((c: Json) => c.op === 'changed')).toMatchObject({ before: false, after: true });
    expect((await broker.api(`${path}?against=2`)).body.changes).toEqual([]);
    const back = (await broker.api(`/v1/mcp-configs/${config.id}/versions/1/diff?against=2`)).body;
    expect(back).toMatchObject({ from: 2, to: 1 });
    expect(back.changes).toHaveLength(6);
    expect((await broker.api(`${path}?against=7`)).status).toBe(404);
  });
});

describe('restore', () => {
  it('makes a new version of what an old one allowed', async () => {
    const { body: config } = await newConfig({ description: 'as it was', policy: { read_only: true } });
    await patch(config.id, {
      name: `renamed-${count}`,
      description: 'changed',
      connection_tool_mappings: [{ connection_name: 'linear' }],
      policy: {},
    });
    const stale = await broker.api(`/v1/mcp-configs/${config.id}/versions/1/restore`, { method: 'POST', headers: { 'if-match': '"1"' } });
    expect(stale.status).toBe(412);
    const { status, headers, body } = await broker.api(`/v1/mcp-configs/${config.id}/versions/1/restore`, { method: 'POST' });
    expect([status, headers.get('etag')]).toEqual([200, '"3"']);
    const { connection_tool_mappings, policy, description } = config;
    expect(body).toMatchObject({ version: 3, name: `renamed-${count}`, connection_tool_mappings, policy, description });
    const version = (await broker.api(`/v1/mcp-configs/${config.id}/versions/3`)).body;
    expect(version.restored_from).toBe(1);
    const { body: events } = await broker.api('/v1/audit-events?limit=1');
    expect(events.items[0]).toMatchObject({ action: 'mcp_config.updated', details: { version: 3, restored_from: 1 } });
  });

  it('of what is no longer there says so, and changes nothing', async () => {
    await broker.api('/v1/connections', { body: { name: 'passing', connector: 'slack', sandbox: true } });
    const { body: config } = await newConfig({ connection_tool_mappings: [{ connection_name: 'passing' }] });
    await patch(config.id, { connection_tool_mappings: [{ connection_name: 'linear' }] });
    const [passing] = (await broker.api('/v1/connections?name=passing')).body.items;
    expect((await broker.api(`/v1/connections/${passing.id}`, { method: 'DELETE' })).status).toBe(204);
    const { status, body } = await broker.api(`/v1/mcp-configs/${config.id}/versions/1/restore`, { method: 'POST' });
    expect([status, body.code]).toEqual([422, 'unknown_connection']);
    expect((await broker.api(`/v1/mcp-configs/${config.id}`)).body.version).toBe(2);
  });
});
