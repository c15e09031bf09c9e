import { tellOfExpiredInstances } from '@grantway/core';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { connectedApp, type McpServer, mcpServer, refreshForm, tokenRequest } from '../mcp-authorization/setting.ts';
import { startWebhookReceiver, type WebhookReceiver } from './receiver.ts';

let broker: TestBroker;
let rows: Rows;
let server: McpServer;
let receiver: WebhookReceiver;

beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  server = await mcpServer(broker);
  receiver = await startWebhookReceiver();
  const events = ['mcp_instance.expired', 'mcp_grant.created', 'mcp_grant.revoked'];
  const made = await broker.api('/v1/webhook-endpoints', { body: { url: receiver.url, events } });
  expect(made.status).toBe(201);
  receiver.secrets.push(made.body.secret);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await receiver?.close();
});

const hour = () => new Date(Date.now() + 3_600_000).toISOString();
const ensure = async (user_identifier: string, more: Json = {}): Promise<Json> =>
  (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'incident-responder', user_identifier, ...more } })).body;
/** Time passes: the end of an instance's URL is so far back. */
const end = (id: string, ago = '1 second') =>
  rows.query(`update mcp_instances set expires_at = now() - interval '${ago}' where id = $1`, [id]);
const told = (field: string, id: string) =>
  rows.query<{ id: string; type: string; data: Json }>(
    `select id, type, data from events where data->>$1 = $2 and type = any($3) order by seq`,
    [field, id, ['mcp_instance.expired', 'mcp_grant.created', 'mcp_grant.revoked']],
  );
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 20_000, interval: 50 });

describe('an MCP URL whose end has come', () => {
  it('is told of once by however many processes, with its webhook in the same statement, and again for its next end', async () => {
    const { id } = await ensure('expiring', { expires_at: hour() });
    await tellOfExpiredInstances(broker.modules);
    expect(await told('mcp_instance_id', id)).toEqual([]);
    await end(id);
    await Promise.all([1, 2, 3].map(() => tellOfExpiredInstances(broker.modules)));
    const [event, ...more] = await told('mcp_instance_id', id);
    expect([event?.type, more]).toEqual(['mcp_instance.expired', []]);
    expect(event?.data).toEqual({
      mcp_instance_id: id,
      identifier: 'expiring',
      config_name: 'incident-responder',
      client_id: broker.client.clientId,
      expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(await rows.query('select 1 from webhook_deliveries where event_id = $1', [event?.id])).toHaveLength(1);
    await eventually(() => expect(receiver.received.map((one) => one.id)).toContain(event?.id));

    await ensure('expiring');
    expect(await tellOfExpiredInstances(broker.modules)).toBe(0);
    await end(id);
    await tellOfExpiredInstances(broker.modules);
    expect(await told('mcp_instance_id', id)).toHaveLength(2);
  });

  it('is not told of where the URL was revoked before, has no end, or ended long before there was anybody to tell', async () => {
    const [revoked, endless, old] = [await ensure('gone', { expires_at: hour() }), await ensure('endless'), await ensure('old')];
    expect((await broker.api(`/v1/mcp-instances/${revoked.id}/revoke`, { method: 'POST' })).status).toBe(200);
    await end(revoked.id);
    await end(old.id, '8 days');
    await tellOfExpiredInstances(broker.modules);
    for (const { id } of [revoked, endless, old]) expect(await told('mcp_instance_id', id)).toEqual([]);
  });
});

describe('what a person allows an MCP client', () => {
  it('is told of when it begins and when it ends, by whom, and without a code or a token', async () => {
    const { app, tokens } = await connectedApp(broker, server, 'ada');
    const [grant] = (await broker.api('/v1/mcp-grants?user_identifier=ada')).body.items;
    const deed = () => broker.api(`/v1/mcp-grants/${grant.id}`, { method: 'DELETE' });
    expect([(await deed()).status, (await deed()).status]).toEqual([204, 404]);
    const events = await told('mcp_grant_id', grant.id);
    const data = {
      mcp_grant_id: grant.id,
      mcp_instance_id: grant.mcp_instance_id,
      identifier: 'ada',
      config_name: 'incident-responder',
      oauth_client_id: app.clientId,
      oauth_client_name: 'Test client',
      verified_host: null,
      scope: 'mcp',
      signed_in_by: 'link',
    };
    expect(events.map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'mcp_grant.created', data },
      { type: 'mcp_grant.revoked', data: { ...data, reason: 'operator' } },
    ]);
    await eventually(() => expect(receiver.received.map((one) => one.id)).toEqual(expect.arrayContaining(events.map((one) => one.id))));
    for (const one of receiver.received) {
      expect(one.verifiedBy).toHaveLength(1);
      expect(one.body).not.toMatch(/gwac_|gwrt_|gwmcp_|code_|verifier/);
      expect(one.body).not.toContain(tokens.access_token);
    }
  });

  it('is told of as ended where a refresh token came twice', async () => {
    const { app, tokens } = await connectedApp(broker, server, 'bob');
    const refresh = () => tokenRequest(broker, refreshForm(app, server, tokens.refresh_token));
    expect([(await refresh()).status, (await refresh()).status]).toEqual([200, 400]);
    const [grant] = (await broker.api('/v1/mcp-grants?user_identifier=bob')).body.items;
    expect((await told('mcp_grant_id', grant.id)).map(({ type, data }) => [type, data.reason])).toEqual([
      ['mcp_grant.created', undefined],
      ['mcp_grant.revoked', 'refresh_token_replayed'],
    ]);
  });
});
