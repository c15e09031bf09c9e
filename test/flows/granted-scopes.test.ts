import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { scoped } from './odd-vendors.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker({ connectors: [scoped] });
  rows = await openRows(broker);
});
afterEach(() => broker.control('/scoped/knobs', 'DELETE'));
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let made = 0;
async function connected(withhold_scopes: string[], more: Json = {}): Promise<{ name: string; id: string; html: string }> {
  const name = `scoped-${++made}`;
  const answer = await broker.api('/v1/connections', { body: { name, connector: 'scoped', sandbox: true, ...more } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  await broker.control('/scoped/knobs', 'PUT', { withhold_scopes });
  const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: name, identifier: 'ada' } }))
    .body;
  const { html } = await broker.connect(link);
  const found = await broker.api(`/v1/connected-accounts?connection_name=${name}`);
  return { name, id: found.body.items[0].id, html };
}
const account = async (id: string) => (await broker.api(`/v1/connected-accounts/${id}`)).body;
const execute = (tool: 'list' | 'create', connection_name: string) =>
  broker.api(`/v1/tools/scoped_item_${tool}/execute`, { body: { identifier: 'ada', connection_name, arguments: {} } });
const calls = async () => (await broker.control('/scoped/ledger', 'GET')).counts.api_calls as number;

/** The tool refuses with exactly these scopes, and nothing is sent. */
async function refuses(tool: 'list' | 'create', name: string, missing: string[]): Promise<void> {
  const before = await calls();
  const answer = await execute(tool, name);
  expect([answer.status, answer.body.code]).toEqual([409, 'scope_missing']);
  expect(answer.body).toMatchObject({ needed_scopes: missing, authentication_link: expect.stringContaining('/connect/gwln_') });
  for (const scope of missing) expect(answer.body.detail).toContain(scope);
  expect(await calls()).toBe(before);
}

describe('A23: an account that was granted fewer scopes', () => {
  it.each([
    [['write'], ['read']],
    [['read'], ['write']],
  ])('without %j: is marked with exactly these, the affected tools refuse with that list, the others work', async (withheld, granted) => {
    const { name, id, html } = await connected(withheld);
    expect(await account(id)).toMatchObject({ status: 'ACTIVE', scopes: granted, missing_scopes: withheld });
    expect((await broker.api(`/v1/connected-accounts?connection_name=${name}`)).body.items[0].missing_scopes).toEqual(withheld);
    expect(html).toContain('Not everything was granted');
    const [row] = await rows.query<{ details: Json }>(
      "select details from audit_events where target_id = $1 and action = 'connected_account.connected'",
      [id],
    );
    expect(row?.details.missing_scopes).toEqual(withheld);
    // `list` needs read; `create` needs read and write.
    if (withheld.includes('read')) await refuses('list', name, ['read']);
    else expect((await execute('list', name)).status).toBe(200);
    await refuses('create', name, withheld);
  });

  it('is whole again once the person grants the rest', async () => {
    const { name, id } = await connected(['write']);
    const answer = await execute('create', name);
    await broker.control('/scoped/knobs', 'DELETE');
    const page = await broker.connect(answer.body.authentication_link);
    expect(page.html).not.toContain('Not everything was granted');
    expect(await account(id)).toMatchObject({ status: 'ACTIVE', missing_scopes: [] });
    expect((await execute('create', name)).status).toBe(200);
  });

  it('that was granted all of them is not marked, and neither is one that nobody connected', async () => {
    const { id } = await connected([]);
    expect((await account(id)).missing_scopes).toEqual([]);
    await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' });
    expect((await account(id)).missing_scopes).toEqual([]);
  });

  it('a scope that the connection does not even ask for is named too, but the account lacks nothing', async () => {
    const { name, id } = await connected([], { scopes: ['read'] });
    expect((await account(id)).missing_scopes).toEqual([]);
    await refuses('create', name, ['write']);
    expect((await execute('list', name)).status).toBe(200);
  });
});

describe('E11: scopes that shrink with a refresh', () => {
  it('only the affected tools refuse, with the missing list, and they work again when the scopes are back', async () => {
    const { name, id } = await connected([]);
    expect((await execute('create', name)).status).toBe(200);
    await broker.control('/scoped/knobs', 'PUT', { withhold_scopes: ['write'] });
    expect((await broker.api(`/v1/connected-accounts/${id}/refresh`, { method: 'POST' })).body).toMatchObject({
      status: 'ACTIVE',
      scopes: ['read'],
      missing_scopes: ['write'],
    });
    await refuses('create', name, ['write']);
    expect((await execute('list', name)).status).toBe(200);
    const told = async () =>
      (await broker.api(`/v1/events?connected_account_id=${id}&type=credential.refreshed`)).body.items?.map((e: Json) => e.data.scopes);
    expect(await told()).toContainEqual(['read']);

    await broker.control('/scoped/knobs', 'DELETE');
    await broker.api(`/v1/connected-accounts/${id}/refresh`, { method: 'POST' });
    expect((await account(id)).missing_scopes).toEqual([]);
    expect((await execute('create', name)).status).toBe(200);
  });

  it('a refresh in the middle of a call that brings fewer ends that call, and sends nothing more', async () => {
    const { name } = await connected([]);
    await broker.control('/scoped/knobs', 'PUT', { withhold_scopes: ['write'], fail: '401', fail_times: 1 });
    const before = await calls();
    const answer = await execute('create', name);
    expect([answer.status, answer.body.code, answer.body.needed_scopes]).toEqual([409, 'scope_missing', ['write']]);
    expect(await calls()).toBe(before + 1);
  });

  it('an answer that names no scopes leaves them as they were', async () => {
    const { name, id } = await connected(['read', 'write']);
    // The vendor names none at all: RFC 6749 section 5.1 has them be those that were asked for.
    expect((await account(id)).missing_scopes).toEqual([]);
    await broker.control('/scoped/knobs', 'DELETE');
    expect((await execute('create', name)).status).toBe(200);
  });
});
