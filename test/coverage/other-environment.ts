import { newId } from '@grantway/contract';
import { createOperatorClient } from '@grantway/core';
import { connectAll, incidentSetting, type Json, type TestBroker } from '@grantway/test/harness';
import type { Rows } from '../api/rows.ts';
import { parkedApproval } from '../flows/asking.ts';

/** A second tenant of the same installation, with a thing of every kind. */
export interface OtherEnvironment {
  environmentId: string;
  broker: TestBroker;
  instance: Json;
  config: Json;
  connection: Json;
  account: Json;
  toolCall: Json;
  incident: Json;
  webhookEndpoint: Json;
  approval: Json;
  file: Json;
  grantId: string;
  clientId: string;
  identifier: string;
}

export async function makeOtherEnvironment(broker: TestBroker, rows: Rows): Promise<OtherEnvironment> {
  const [workspaceId, environmentId] = [newId('workspace'), newId('environment')];
  await rows.query("insert into workspaces (id, name) values ($1, 'Another workspace')", [workspaceId]);
  await rows.query("insert into environments (id, workspace_id, name) values ($1, $2, 'prod')", [environmentId, workspaceId]);
  const client = await createOperatorClient(broker.modules, environmentId, 'client of another environment');
  const answer = await fetch(`${broker.baseUrl}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.clientSecret }),
  });
  const { access_token: token } = (await answer.json()) as Json;
  const there: TestBroker = { ...broker, client, api: (path, init) => broker.api(path, { token, ...init }) };
  // A name that the first environment has not got, besides those that both have.
  const own = await there.api('/v1/connections', { body: { name: 'only-theirs', connector: 'slack', sandbox: true } });
  await there.api('/v1/mcp-configs', { body: { name: 'only-theirs', connection_tool_mappings: [{ connection_name: 'only-theirs' }] } });
  const identifier = 'user-of-another-environment';
  const instance = await incidentSetting(there, identifier);
  await connectAll(there, instance);
  await there.api('/v1/tools/datadog_monitors_list/execute', { body: { identifier } });
  const webhook = await there.api('/v1/webhook-endpoints', {
    body: { url: 'https://receiver.example/hook', events: ['webhook_endpoint.disabled'] },
  });
  const [account] = (await there.api('/v1/connected-accounts?connection_name=datadog')).body.items;
  await there.api(`/v1/connected-accounts/${account.id}`, { method: 'PATCH', body: { label: 'only-theirs' } });
  const first = async (path: string) => (await there.api(path)).body.items[0];
  const grantId = newId('mcpGrant');
  await rows.query(
    `insert into mcp_grants (id, environment_id, instance_id, oauth_client_id, redirect_uri, resource, scope, signed_in_by, expires_at)
     values ($1, $2, $3, 'oc_x', 'https://client.example/callback', 'x', 'mcp', 'link', now() + interval '1 hour')`,
    [grantId, environmentId, instance.id],
  );
  return {
    environmentId,
    broker: there,
    instance,
    config: await first('/v1/mcp-configs?name=only-theirs'),
    connection: own.body,
    account: await first('/v1/connected-accounts?connection_name=datadog'),
    toolCall: await first('/v1/tool-calls'),
    incident: (await there.api('/v1/incidents', { body: { filter: { created_before: '2020-01-01T00:00:00Z' } } })).body,
    webhookEndpoint: webhook.body,
    approval: (await there.api(`/v1/approvals/${await parkedApproval(there)}`)).body,
    file: (await there.api('/v1/files?name=theirs.json&user_identifier=only-theirs', { body: { a: 'file' } })).body,
    grantId,
    clientId: client.clientId,
    identifier,
  };
}
