import { type Connector, isOperatorService } from '@grantway/connector-kit';
import { loadAllConnectors } from '@grantway/connectors';
import { type Json, Person, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isPlayable } from '../harness/playable.ts';
import { enteredFields } from '../harness/sample-account.ts';

/* Each vendor's own way, as the sandbox plays it, through a whole broker: consent, call, renewal, disconnecting. */
const connectors = (await loadAllConnectors()).filter((connector) => !isOperatorService(connector));
let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterEach(async () => {
  await broker.control('/jira/knobs', 'DELETE');
});
afterAll(() => broker?.close());

let made = 0;
async function connected(connector: Connector, more: Json = {}, choice?: string): Promise<{ name: string; account: Json }> {
  const name = `${connector.id}-${++made}`;
  const connection = await broker.api('/v1/connections', { body: { name, connector: connector.id, sandbox: true, ...more } });
  expect(connection.status, JSON.stringify(connection.body)).toBe(201);
  const minted = await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: name, identifier: 'ada' } });
  const person = new Person();
  const fields = enteredFields(connector.auth);
  const isOAuth = connector.auth.kind === 'oauth2';
  let page = isOAuth ? await person.consent(minted.body.link, { fields }) : await person.enterKey(minted.body.link, fields);
  if (choice !== undefined) page = await person.submit(page, { choice }, '/choose');
  expect([page.status, page.html.includes('is connected')], page.html.slice(0, 2000)).toEqual([200, true]);
  return { name, account: (await broker.api(`/v1/connected-accounts/${minted.body.connected_account_id}`)).body };
}

async function reads(connector: Connector, connection_name: string): Promise<string> {
  const tool = connector.tools.find((one) => one.effect === 'read' && isPlayable(connector, one));
  if (tool === undefined) throw new Error(`${connector.id} has no tool that reads`);
  const body = { identifier: 'ada', connection_name, arguments: tool.examples[0]?.input };
  const answer = await broker.api(`/v1/tools/${tool.name}/execute`, { body });
  return answer.status === 200 ? 'success' : answer.body.code;
}

describe.each(connectors.map((connector) => [connector.id, connector] as const))('%s', (_id, connector) => {
  it('connects, reads, is renewed as it renews, and ends', async () => {
    const { auth } = connector;
    const { name, account } = await connected(connector);
    expect(account).toMatchObject({ status: 'ACTIVE', missing_scopes: [] });
    expect(await reads(connector, name)).toBe('success');

    const isRenewed = auth.kind === 'oauth2' && (auth.tokenExample === undefined || auth.tokenExample.slots.refresh_token !== undefined);
    for (let i = 0; i < 2; i++) {
      const renewed = await broker.api(`/v1/connected-accounts/${account.id}/refresh`, { method: 'POST' });
      expect(isRenewed ? renewed.status : renewed.body.code).toBe(isRenewed ? 200 : 'not_refreshable');
    }
    expect(await reads(connector, name)).toBe('success');

    await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' });
    expect(await reads(connector, name)).toBe('authorization_required');
    const ends = auth.kind === 'oauth2' && (auth.revokeUrl !== undefined || auth.revocation !== undefined);
    if (!ends) return;
    const receipt = async () => (await broker.api(`/v1/revocations?connected_account_id=${account.id}`)).body.items[0]?.status;
    await expect.poll(receipt, { timeout: 20_000, interval: 50 }).toBe('proven');
    expect((await broker.control(`/${connector.id}/ledger`, 'GET')).live.grants).toBe(0);
  });
});

describe('what only some accounts of a vendor are', () => {
  const find = (id: string) => connectors.find((one) => one.id === id) as Connector;

  it('Jira with several sites asks which, and its calls go to the one that was chosen', async () => {
    await broker.control('/jira/knobs', 'PUT', { lookup_choices: 3 });
    const { name, account } = await connected(find('jira'), {}, '2');
    expect(account.provider_account.label).toMatch(/acme-3/);
    expect(await reads(find('jira'), name)).toBe('success');
    const calls = (await broker.control('/jira/ledger', 'GET')).events.filter((one: Json) => one.kind === 'api_call');
    const sites = calls.filter((one: Json) => one.path.includes('/ex/jira/')).map((one: Json) => one.path.split('/')[4]);
    const [own] = (find('jira').auth as { lookup: { example: { gives: { values: Record<string, string> }[] } } }).lookup.example.gives;
    expect(sites.at(-1)).not.toBe(own?.values.cloud_id);
  });

  it('Slack without a bot: the user’s token is found where it is nested, and renewed where it is not', async () => {
    const { name, account } = await connected(find('slack'), { scopes: ['user:channels:read', 'user:chat:write'] });
    expect(account).toMatchObject({ status: 'ACTIVE', missing_scopes: [] });
    expect(await reads(find('slack'), name)).toBe('success');
    for (let i = 0; i < 2; i++)
      expect((await broker.api(`/v1/connected-accounts/${account.id}/refresh`, { method: 'POST' })).status).toBe(200);
    expect(await reads(find('slack'), name)).toBe('success');
  });

  it('an account whose connection does not ask to stay connected works, and cannot be renewed', async () => {
    const { name, account } = await connected(find('outlook'), { scopes: ['User.Read', 'Mail.ReadWrite'] });
    expect(await reads(find('outlook'), name)).toBe('success');
    const renewed = await broker.api(`/v1/connected-accounts/${account.id}/refresh`, { method: 'POST' });
    expect(renewed.body.code).toBe('not_refreshable');
  });
});
