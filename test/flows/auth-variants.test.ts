import { type Connector, fieldsOf, takesFile, variantOf } from '@grantway/connector-kit';
import { loadAllConnectors } from '@grantway/connectors';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { enteredFields } from '../harness/sample-account.ts';
import { openCredential, storedAccount } from './stored-account.ts';

const connectors = await loadAllConnectors();
const ways = connectors.flatMap((connector) =>
  Object.entries(connector.authVariants ?? {}).map(([variant, { label }]) => [connector.id, variant, label, connector] as const),
);

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const connect = (body: Json) => broker.api('/v1/connections', { body: { sandbox: true, ...body } });
const linkFor = async (connection_name: string, identifier: string): Promise<string> =>
  (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link;
const accountOf = async (identifier: string): Promise<Json> =>
  (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body.items[0];
const execute = (tool: string, identifier: string, connection_name: string, args: Json) =>
  broker.api(`/v1/tools/${tool}/execute`, { body: { identifier, connection_name, arguments: args } });
const page = async (link: string): Promise<string> => (await fetch(link)).text();

/** Reads, the ones with scopes first: those that an OAuth account would have to be granted. */
function readsOf(connector: Connector) {
  const reads = connector.tools.filter((tool) => tool.effect === 'read' && !takesFile(tool) && tool.download === undefined);
  return reads.toSorted((a, b) => b.scopes.length - a.scopes.length).slice(0, 2);
}

it('there is a variant of every connector that is known to have one', () => {
  expect(ways.map(([id, variant]) => `${id}.${variant}`)).toEqual([
    'attio.api_key',
    'confluence.api_token',
    'github.personal_token',
    'hubspot.private_app',
    'jira.api_token',
    'linear.api_key',
    'notion.internal_integration',
    'slack.token',
  ]);
});

describe.each(ways)('%s by %s', (id, variant, label, connector) => {
  const name = `${id}-${variant.replaceAll('_', '-')}`;
  const used = variantOf(connector, variant) as Connector;
  const secrets = fieldsOf(used.auth).filter((field) => field.secret);
  const entered = enteredFields(used.auth);
  const identifier = `user-of-${name}`;
  beforeAll(async () => {
    const made = await connect({ name, connector: id, auth_variant: variant });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      connector: id,
      auth_variant: variant,
      status: 'COMPLETED',
      scopes: [],
      auth: { kind: used.auth.kind, client_id: null, redirect_uri: null },
    });
  });

  it('is described with what it asks for', async () => {
    const { body } = await broker.api(`/v1/connectors/${id}`);
    expect(body.auth.kind).toBe(connector.auth.kind);
    const described = body.auth_variants.find((one: Json) => one.id === variant);
    expect(described).toMatchObject({ label, auth: { kind: used.auth.kind, scopes: [] } });
    expect(described.auth.fields.map((field: Json) => field.name)).toEqual(Object.keys(entered));
  });

  it('asks on our own form, and what the vendor refuses is not stored', async () => {
    const link = await linkFor(name, `refused-${name}`);
    const html = await page(link);
    for (const field of secrets) expect(html).toContain(field.label);
    // A word that the stand-in takes no key with.
    const refused = Object.fromEntries(secrets.map(({ name: secret }) => [secret, `${entered[secret]}invalid`]));
    const answered = await broker.connectKey(link, { ...entered, ...refused });
    expect(answered.status).toBe(422);
    expect(answered.html).toContain('did not accept');
    expect(await accountOf(`refused-${name}`)).toMatchObject({ status: 'PENDING_AUTH' });
  });

  it('is connected with what was entered, and its tools work', async () => {
    expect((await broker.connectKey(await linkFor(name, identifier), entered)).status).toBe(200);
    const account = await accountOf(identifier);
    const { gives } = used.identify.example;
    expect(account).toMatchObject({ status: 'ACTIVE', missing_scopes: [], provider_account: { id: gives.id, label: gives.label } });
    for (const tool of readsOf(connector)) {
      const call = await execute(tool.name, identifier, name, tool.examples[0]?.input ?? {});
      expect([tool.name, call.status, call.body.code]).toEqual([tool.name, 200, undefined]);
      expect(call.body.output).toEqual(tool.output.parse(tool.examples[0]?.gives));
    }
    const [row] = await rows.query<{ text: string; ct: Buffer }>(
      'select a::text as text, credential_ct as ct from connected_accounts a where id = $1',
      [account.id],
    );
    for (const { name: secret } of secrets) {
      const value = entered[secret] as string;
      expect(row?.text).not.toContain(value);
      expect(row?.ct.includes(value)).toBe(false);
      expect(broker.logLines.some((line) => line.includes(value))).toBe(false);
    }
  });

  it('once it is revoked at the vendor, a call answers with a new link, and another key makes it work again', async () => {
    const [tool] = readsOf(connector);
    if (tool === undefined) throw new Error('there is no read');
    const input = tool.examples[0]?.input ?? {};
    await broker.control(`/${id}/revoke`, 'POST', {});
    const call = await execute(tool.name, identifier, name, input);
    expect([call.status, call.body.code, call.body.reason]).toEqual([409, 'authorization_required', expect.stringMatching(/key_rejected/)]);
    expect(await accountOf(identifier)).toMatchObject({ status: 'REVOKED', reason: 'key_rejected' });
    expect((await broker.connectKey(call.body.authentication_link, enteredFields(used.auth))).status).toBe(200);
    expect((await execute(tool.name, identifier, name, input)).status).toBe(200);
  });

  it('its end leaves a receipt that says whose key it is to end', async () => {
    const { id: accountId } = await accountOf(identifier);
    expect((await broker.api(`/v1/connected-accounts/${accountId}`, { method: 'DELETE' })).status).toBe(204);
    const { revocation } = (await broker.api(`/v1/connected-accounts/${accountId}`)).body;
    expect(revocation).toMatchObject({ status: 'unproven', detail: expect.stringMatching(/a key can be ended only by its owner/) });
  });

  it('stands beside the default way in, and the one’s credential is no other’s', async () => {
    const other = `${id}-default`;
    const [tool] = readsOf(connector);
    if (tool === undefined) throw new Error('there is no read');
    const scopes = 'scopes' in connector.auth ? [...new Set([...connector.auth.defaultScopes, ...tool.scopes])] : [];
    const made = await connect({ name: other, connector: id, scopes });
    expect(made.body).toMatchObject({ auth_variant: null, auth: { kind: connector.auth.kind } });
    expect((await broker.connect(await linkFor(other, identifier))).status).toBe(200);
    const input = tool.examples[0]?.input ?? {};
    const call = await execute(tool.name, identifier, other, input);
    expect([call.status, call.body.code]).toEqual([200, undefined]);
    const ambiguous = await broker.api(`/v1/tools/${tool.name}/execute`, { body: { identifier, arguments: input } });
    expect(ambiguous.body.code).toBe('ambiguous_connection');
  });
});

