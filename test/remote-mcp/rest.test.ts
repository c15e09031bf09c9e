import { randomBytes } from 'node:crypto';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { instanceOf, namesAt, offers } from './setting.ts';

/** Tools of remote MCP servers, for callers without MCP: the same names, accounts and audit as through the gateway. */
let broker: TestBroker;
let open: Fixture;
let personal: Fixture;
let docs: string;
let notes: string;
const key = randomBytes(16).toString('hex');

beforeAll(async () => {
  open = await startFixture();
  personal = await startFixture({ authorization: `Bearer ${key}` });
  for (const fixture of [open, personal]) fixture.tools.push(...offers().tools);
  broker = await startBroker({ allowHosts: [open, personal].map(({ url }) => new URL(url).host) });
  docs = `docs-${randomBytes(3).toString('hex')}`;
  notes = `notes-${randomBytes(3).toString('hex')}`;
  for (const [name, mcp] of [
    [docs, { url: open.url }],
    [notes, { url: personal.url, credential: 'user' }],
  ] as const) {
    expect((await broker.api('/v1/connections', { body: { name, connector: 'mcp', mcp } })).status).toBe(201);
  }
  expect((await broker.api('/v1/connections', { body: { name: 'slack', connector: 'slack', sandbox: true } })).status).toBe(201);
});
afterAll(async () => {
  await broker?.close();
  await Promise.all([open, personal].map((fixture) => fixture.close()));
});

const shown = (connection: string, tool: string) => `${connection.replaceAll('-', '_')}_${tool}`;
const execute = (tool: string, body: Json, headers: Record<string, string> = {}) =>
  broker.api(`/v1/tools/${tool}/execute`, { body: { identifier: 'ada', ...body }, headers });
const listed = async (query: Record<string, string>): Promise<Json[]> =>
  (await broker.api(`/v1/tools?${new URLSearchParams(query)}`)).body.items;
const callsOf = (fixture: Fixture, tool: string) =>
  fixture.requests.filter(({ body }) => body?.method === 'tools/call' && (body.params as Json).name === tool).length;

describe('the lists', () => {
  it('name the connector of remote servers', async () => {
    const { items } = (await broker.api('/v1/connectors')).body;
    expect(items.find((c: Json) => c.id === 'mcp')).toMatchObject({ name: 'Remote MCP server', tool_count: 0 });
    expect((await broker.api('/v1/connectors/mcp')).body).toMatchObject({ id: 'mcp', tools: [] });
  });

  it('show a server’s tools under the names that the gateway gives them', async () => {
    const items = await listed({ connection_name: docs });
    const instance = await instanceOf(broker, { a: { url: open.url } });
    const prefix = `a_${instance.suffix}_`;
    const atGateway = (await namesAt(instance.url)).map((name) => shown(docs, name.slice(prefix.length)));
    expect(items.map((tool) => tool.name).sort()).toEqual(atGateway.sort());
    expect(items.every((tool) => tool.connector === 'mcp')).toBe(true);
    expect(items.find((tool) => tool.name === shown(docs, 'echo'))).toMatchObject({ effect: 'read', annotations: { readOnlyHint: true } });
    expect(items.find((tool) => tool.name === shown(docs, 'remove'))).toMatchObject({ effect: 'destructive' });
  });

  it('show them beside the catalogue’s, and alone where the connector is named', async () => {
    const names = (await listed({})).map((tool) => tool.name);
    expect(names).toEqual(expect.arrayContaining(['slack_list_channels', shown(docs, 'echo')]));
    const alone = await listed({ connector: 'mcp' });
    expect(alone.every((tool) => tool.connector === 'mcp')).toBe(true);
    expect((await listed({ connector: 'slack' })).every((tool) => tool.connector === 'slack')).toBe(true);
    expect((await listed({ query: 'say it again' })).map((tool) => tool.name)).toContain(shown(docs, 'echo'));
  });
});

