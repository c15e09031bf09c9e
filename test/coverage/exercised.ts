import { setCredentialRead } from '@grantway/core';
import type { Json, TestBroker } from '@grantway/test/harness';
import { parkedApproval } from '../flows/asking.ts';
import { Browser, chatCodeIn } from '../flows/browser.ts';
import { connectedApp } from '../mcp-authorization/setting.ts';
import type { OtherEnvironment } from './other-environment.ts';

export interface Sent {
  path: string;
  body?: Json;
}

export interface World {
  broker: TestBroker;
  /** The incident-response setting, every account connected. */
  instance: Json;
  other: OtherEnvironment;
}

export interface Exercise {
  /** A good request; may make what it needs first, and is good again the next time. */
  request(world: World): Promise<Sent> | Sent;
  /** For each id or name that it takes: the request with the other environment's, and the same with one that does not exist. */
  masked?: (world: World) => { theirs: Sent; missing: Sent; named?: [theirs: string, missing: string] }[];
}

let made = 0;
const newName = (what: string) => `${what}-${++made}`;

async function create(world: World, path: string, body: Json): Promise<Json> {
  const answer = await world.broker.api(path, { body });
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

const newConnection = (world: World) => create(world, '/v1/connections', { name: newName('connection'), connector: 'slack' });
const newConfig = (world: World) =>
  create(world, '/v1/mcp-configs', { name: newName('config'), connection_tool_mappings: [{ connection_name: 'slack' }] });

const newInstance = async (world: World): Promise<Json> => {
  const body = { config_name: 'incident-responder', user_identifier: newName('user') };
  return (await world.broker.api('/v1/mcp-instances', { method: 'PUT', body })).body;
};
const newClient = (world: World) => create(world, '/v1/clients', { name: newName('client'), scopes: ['clients:write'] });
const newUser = async (world: World) => {
  const identifier = newName('user');
  await create(world, '/v1/connected-accounts/authorization-link', { connection_name: 'slack', identifier });
  return identifier;
};
const emptyIncident = (world: World) => create(world, '/v1/incidents', { filter: { created_before: '2020-01-01T00:00:00Z' } });

/** An id of the same kind and length that nobody has. */
const missingLike = (id: string) => id.slice(0, -4) + (id.endsWith('0000') ? '1111' : '0000');

const byId =
  (pick: (world: World) => string, path: (id: string) => string, body?: Json): NonNullable<Exercise['masked']> =>
  (world) => {
    const [theirs, missing] = [pick(world), missingLike(pick(world))];
    return [{ theirs: { path: path(theirs), body }, missing: { path: path(missing), body }, named: [theirs, missing] as [string, string] }];
  };

/** A filter by the other environment's values finds what one by unknown values finds: nothing. */
const byFilter =
  (path: string, values: (world: World) => Record<string, string>): NonNullable<Exercise['masked']> =>
  (world) =>
    Object.entries(values(world)).map(([name, value]) => ({
      theirs: { path: `${path}?${new URLSearchParams({ [name]: value })}` },
      missing: { path: `${path}?${new URLSearchParams({ [name]: missingLike(value) })}` },
    }));

const named = (make: (name: string) => Sent): NonNullable<Exercise['masked']> => {
  const [theirs, missing] = ['only-theirs', 'only-nobodys'];
  return () => [{ theirs: make(theirs), missing: make(missing), named: [theirs, missing] }];
};

/** A code that was brought by the right person's browser and waits for the app's word. */
async function parkedRequest(world: World): Promise<Json> {
  const verification = { mode: 'app', user_verify_urls: ['http://127.0.0.1:9/verify'] };
  const { link, identifier } = await verifiedLink(world, verification);
  const browser = new Browser();
  const sent = await browser.request(await browser.toCallback(link));
  return { auth_request_id: new URL(sent.headers.get('location') ?? '').searchParams.get('auth_request_id'), identifier };
}

async function waitingChat(world: World): Promise<Json> {
  const { link, identifier, connection_name } = await verifiedLink(world, { mode: 'chat' });
  const browser = new Browser();
  await browser.submit(await browser.follow(link, () => false), {}, '/ready');
  const { html } = await browser.follow(link, () => false);
  return { connection_name, identifier, code: chatCodeIn(html) };
}

async function verifiedLink(world: World, verification: Json) {
  const [connection_name, identifier] = [newName('verified'), newName('user')];
  await create(world, '/v1/connections', { name: connection_name, connector: 'linear', sandbox: true, verification });
  const { link } = await create(world, '/v1/connected-accounts/authorization-link', { connection_name, identifier });
  return { link, identifier, connection_name };
}

const instance = (world: World) => world.other.instance.id;
const identityProvider = { issuer: 'https://login.example.com', client_id: 'broker', client_secret: 'not a real one' };
/** What a person allowed a client, by the whole way. */
async function newGrant({ broker, instance }: World): Promise<string> {
  const server = { configId: instance.config.id, url: `${broker.baseUrl}/mcp/${instance.config.id}` };
  const identifier = newName('user');
  await connectedApp(broker, server, identifier);
  return (await broker.api(`/v1/mcp-grants?user_identifier=${identifier}`)).body.items[0].id;
}
const grant = (world: World) => world.other.grantId;
const config = (world: World) => world.other.config.id;
const connection = (world: World) => world.other.connection.id;
const account = (world: World) => world.other.account.id;
const file = (world: World) => world.other.file.id;
const newFile = (world: World) => create(world, '/v1/files?name=notes.json&user_identifier=holder', { a: 'file' });
const approval = (world: World) => world.other.approval.id;
const webhookEndpoint = (world: World) => world.other.webhookEndpoint.id;
// It takes no type that these tests cause, so that nothing is sent.
const webhook = { url: 'https://receiver.example/hook', events: ['webhook_endpoint.disabled'] };
const newWebhook = (world: World) => create(world, '/v1/webhook-endpoints', webhook);

/** Every operation of the API, and how to exercise it. A new operation without an entry fails the test. */
export const exercised: Record<string, Exercise> = {
  'GET /v1/connectors': { request: () => ({ path: '/v1/connectors' }) },
  // The catalogue is the same for everybody.
  'GET /v1/connectors/{id}': { request: () => ({ path: '/v1/connectors/linear' }) },

  'POST /v1/connections': {
    request: () => ({ path: '/v1/connections', body: { name: newName('connection'), connector: 'slack', scopes: ['chat:write'] } }),
  },
  'GET /v1/connections': {
    request: () => ({ path: '/v1/connections' }),
    masked: byFilter('/v1/connections', () => ({ name: 'only-theirs' })),
  },
  'GET /v1/connections/{id}': {
    request: async (world) => ({ path: `/v1/connections/${(await newConnection(world)).id}` }),
    masked: byId(connection, (id) => `/v1/connections/${id}`),
  },
  'PATCH /v1/connections/{id}': {
    request: async (world) => ({ path: `/v1/connections/${(await newConnection(world)).id}`, body: { auth: { client_id: 'app' } } }),
    masked: byId(connection, (id) => `/v1/connections/${id}`, { name: 'captured' }),
  },
  'DELETE /v1/connections/{id}': {
    request: async (world) => ({ path: `/v1/connections/${(await newConnection(world)).id}` }),
    masked: byId(connection, (id) => `/v1/connections/${id}`),
  },

  'POST /v1/mcp-configs/{id}/sign-in-links': {
    request: async (world) => ({
      path: `/v1/mcp-configs/${(await newConfig(world)).id}/sign-in-links`,
      body: { user_identifier: newName('user') },
    }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}/sign-in-links`, { user_identifier: 'somebody' }),
  },
  'GET /v1/mcp-grants': {
    request: () => ({ path: '/v1/mcp-grants' }),
    masked: byFilter('/v1/mcp-grants', (world) => ({ config_name: 'only-theirs', user_identifier: world.other.identifier })),
  },
  'GET /v1/mcp-grants/{id}': {
    request: async (world) => ({ path: `/v1/mcp-grants/${await newGrant(world)}` }),
    masked: byId(grant, (id) => `/v1/mcp-grants/${id}`),
  },
  'DELETE /v1/mcp-grants/{id}': {
    request: async (world) => ({ path: `/v1/mcp-grants/${await newGrant(world)}` }),
    masked: byId(grant, (id) => `/v1/mcp-grants/${id}`),
  },
  'PUT /v1/identity-provider': {
    request: () => ({ path: '/v1/identity-provider', body: identityProvider }),
    masked: named((name) => ({ path: '/v1/identity-provider', body: { ...identityProvider, config_names: [name] } })),
  },
  'GET /v1/identity-provider': {
    request: async ({ broker }) => {
      await broker.api('/v1/identity-provider', { method: 'PUT', body: identityProvider });
      return { path: '/v1/identity-provider' };
    },
  },
  'DELETE /v1/identity-provider': {
    request: async ({ broker }) => {
      await broker.api('/v1/identity-provider', { method: 'PUT', body: identityProvider });
      return { path: '/v1/identity-provider' };
    },
  },
  'POST /v1/mcp-configs': {
    request: () => ({
      path: '/v1/mcp-configs',
      body: { name: newName('config'), connection_tool_mappings: [{ connection_name: 'linear', tools: ['linear_issue_create'] }] },
    }),
    masked: named((connection_name) => ({
      path: '/v1/mcp-configs',
      body: { name: 'captured', connection_tool_mappings: [{ connection_name }] },
    })),
  },
  'GET /v1/mcp-configs': {
    request: () => ({ path: '/v1/mcp-configs' }),
    masked: byFilter('/v1/mcp-configs', () => ({ name: 'only-theirs' })),
  },
  'GET /v1/mcp-configs/{id}': {
    request: async (world) => ({ path: `/v1/mcp-configs/${(await newConfig(world)).id}` }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}`),
  },
  'PATCH /v1/mcp-configs/{id}': {
    request: async (world) => ({ path: `/v1/mcp-configs/${(await newConfig(world)).id}`, body: { description: 'changed' } }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}`, { name: 'captured' }),
  },
  'DELETE /v1/mcp-configs/{id}': {
    request: async (world) => ({ path: `/v1/mcp-configs/${(await newConfig(world)).id}` }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}`),
  },

  'GET /v1/mcp-configs/{id}/versions': {
    request: async (world) => ({ path: `/v1/mcp-configs/${(await newConfig(world)).id}/versions` }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}/versions`),
  },
  'GET /v1/mcp-configs/{id}/versions/{version}': {
    request: async (world) => ({ path: `/v1/mcp-configs/${(await newConfig(world)).id}/versions/1` }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}/versions/1`),
  },
  'GET /v1/mcp-configs/{id}/versions/{version}/diff': {
    request: async (world) => ({ path: `/v1/mcp-configs/${(await newConfig(world)).id}/versions/1/diff?against=1` }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}/versions/1/diff`),
  },
  'POST /v1/mcp-configs/{id}/versions/{version}/restore': {
    request: async (world) => ({ path: `/v1/mcp-configs/${(await newConfig(world)).id}/versions/1/restore` }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}/versions/1/restore`),
  },

  'PUT /v1/mcp-instances': {
    request: () => ({ path: '/v1/mcp-instances', body: { config_name: 'incident-responder', user_identifier: newName('user') } }),
    masked: named((config_name) => ({ path: '/v1/mcp-instances', body: { config_name, user_identifier: 'ada' } })),
  },
  'GET /v1/mcp-instances': {
    request: () => ({ path: '/v1/mcp-instances' }),
    masked: byFilter('/v1/mcp-instances', ({ other }) => ({ config_name: 'only-theirs', user_identifier: other.identifier })),
  },
  'GET /v1/mcp-instances/{id}': {
    request: (world) => ({ path: `/v1/mcp-instances/${world.instance.id}` }),
    masked: byId(
      (world) => world.other.instance.id,
      (id) => `/v1/mcp-instances/${id}`,
    ),
  },
  'GET /v1/mcp-instances/{id}/auth-state': {
    request: (world) => ({ path: `/v1/mcp-instances/${world.instance.id}/auth-state` }),
    masked: byId(
      (world) => world.other.instance.id,
      (id) => `/v1/mcp-instances/${id}/auth-state?include_auth_links=true`,
    ),
  },

  'PATCH /v1/mcp-instances/{id}': {
    request: async (world) => ({ path: `/v1/mcp-instances/${(await newInstance(world)).id}`, body: { expires_at: null } }),
    masked: byId(instance, (id) => `/v1/mcp-instances/${id}`, { expires_at: null }),
  },
  'POST /v1/mcp-instances/{id}/rotate': {
    request: async (world) => ({ path: `/v1/mcp-instances/${(await newInstance(world)).id}/rotate`, body: {} }),
    masked: byId(instance, (id) => `/v1/mcp-instances/${id}/rotate`, {}),
  },
  'POST /v1/mcp-instances/{id}/revoke': {
    request: async (world) => ({ path: `/v1/mcp-instances/${(await newInstance(world)).id}/revoke` }),
    masked: byId(instance, (id) => `/v1/mcp-instances/${id}/revoke`),
  },
  'POST /v1/mcp-instances/{id}/restore': {
    request: async (world) => ({ path: `/v1/mcp-instances/${(await newInstance(world)).id}/restore` }),
    masked: byId(instance, (id) => `/v1/mcp-instances/${id}/restore`),
  },
  'DELETE /v1/mcp-instances/{id}': {
    request: async (world) => ({ path: `/v1/mcp-instances/${(await newInstance(world)).id}` }),
    masked: byId(instance, (id) => `/v1/mcp-instances/${id}`),
  },
  'POST /v1/mcp-configs/{id}/session-tokens': {
    request: async (world) => ({
      path: `/v1/mcp-configs/${(await newConfig(world)).id}/session-tokens`,
      body: { user_identifier: newName('user') },
    }),
    masked: byId(config, (id) => `/v1/mcp-configs/${id}/session-tokens`, { user_identifier: 'user-of-another-environment' }),
  },
  'POST /v1/mcp-configs/{id}/session-tokens/revoke': {
    request: async (world) => {
      const { config, user_identifier } = await newInstance(world);
      return { path: `/v1/mcp-configs/${config.id}/session-tokens/revoke`, body: { user_identifier } };
    },
    masked: byId(config, (id) => `/v1/mcp-configs/${id}/session-tokens/revoke`, { user_identifier: 'user-of-another-environment' }),
  },

  'POST /v1/connected-accounts/authorization-link': {
    request: () => ({ path: '/v1/connected-accounts/authorization-link', body: { connection_name: 'slack', identifier: newName('user') } }),
    masked: named((connection_name) => ({
      path: '/v1/connected-accounts/authorization-link',
      body: { connection_name, identifier: 'user-of-another-environment' },
    })),
  },
  'POST /v1/connected-accounts/verify': {
    request: async (world) => ({ path: '/v1/connected-accounts/verify', body: await parkedRequest(world) }),
    masked: (world) => {
      const body = (auth_request_id: string) => ({ auth_request_id, identifier: world.other.identifier });
      return [
        {
          theirs: { path: '/v1/connected-accounts/verify', body: body('A'.repeat(43)) },
          missing: { path: '/v1/connected-accounts/verify', body: body('B'.repeat(43)) },
        },
      ];
    },
  },
  'POST /v1/connected-accounts/chat-code': {
    request: async (world) => ({ path: '/v1/connected-accounts/chat-code', body: await waitingChat(world) }),
    masked: named((connection_name) => ({
      path: '/v1/connected-accounts/chat-code',
      body: { connection_name, identifier: 'user-of-another-environment', code: '123456' },
    })),
  },
  'GET /v1/connected-accounts': {
    request: () => ({ path: '/v1/connected-accounts' }),
    masked: byFilter('/v1/connected-accounts', ({ other }) => ({
      connection_name: 'only-theirs',
      identifier: other.identifier,
      label: 'only-theirs',
    })),
  },
  'GET /v1/connected-accounts/{id}': {
    request: (world) => ({ path: `/v1/connected-accounts/${world.instance.connections[0].connected_account_id}` }),
    masked: byId(account, (id) => `/v1/connected-accounts/${id}`),
  },
  'PATCH /v1/connected-accounts/{id}': {
    request: (world) => ({
      path: `/v1/connected-accounts/${world.instance.connections[0].connected_account_id}`,
      body: { label: newName('label'), default: true },
    }),
    masked: byId(account, (id) => `/v1/connected-accounts/${id}`, { label: 'captured' }),
  },
  'POST /v1/connected-accounts/{id}/refresh': {
    request: (world) => {
      const linear = world.instance.connections.find((c: Json) => c.connector === 'linear');
      return { path: `/v1/connected-accounts/${linear.connected_account_id}/refresh` };
    },
    masked: byId(account, (id) => `/v1/connected-accounts/${id}/refresh`),
  },
  'POST /v1/connected-accounts/{id}/credential': {
    request: async ({ broker, instance }) => {
      await setCredentialRead(broker.modules.db, broker.client.clientId, { perHour: 999, perDay: 999, keys: false });
      const linear = instance.connections.find((c: Json) => c.connector === 'linear');
      return { path: `/v1/connected-accounts/${linear.connected_account_id}/credential`, body: { reason: 'a migration' } };
    },
    masked: byId(account, (id) => `/v1/connected-accounts/${id}/credential`, { reason: 'a migration' }),
  },
  'DELETE /v1/connected-accounts/{id}': {
    request: async (world) => {
      const identifier = newName('user');
      await create(world, '/v1/connected-accounts/authorization-link', { connection_name: 'slack', identifier });
      const found = await world.broker.api(`/v1/connected-accounts?identifier=${identifier}`);
      return { path: `/v1/connected-accounts/${found.body.items[0].id}` };
    },
    masked: byId(account, (id) => `/v1/connected-accounts/${id}`),
  },

  'GET /v1/revocations': {
    request: () => ({ path: '/v1/revocations' }),
    masked: byFilter('/v1/revocations', ({ other }) => ({ connection_name: 'only-theirs', connected_account_id: other.account.id })),
  },

  'POST /v1/incidents': {
    request: async (world) => {
      const identifier = newName('user');
      await create(world, '/v1/connected-accounts/authorization-link', { connection_name: 'slack', identifier });
      return { path: '/v1/incidents', body: { filter: { identifier } } };
    },
    masked: (world) =>
      Object.entries({
        connection_name: 'only-theirs',
        config_name: 'only-theirs',
        client_id: world.other.clientId,
        identifier: world.other.identifier,
      }).map(([name, value]) => ({
        theirs: { path: '/v1/incidents', body: { filter: { [name]: value } } },
        missing: { path: '/v1/incidents', body: { filter: { [name]: missingLike(value) } } },
        named: [value, missingLike(value)] as [string, string],
      })),
  },
  'GET /v1/incidents/{id}': {
    request: async (world) => ({ path: `/v1/incidents/${(await emptyIncident(world)).id}` }),
    masked: byId(
      (world) => world.other.incident.id,
      (id) => `/v1/incidents/${id}`,
    ),
  },
  'GET /v1/incidents/{id}/report': {
    request: async (world) => ({ path: `/v1/incidents/${(await emptyIncident(world)).id}/report` }),
    masked: byId(
      (world) => world.other.incident.id,
      (id) => `/v1/incidents/${id}/report`,
    ),
  },

  'POST /v1/clients': { request: () => ({ path: '/v1/clients', body: { name: newName('client'), scopes: ['clients:write'] } }) },
  'GET /v1/clients': {
    request: () => ({ path: '/v1/clients' }),
    masked: byFilter('/v1/clients', () => ({ name: 'client of another environment' })),
  },
  'PATCH /v1/clients/{id}': {
    request: async (world) => ({ path: `/v1/clients/${(await newClient(world)).client_id}`, body: { suspended: true } }),
    masked: byId(
      (world) => world.other.clientId,
      (id) => `/v1/clients/${id}`,
      { suspended: true },
    ),
  },
  'POST /v1/clients/{id}/rotate-secret': {
    request: async (world) => ({ path: `/v1/clients/${(await newClient(world)).client_id}/rotate-secret`, body: {} }),
    masked: byId(
      (world) => world.other.clientId,
      (id) => `/v1/clients/${id}/rotate-secret`,
      {},
    ),
  },

  'PATCH /v1/users/{identifier}': {
    request: async (world) => ({ path: `/v1/users/${await newUser(world)}`, body: { suspended: true } }),
    masked: byId(
      (world) => world.other.identifier,
      (id) => `/v1/users/${id}`,
      { suspended: true },
    ),
  },
  'DELETE /v1/users/{identifier}': {
    request: async (world) => ({ path: `/v1/users/${await newUser(world)}` }),
    masked: byId(
      (world) => world.other.identifier,
      (id) => `/v1/users/${id}`,
    ),
  },

  'GET /v1/tools': {
    request: () => ({ path: '/v1/tools' }),
    masked: byFilter('/v1/tools', () => ({ connection_name: 'only-theirs' })),
  },
  'POST /v1/tools/{name}/execute': {
    request: (world) => ({ path: '/v1/tools/datadog_monitors_list/execute', body: { identifier: world.instance.user_identifier } }),
    masked: (world) => [
      ...named((connection_name) => ({
        path: '/v1/tools/slack_list_channels/execute',
        body: { connection_name, identifier: 'user-of-another-environment' },
      }))(world),
      // Another environment's account is named to a user of one's own.
      ...[account(world)].map((theirs) => {
        const body = (connected_account_id: string) => ({ identifier: world.instance.user_identifier, connected_account_id });
        const path = '/v1/tools/datadog_monitors_list/execute';
        const missing = missingLike(theirs);
        return {
          theirs: { path, body: body(theirs) },
          missing: { path, body: body(missing) },
          named: [theirs, missing] as [string, string],
        };
      }),
    ],
  },

  'GET /v1/approvals': {
    request: () => ({ path: '/v1/approvals' }),
    masked: byFilter('/v1/approvals', ({ other }) => ({
      user_identifier: other.approval.user_identifier,
      mcp_instance_id: other.approval.mcp_instance_id,
    })),
  },
  'GET /v1/approvals/{id}': {
    request: async ({ broker }) => ({ path: `/v1/approvals/${await parkedApproval(broker)}` }),
    masked: byId(approval, (id) => `/v1/approvals/${id}`),
  },
  ...Object.fromEntries(
    ['approve', 'deny'].map((decision): [string, Exercise] => [
      `POST /v1/approvals/{id}/${decision}`,
      {
        request: async ({ broker }) => ({
          path: `/v1/approvals/${await parkedApproval(broker)}/${decision}`,
          body: { reason: 'looked at' },
        }),
        masked: byId(approval, (id) => `/v1/approvals/${id}/${decision}`, {}),
      },
    ]),
  ),
  'POST /v1/approvals/{id}/link': {
    request: async ({ broker }) => ({ path: `/v1/approvals/${await parkedApproval(broker)}/link` }),
    masked: byId(approval, (id) => `/v1/approvals/${id}/link`),
  },

  'POST /v1/files': {
    request: () => ({ path: '/v1/files?name=notes.json&user_identifier=holder', body: { a: 'file' } }),
  },
  'POST /v1/files/upload-links': {
    request: () => ({ path: '/v1/files/upload-links', body: { user_identifier: 'holder' } }),
  },
  'GET /v1/files': {
    request: () => ({ path: '/v1/files' }),
    masked: byFilter('/v1/files', ({ other }) => ({ user_identifier: other.file.user_identifier })),
  },
  'GET /v1/files/{id}': {
    request: async (world) => ({ path: `/v1/files/${(await newFile(world)).id}` }),
    masked: byId(file, (id) => `/v1/files/${id}`),
  },
  'GET /v1/files/{id}/content': {
    request: async (world) => ({ path: `/v1/files/${(await newFile(world)).id}/content` }),
    masked: byId(file, (id) => `/v1/files/${id}/content`),
  },
  'DELETE /v1/files/{id}': {
    request: async (world) => ({ path: `/v1/files/${(await newFile(world)).id}` }),
    masked: byId(file, (id) => `/v1/files/${id}`),
  },

  'GET /v1/tool-calls': {
    request: () => ({ path: '/v1/tool-calls' }),
    masked: byFilter('/v1/tool-calls', ({ other }) => ({
      user_identifier: other.identifier,
      connection_name: 'only-theirs',
      connected_account_id: other.account.id,
      client_id: other.clientId,
      mcp_instance_id: other.instance.id,
    })),
  },
  'GET /v1/tool-calls/{id}': {
    request: async (world) => {
      const run = await create(world, '/v1/tools/datadog_monitors_list/execute', { identifier: world.instance.user_identifier });
      return { path: `/v1/tool-calls/${run.tool_call_id}` };
    },
    masked: byId(
      (world) => world.other.toolCall.id,
      (id) => `/v1/tool-calls/${id}`,
    ),
  },

  'GET /v1/audit-events': {
    request: () => ({ path: '/v1/audit-events' }),
    masked: byFilter('/v1/audit-events', ({ other }) => ({ target_id: other.connection.id })),
  },

  'GET /v1/events': {
    request: () => ({ path: '/v1/events' }),
    masked: byFilter('/v1/events', ({ other }) => ({ connected_account_id: other.account.id })),
  },
  'POST /v1/webhook-endpoints': { request: () => ({ path: '/v1/webhook-endpoints', body: webhook }) },
  'GET /v1/webhook-endpoints': { request: () => ({ path: '/v1/webhook-endpoints' }) },
  'GET /v1/webhook-endpoints/{id}': {
    request: async (world) => ({ path: `/v1/webhook-endpoints/${(await newWebhook(world)).id}` }),
    masked: byId(webhookEndpoint, (id) => `/v1/webhook-endpoints/${id}`),
  },
  'PATCH /v1/webhook-endpoints/{id}': {
    request: async (world) => ({ path: `/v1/webhook-endpoints/${(await newWebhook(world)).id}`, body: { description: 'changed' } }),
    masked: byId(webhookEndpoint, (id) => `/v1/webhook-endpoints/${id}`, { url: 'https://captured.example/' }),
  },
  'DELETE /v1/webhook-endpoints/{id}': {
    request: async (world) => ({ path: `/v1/webhook-endpoints/${(await newWebhook(world)).id}` }),
    masked: byId(webhookEndpoint, (id) => `/v1/webhook-endpoints/${id}`),
  },
  'POST /v1/webhook-endpoints/{id}/rotate-secret': {
    request: async (world) => ({ path: `/v1/webhook-endpoints/${(await newWebhook(world)).id}/rotate-secret`, body: {} }),
    masked: byId(webhookEndpoint, (id) => `/v1/webhook-endpoints/${id}/rotate-secret`, {}),
  },
  'POST /v1/webhook-endpoints/{id}/replay': {
    request: async (world) => ({
      path: `/v1/webhook-endpoints/${(await newWebhook(world)).id}/replay`,
      body: { since: new Date(Date.now() + 60_000).toISOString() },
    }),
    masked: byId(webhookEndpoint, (id) => `/v1/webhook-endpoints/${id}/replay`, { since: '2026-01-01T00:00:00Z' }),
  },
  'GET /v1/webhook-endpoints/{id}/deliveries': {
    request: async (world) => ({ path: `/v1/webhook-endpoints/${(await newWebhook(world)).id}/deliveries` }),
    masked: byId(webhookEndpoint, (id) => `/v1/webhook-endpoints/${id}/deliveries`),
  },
};

