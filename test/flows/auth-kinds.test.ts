import { type AuthSpec, type Connector, connector, get, tool } from '@grantway/connector-kit';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { openRows, type Rows } from '../api/rows.ts';

/** A vendor with one tool, authorized in the way under test. */
function vendor(id: string, auth: AuthSpec): Connector {
  const body = { id: 'acct-1', name: 'Acme' };
  return connector({
    id,
    name: `Vendor ${id}`,
    description: 'A vendor of the tests.',
    docs: `https://${id}.example/docs`,
    auth,
    api: { baseUrl: `https://api.${id}.example` },
    identify: {
      request: get('/me'),
      subject: (answer: typeof body) => ({ id: answer.id, label: answer.name }),
      example: { receives: { body }, gives: { id: 'acct-1', label: 'Acme' } },
    },
    tools: [
      tool({
        name: `${id}_item_list`,
        title: 'List items',
        description: 'Lists items.',
        effect: 'read',
        scopes: [],
        input: z.object({}),
        output: z.looseObject({}),
        request: () => get('/items'),
        respond: (answer: Record<string, unknown>) => answer,
        docs: `https://${id}.example/docs`,
        examples: [{ input: {}, receives: { body: { items: ['one'] } }, gives: { items: ['one'] } }],
      }),
    ],
  });
}

const user = { name: 'user', label: 'User name', secret: false };
const password = { name: 'password', label: 'Password', secret: true };
const token = { name: 'token', label: 'Token', secret: true };
const kinds: Record<
  string,
  { auth: AuthSpec; good: Record<string, string>; refused: Record<string, string>; malformed: Record<string, string> }
> = {
  basic: {
    auth: { kind: 'basic', fields: [user, password], username: '{user}', password: '{password}' },
    good: { user: 'ada@example.test', password: 'correct hörse: battery' },
    refused: { user: 'ada@example.test', password: 'an invalid password' },
    malformed: { user: 'ada@example.test', password: 'with a\u0007bell' },
  },
  bearertoken: {
    auth: { kind: 'bearer', fields: [token], token: '{token}', scheme: 'Bearer' },
    good: { token: 'tok-0123456789' },
    refused: { token: 'tok-invalid-0123' },
    malformed: { token: 'with a space' },
  },
  ssws: {
    auth: { kind: 'bearer', fields: [token], token: '{token}', scheme: 'SSWS' },
    good: { token: '00-okta-0123456789' },
    refused: { token: 'revoked-0123456789' },
    malformed: { token: 'ünicode-token' },
  },
  aws: {
    auth: {
      kind: 'aws_sigv4',
      fields: [
        { name: 'key_id', label: 'Access key id', secret: true },
        { name: 'secret', label: 'Secret access key', secret: true },
        { name: 'region', label: 'Region', secret: false, pattern: /^[a-z0-9-]+$/ },
      ],
      accessKeyId: '{key_id}',
      secretAccessKey: '{secret}',
      region: '{region}',
      service: 'monitoring',
    },
    good: { key_id: 'AKIA0123456789', secret: 'aws/secret+0123456789', region: 'eu-west-1' },
    refused: { key_id: 'AKIAinvalid01', secret: 'aws/secret+9876543210', region: 'eu-west-1' },
    malformed: { key_id: 'AKIA/0123456789', secret: 'aws/secret+0123456789', region: 'eu-west-1' },
  },
  bare: {
    auth: { kind: 'bearer', fields: [token], token: '{token}', scheme: '' },
    good: { token: 'lin_api_0123456789' },
    refused: { token: 'short' },
    malformed: { token: 'line\nbreak' },
  },
};

let broker: TestBroker;
let rows: Rows;