describe('a call', () => {
  it('reaches the server, and leaves the row of any call', async () => {
    const { status, body } = await execute(shown(docs, 'echo'), { arguments: { words: 'grüezi' } });
    expect([status, body.output]).toEqual([200, { words: 'grüezi' }]);
    expect((await broker.api(`/v1/tool-calls/${body.tool_call_id}`)).body).toMatchObject({
      via: 'api',
      connector: 'mcp',
      connection_name: docs,
      user_identifier: 'ada',
      outcome: 'success',
    });
    expect((await execute(shown(docs, 'echo'), { connection_name: docs })).status).toBe(200);
  });

  it('that the tool itself fails is a provider’s error with its words', async () => {
    const { status, body } = await execute(shown(docs, 'test_error_handling'), {});
    expect([status, body.code]).toEqual([502, 'provider_error']);
    expect(body.detail).toContain('intentionally');
    expect((await broker.api(`/v1/tool-calls/${body.tool_call_id}`)).body).toMatchObject({
      outcome: 'failed',
      fault_code: 'provider_error',
    });
  });

  it('that asks back cannot be answered here, and says so', async () => {
    const { status, body } = await execute(shown(docs, 'ask_name'), {});
    expect(status).toBe(502);
    expect(body.detail).toMatch(/asked for something that this client cannot answer/);
  });

  it('with an Idempotency-Key is made once', async () => {
    const before = callsOf(open, 'remove');
    const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
    const [one, two] = [await execute(shown(docs, 'remove'), {}, headers), await execute(shown(docs, 'remove'), {}, headers)];
    expect(two.body).toEqual(one.body);
    expect(callsOf(open, 'remove')).toBe(before + 1);
  });

  it('of a tool that is not there, or at another connection, is refused and asks no tool of anybody', async () => {
    const before = open.requests.filter(({ body }) => body?.method === 'tools/call').length;
    expect((await execute(shown(docs, 'nothing'), {})).body.code).toBe('unknown_tool');
    expect((await execute('nothing', {})).body.code).toBe('unknown_tool');
    expect((await execute(shown(docs, 'echo'), { connection_name: notes })).body.code).toBe('unknown_tool');
    expect((await execute('slack_list_channels', { connection_name: docs })).body.code).toBe('unknown_connection');
    expect(open.requests.filter(({ body }) => body?.method === 'tools/call').length).toBe(before);
  });
});

describe('a server at which each person has a key', () => {
  it('shows and does nothing before the person is connected, and then for that person alone', async () => {
    const connect = shown(notes, 'connect');
    for (const query of [{}, { identifier: 'ada' }] as Record<string, string>[]) {
      expect((await listed({ connection_name: notes, ...query })).map((tool) => tool.name)).toEqual([connect]);
    }
    const links: string[] = [];
    for (const tool of [connect, shown(notes, 'echo')]) {
      const { status, body } = await execute(tool, {});
      expect([status, body.code]).toEqual([409, 'authorization_required']);
      links.push(body.authentication_link);
    }
    expect(new Set(links).size).toBe(1);
    expect(callsOf(personal, 'echo')).toBe(0);
    expect((await broker.connectKey(links[0] as string, { value: key })).status).toBe(200);

    expect((await listed({ connection_name: notes, identifier: 'ada' })).map((tool) => tool.name)).toContain(shown(notes, 'echo'));
    expect((await execute(shown(notes, 'echo'), { arguments: { n: 1 } })).body.output).toEqual({ n: 1 });
    expect((await listed({ connection_name: notes })).map((tool) => tool.name)).toEqual([connect]);
    expect((await listed({ connection_name: notes, identifier: 'eve' })).map((tool) => tool.name)).toEqual([connect]);
    expect((await execute(shown(notes, 'echo'), { identifier: 'eve' })).body.code).toBe('authorization_required');
    expect(callsOf(personal, 'echo')).toBe(1);
  });
});