/** Operations that take no id or name of an environment's own thing. May only shrink. */
export const maskedNothing = [
  'GET /v1/connectors',
  'GET /v1/connectors/{id}',
  'POST /v1/connections',
  // One for each environment, without an id.
  'GET /v1/identity-provider',
  'DELETE /v1/identity-provider',
  'POST /v1/clients',
  // The bytes are all there is.
  'POST /v1/files',
  'POST /v1/files/upload-links',
  'POST /v1/webhook-endpoints',
  'GET /v1/webhook-endpoints',
];

/**
 * Every route that is no operation of the API: what a stranger gets who asks as the route is meant to be asked. `open` is
 * what anybody may read. May only shrink.
 */
export const otherRoutes: Record<string, { as: string; gets: 'open' | number }> = {
  'GET /': { as: '/', gets: 'open' },
  'GET /docs': { as: '/docs', gets: 'open' },
  'GET /healthz': { as: '/healthz', gets: 'open' },
  'GET /readyz': { as: '/readyz', gets: 'open' },
  // Loopback callers only, where no token is set.
  'GET /metrics': { as: '/metrics', gets: 'open' },
  'GET /openapi.json': { as: '/openapi.json', gets: 'open' },
  'GET /.well-known/jwks.json': { as: '/.well-known/jwks.json', gets: 'open' },
  'GET /.well-known/oauth-authorization-server': { as: '/.well-known/oauth-authorization-server', gets: 'open' },
  'GET /.well-known/oauth-protected-resource/mcp/:configId': {
    as: '/.well-known/oauth-protected-resource/mcp/cfg_00000000000000000000000000',
    gets: 'open',
  },
  'GET /pages/style.css': { as: '', gets: 'open' },
  'GET /pages/icon.svg': { as: '/pages/icon.svg', gets: 'open' },
  'GET /pages/logos/:connector.svg': { as: '/pages/logos/slack.svg', gets: 'open' },
  'POST /oauth/token': { as: '/oauth/token', gets: 400 },
  'GET /connect/:token': { as: '/connect/gwln_x', gets: 404 },
  'POST /connect/:token/ready': { as: '/connect/gwln_x/ready', gets: 404 },
  'POST /connect/:token/replace': { as: '/connect/gwln_x/replace', gets: 404 },
  'POST /connect/:token/choose': { as: '/connect/gwln_x/choose', gets: 404 },
  'POST /connect/:token/go': { as: '/connect/gwln_x/go', gets: 404 },
  'POST /connect/:token/key': { as: '/connect/gwln_x/key', gets: 404 },
  'GET /connect/:token/done': { as: '/connect/gwln_x/done', gets: 404 },
  'GET /oauth/callback/:connectionId': { as: '/oauth/callback/con_x?state=x&code=x', gets: 400 },
  'POST /connect/:token/sign-in': { as: '/connect/gwln_x/sign-in', gets: 404 },
  'GET /oauth/identity/:connectionId': { as: '/oauth/identity/con_x?state=x&code=x', gets: 400 },
  'GET /approve/:token': { as: '/approve/gwap_x', gets: 404 },
  'POST /approve/:token/decide': { as: '/approve/gwap_x/decide', gets: 404 },
  'POST /oauth/register': { as: '/oauth/register', gets: 415 },
  'POST /oauth/revoke': { as: '/oauth/revoke', gets: 400 },
  'GET /oauth/authorize': { as: '/oauth/authorize', gets: 400 },
  'POST /oauth/authorize/decide': { as: '/oauth/authorize/decide', gets: 400 },
  'POST /oauth/authorize/sign-in': { as: '/oauth/authorize/sign-in', gets: 403 },
  'GET /oauth/signed-in/:environmentId': { as: '/oauth/signed-in/env_x?state=x&code=x', gets: 400 },
  'GET /oauth/sign-in/:token': { as: '/oauth/sign-in/gwsl_x', gets: 410 },
  'POST /oauth/sign-in/:token/open': { as: '/oauth/sign-in/gwsl_x/open', gets: 403 },
  'GET /oauth/apps': { as: '/oauth/apps', gets: 401 },
  'POST /oauth/apps/remove': { as: '/oauth/apps/remove', gets: 401 },
  'GET /files/:token/content': { as: '/files/gwfl_x/content', gets: 404 },
  'PUT /files/:token': { as: '/files/gwfl_x', gets: 404 },
  'POST /u/:token/mcp': { as: '/u/gwmcp_x/mcp', gets: 404 },
  'POST /mcp': { as: '/mcp', gets: 401 },
  'POST /mcp/:configId': { as: '/mcp/cfg_00000000000000000000000000', gets: 401 },
};

/** Patterns under which nothing is served, so that what is asked there is refused in the words of that place. */
export const refusedEverywhere = [
  '/approve',
  '/approve/*',
  '/connect',
  '/connect/*',
  '/oauth/callback',
  '/oauth/callback/*',
  '/oauth/identity',
  '/oauth/identity/*',
  '/oauth/authorize/*',
  '/oauth/signed-in',
  '/oauth/signed-in/*',
  '/oauth/sign-in',
  '/oauth/sign-in/*',
  '/oauth/apps/*',
  '/pages/*',
  '/u/*',
  '/.well-known/:document/u/*',
];
