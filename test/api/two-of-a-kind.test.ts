import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let broker: TestBroker;
const ids: Record<string, string> = {};
beforeAll(async () => {
  broker = await startBroker();
  for (const name of ['team_a', 'team_b']) {
    ids[name] = (await broker.api('/v1/connections', { body: { name, connector: 'slack', sandbox: true } })).body.id;
  }
  const mapped = Object.keys(ids).map((connection_name) => ({ connection_name, tools: ['slack_list_channels'] }));
  await broker.api('/v1/mcp-configs', { body: { name: 'both', connection_tool_mappings: mapped } });
});
afterAll(() => broker?.close());

describe('two connections of one connector in one config', () => {
  it('have tools of their own, told apart by the connection’s name', async () => {
    const { url } = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'both', user_identifier: 'ada' } })).body;
    const listed = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
    });
    const { result } = (await listed.json()) as Json;
    expect(result.tools.map((t: Json) => t.name)).toEqual(['slack_list_channels__team_a', 'slack_list_channels__team_b']);
  });

  it('cannot be renamed so that two tools would have one name', async () => {
    const renamed = await broker.api(`/v1/connections/${ids['team_b']}`, { method: 'PATCH', body: { name: 'team-a' } });
    expect([renamed.status, renamed.body.code]).toEqual([409, 'name_taken']);
    expect((await broker.api(`/v1/connections/${ids['team_b']}`)).body.name).toBe('team_b');
  });

  it('need to be named where a tool is executed without MCP', async () => {
    const body = { identifier: 'ada' };
    const which = await broker.api('/v1/tools/slack_list_channels/execute', { body });
    expect([which.status, which.body.code]).toEqual([422, 'ambiguous_connection']);
    const one = await broker.api('/v1/tools/slack_list_channels/execute', { body: { ...body, connection_name: 'team_b' } });
    expect(one.body.connection_name).toBe('team_b');
  });
});

describe('an update that names nothing', () => {
  it.each(['connections', 'mcp-configs'])('of %s is refused and makes no new version', async (noun) => {
    const [{ id }] = (await broker.api(`/v1/${noun}`)).body.items;
    const before = (await broker.api(`/v1/${noun}/${id}`)).body;
    const answer = await broker.api(`/v1/${noun}/${id}`, { method: 'PATCH', body: {} });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    expect((await broker.api(`/v1/${noun}/${id}`)).body).toEqual(before);
  });
});