beforeAll(async () => {
  broker = await startBroker({
    connectors: [...Object.entries(kinds).map(([id, { auth }]) => vendor(id, auth)), vendor('open', { kind: 'none', fields: [] })],
  });
  rows = await openRows(broker);
  for (const id of [...Object.keys(kinds), 'open']) {
    const made = await broker.api('/v1/connections', { body: { name: id, connector: id, sandbox: true } });
    expect([made.status, made.body.status, made.body.scopes]).toEqual([201, 'COMPLETED', []]);
  }
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const linkFor = async (connection_name: string, identifier: string): Promise<string> =>
  (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link;
const accountOf = async (identifier: string): Promise<Json> =>
  (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body.items[0];
const list = (id: string, identifier: string) => broker.api(`/v1/tools/${id}_item_list/execute`, { body: { identifier } });

describe.each(Object.entries(kinds))('%s', (id, { auth, good, refused, malformed }) => {
  it('is entered on the hosted form, tried, sealed, and used by a tool call', async () => {
    const page = await broker.connectKey(await linkFor(id, `${id}-good`), good);
    expect(page.status).toBe(200);
    expect(await accountOf(`${id}-good`)).toMatchObject({ status: 'ACTIVE', provider_account: { id: 'acct-1', label: 'Acme' } });
    const call = await list(id, `${id}-good`);
    expect([call.status, call.body.output]).toEqual([200, { items: ['one'] }]);
    const secret = good['password'] ?? good['secret'] ?? (good['token'] as string);
    const { id: accountId } = await accountOf(`${id}-good`);
    const [row] = await rows.query<{ text: string; ct: Buffer }>(
      'select a::text as text, credential_ct as ct from connected_accounts a where id = $1',
      [accountId],
    );
    for (const form of [secret, Buffer.from(secret).toString('base64')]) {
      expect(row?.text).not.toContain(form);
      expect(row?.ct.includes(form)).toBe(false);
      expect(page.html).not.toContain(form);
      expect(broker.logLines.some((line) => line.includes(form))).toBe(false);
    }
    expect((await broker.api(`/v1/connectors/${id}`)).body).toMatchObject({ auth_kind: auth.kind, auth: { kind: auth.kind } });
  });

  it('one that the provider refuses is not stored', async () => {
    const page = await broker.connectKey(await linkFor(id, `${id}-refused`), refused);
    expect(page.status).toBe(422);
    expect(page.html).toContain('did not accept');
    expect(page.html).not.toContain(refused['password'] ?? refused['secret'] ?? refused['token']);
    expect((await accountOf(`${id}-refused`)).status).toBe('PENDING_AUTH');
  });

  it('one that cannot be is refused before anything is sent', async () => {
    const { counts: before } = await broker.control(`/${id}/ledger`, 'GET');
    const page = await broker.connectKey(await linkFor(id, `${id}-malformed`), malformed);
    expect(page.status).toBe(422);
    expect((await broker.control(`/${id}/ledger`, 'GET')).counts).toEqual(before);
    expect((await accountOf(`${id}-malformed`)).status).toBe('PENDING_AUTH');
  });

  it('one that the provider ends later ends the account: key_rejected', async () => {
    await broker.control(`/${id}/revoke`, 'POST', {});
    const call = await list(id, `${id}-good`);
    expect([call.status, call.body.code]).toEqual([409, 'authorization_required']);
    expect(await accountOf(`${id}-good`)).toMatchObject({ status: 'REVOKED', reason: 'key_rejected' });
  });
});

describe('none', () => {
  it('is connected by one press of a button, and a call carries no credential', async () => {
    const page = await broker.connectKey(await linkFor('open', 'open-user'), {});
    expect(page.status).toBe(200);
    expect((await accountOf('open-user')).status).toBe('ACTIVE');
    // The stand-in refuses whatever comes with an Authorization header.
    expect((await list('open', 'open-user')).body.output).toEqual({ items: ['one'] });
  });
});

describe('a basic user name', () => {
  it('with a colon in it is a form that is not right, not a password of another user', async () => {
    const page = await broker.connectKey(await linkFor('basic', 'basic-colon'), { user: 'ada:root', password: 'long enough' });
    expect(page.status).toBe(422);
    expect((await accountOf('basic-colon')).status).toBe('PENDING_AUTH');
  });
});
