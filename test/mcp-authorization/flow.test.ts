import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Browser } from '../flows/browser.ts';
import {
  appRequest,
  codeForm,
  connectedApp,
  decideIn,
  listTools,
  type McpServer,
  mcpServer,
  refreshForm,
  register,
  signedInBrowser,
  tokenRequest,
} from './setting.ts';

let broker: TestBroker;
let server: McpServer;
beforeAll(async () => {
  broker = await startBroker();
  server = await mcpServer(broker);
});
afterAll(() => broker?.close());

let people = 0;
const someone = () => `person-${++people}`;
const namesOf = (body: Json): string[] => body.result.tools.map((tool: Json) => tool.name);

it('from a 401 to a list of tools: challenge, metadata, registration, a person’s yes, code, tokens', async () => {
  const refused = await listTools(server.url, undefined);
  const metadataUrl = `${broker.baseUrl}/.well-known/oauth-protected-resource/mcp/${server.configId}`;
  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toBe(`Bearer resource_metadata="${metadataUrl}", scope="mcp"`);
  const resource = (await (await fetch(metadataUrl)).json()) as Json;
  expect(resource).toMatchObject({ resource: server.url, authorization_servers: [broker.baseUrl], scopes_supported: ['mcp', 'mcp:read'] });
  const metadata = (await (await fetch(`${broker.baseUrl}/.well-known/oauth-authorization-server`)).json()) as Json;
  expect(metadata).toMatchObject({
    issuer: broker.baseUrl,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
  });

  const { status, body: client } = await register(broker);
  expect([status, client.token_endpoint_auth_method, client.client_secret]).toEqual([201, 'none', undefined]);
  const identifier = someone();
  const app = appRequest(broker, server, client.client_id);
  const { status: sent, answer, html } = await decideIn(await signedInBrowser(broker, server, identifier), app.authorizeUrl());
  expect(html).toContain('Test client');
  expect([sent, answer.origin + answer.pathname]).toEqual([303, app.redirectUri]);
  expect(Object.fromEntries(answer.searchParams)).toEqual({ code: expect.stringMatching(/^gwac_/), state: app.state, iss: broker.baseUrl });
  const tokens = await tokenRequest(broker, codeForm(app, server, answer.searchParams.get('code') ?? ''));
  expect([tokens.status, tokens.headers.get('cache-control')]).toEqual([200, 'no-store']);
  expect(tokens.body).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: 600,
    refresh_token: expect.stringMatching(/^gwrt_/),
    scope: 'mcp',
  });
  expect(namesOf((await listTools(server.url, tokens.body.access_token)).body)).toContain('linear_issue_create');

  const renewed = await tokenRequest(broker, refreshForm(app, server, tokens.body.refresh_token));
  expect(renewed.status).toBe(200);
  expect((await listTools(server.url, renewed.body.access_token)).status).toBe(200);
  const { body: grants } = await broker.api(`/v1/mcp-grants?user_identifier=${identifier}`);
  expect(grants.items).toMatchObject([{ status: 'ACTIVE', scope: 'mcp', signed_in_by: 'link', client: { id: client.client_id } }]);
});

it('a person who says no: the client hears it, with state and iss, and gets nothing', async () => {
  const app = appRequest(broker, server, (await register(broker)).body.client_id);
  const browser = await signedInBrowser(broker, server, someone());
  const { answer } = await decideIn(browser, app.authorizeUrl(), 'deny');
  expect(Object.fromEntries(answer.searchParams)).toEqual({ error: 'access_denied', state: app.state, iss: broker.baseUrl });
  expect((await browser.follow(app.authorizeUrl(), () => false)).html).toContain('show who you are');
});

it('reading only: the scope narrows what is shown and run, and a refresh cannot widen it', async () => {
  const { app, tokens } = await connectedApp(broker, server, someone(), 'mcp:read');
  expect(tokens.scope).toBe('mcp:read');
  const names = namesOf((await listTools(server.url, tokens.access_token)).body);
  expect(names).toContain('slack_list_channels');
  expect(names).not.toContain('linear_issue_create');
  const wider = await tokenRequest(broker, refreshForm(app, server, tokens.refresh_token, { scope: 'mcp' }));
  expect([wider.status, wider.body.error]).toEqual([400, 'invalid_scope']);
});

it('a person who is not signed in is told what to do', async () => {
  const app = appRequest(broker, server, (await register(broker)).body.client_id);
  const page = await new Browser().follow(app.authorizeUrl(), () => false);
  expect([page.status, page.html]).toEqual([200, expect.stringContaining('ask it for a sign-in link')]);
});