describe('a way in', () => {
  it('is meant by another broker’s id of it', async () => {
    const made = await connect({ name: 'by-alias', connector: 'githubpat' });
    expect([made.status, made.body.connector, made.body.auth_variant]).toEqual([201, 'github', 'personal_token']);
    const calendar = await connect({ name: 'calendar-alias', connector: 'googlecalendar' });
    expect([calendar.body.connector, calendar.body.auth_variant]).toEqual(['google-calendar', null]);
    const { items } = (await broker.api('/v1/connections?connector=githubpat')).body;
    expect(items.map((one: Json) => one.auth_variant)).toEqual(items.map(() => 'personal_token'));
    expect(items.map((one: Json) => one.name)).toContain('by-alias');
    expect((await broker.api('/v1/connectors/githubpat')).body).toMatchObject({
      id: 'github',
      aliases: [{ id: 'githubpat', auth_variant: 'personal_token' }],
    });
  });

  it('its tools go by the names that they have there', async () => {
    await broker.connectKey(
      await linkFor('by-alias', 'alias-user'),
      enteredFields((variantOf(githubOf(), 'personal_token') as Connector).auth),
    );
    const call = await execute('githubpat_repo_get', 'alias-user', 'by-alias', { owner: 'acme', repo: 'platform' });
    expect([call.status, call.body.code]).toEqual([200, undefined]);
  });

  it('and are listed by that id as well', async () => {
    const names = async (connector: string) =>
      (await broker.api(`/v1/tools?connector=${connector}`)).body.items.map(({ name }: Json) => name);
    const own = await names('github');
    expect(own).toContain('github_repo_get');
    expect(await names('githubpat')).toEqual(own);
    expect(await names('nobodys')).toEqual([]);
  });

  it.each([
    ['that the connector does not have', { connector: 'github', auth_variant: 'api_key' }, 400],
    ['of a connector with one only', { connector: 'gmail', auth_variant: 'personal_token' }, 400],
    ['by an inherited name', { connector: 'github', auth_variant: 'constructor' }, 400],
    ['other than the alias means', { connector: 'githubpat', auth_variant: null }, 400],
  ])('%s is refused', async (_, body, status) => {
    const answer = await connect({ name: 'no-way-in', ...body });
    expect([answer.status, answer.body.code, answer.body.errors?.[0]?.pointer]).toEqual([status, 'invalid_request', '/auth_variant']);
  });

  it('takes neither scopes nor an OAuth app where it is a key', async () => {
    const body = { name: 'no-app', connector: 'github', auth_variant: 'personal_token', sandbox: false };
    expect((await connect({ ...body, scopes: ['repo'] })).body.code).toBe('unknown_scope');
    expect((await connect({ ...body, auth: { client_id: 'made-up-client' } })).body.errors[0].pointer).toBe('/auth/client_id');
  });

  it('stays: it is no member of a change', async () => {
    const { id } = (await broker.api('/v1/connections?name=by-alias')).body.items[0];
    const answer = await broker.api(`/v1/connections/${id}`, { method: 'PATCH', body: { auth_variant: null } });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
  });

  it('a stale access token of the vendor’s does not pass for somebody’s key', async () => {
    const token = 'a'.repeat(43);
    const answer = await fetch(`${broker.sandbox.origin}/api.github.com/user`, {
      headers: { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    });
    await answer.text();
    expect(answer.status).toBe(401);
  });
});

function githubOf(): Connector {
  return connectors.find(({ id }) => id === 'github') as Connector;
}

describe('a revocation that the app asks for', () => {
  const counts = async (): Promise<Json> => (await broker.control('/github/ledger', 'GET')).counts;
  const connected = async (identifier: string): Promise<Json> => {
    expect((await broker.connect(await linkFor('github-app', identifier), { account: `${identifier}@example.test` })).status).toBe(200);
    return accountOf(identifier);
  };
  const isTaken = async (accessToken: string) => {
    const answer = await fetch(`${broker.sandbox.origin}/api.github.com/user`, {
      headers: { authorization: `Bearer ${accessToken}`, accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    });
    await answer.text();
    return answer.status === 200;
  };
  beforeAll(async () => {
    expect((await connect({ name: 'github-app', connector: 'github' })).status).toBe(201);
  });

  it('ends the token at GitHub, and only that one', async () => {
    const [ending, staying] = [await connected('ending'), await connected('staying')];
    const tokens = await Promise.all(
      [ending, staying].map(async ({ id }) => (await openCredential(broker, await storedAccount(rows, id))).access_token),
    );
    expect(await Promise.all(tokens.map(isTaken))).toEqual([true, true]);
    const before = await counts();
    expect((await broker.api(`/v1/connected-accounts/${ending.id}`, { method: 'DELETE' })).status).toBe(204);
    const { revocation } = (await broker.api(`/v1/connected-accounts/${ending.id}`)).body;
    // The stand-in plays a GitHub App, whose grants have a refresh token that the call does not name.
    expect(revocation).toMatchObject({ status: 'unproven', detail: expect.stringMatching(/^access token: revoked/) });
    expect((await counts()).revocations).toBe(before.revocations + 1);
    expect(await Promise.all(tokens.map(isTaken))).toEqual([false, true]);
  });

  it('is proven for a grant without a refresh token', async () => {
    await broker.control('/github/knobs', 'PUT', { drop_refresh_token: true });
    const account = await connected('oauth-app-user');
    await broker.control('/github/knobs', 'DELETE');
    const { access_token } = await openCredential(broker, await storedAccount(rows, account.id));
    expect((await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await broker.api(`/v1/connected-accounts/${account.id}`)).body.revocation).toMatchObject({
      status: 'proven',
      detail: 'revoked',
    });
    expect(await isTaken(access_token)).toBe(false);
    expect(broker.logLines.some((line) => line.includes(access_token))).toBe(false);
  });

  it('is tried again while GitHub fails, and not where the token is unknown there', async () => {
    const account = await connected('failing');
    await broker.control('/github/knobs', 'PUT', { fail: '500', where: 'revocation' });
    await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' });
    const first = (await broker.api(`/v1/revocations?connected_account_id=${account.id}`)).body.items;
    expect(first).toMatchObject([{ status: 'pending', detail: expect.stringMatching(/answered 500|answered 503/) }]);
    await broker.control('/github/knobs', 'DELETE');
    const gone = await connected('already-gone');
    await broker.control('/github/revoke', 'POST', { account: 'already-gone@example.test' });
    await broker.api(`/v1/connected-accounts/${gone.id}`, { method: 'DELETE' });
    expect((await broker.api(`/v1/connected-accounts/${gone.id}`)).body.revocation).toMatchObject({
      status: 'unproven',
      detail: expect.stringMatching(/answered 404/),
    });
  });
});
