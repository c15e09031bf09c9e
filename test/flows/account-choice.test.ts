import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
  for (const name of ['linear', 'linear-other']) {
    expect((await broker.api('/v1/connections', { body: { name, connector: 'linear', sandbox: true } })).status).toBe(201);
  }
  await newConfig('chooser', { connection_name: 'linear', account_choice: true });
  await newConfig('plain', { connection_name: 'linear' });
  await newConfig('shared', { connection_name: 'linear', account_owner: 'organization', account_choice: true });
});
afterAll(() => broker?.close());

async function newConfig(name: string, ...connection_tool_mappings: Json[]): Promise<void> {
  expect((await broker.api('/v1/mcp-configs', { body: { name, connection_tool_mappings } })).status).toBe(201);
}
let made = 0;
const someone = () => `person-${++made}`;
const urlOf = async (config_name: string, user_identifier: string): Promise<string> =>
  (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name, user_identifier } })).body.url;
async function connect(identifier: string, account: string, more: Json = {}): Promise<string> {
  const { body } = await broker.api('/v1/connected-accounts/authorization-link', {
    body: { connection_name: 'linear', identifier, ...more },
  });
  await broker.connect(body.link, { account });
  return body.connected_account_id;
}
async function rpc(url: string, method: string, params: Json): Promise<Json> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return ((await response.json()) as Json).result;
}
const call = (url: string, args: Json = {}, name = 'linear_users_list') => rpc(url, 'tools/call', { name, arguments: args });
const me = (answer: Json) => answer.structuredContent?.users.find((user: Json) => user.is_me)?.email ?? answer._meta['grantway/code'];
const toolsOf = async (url: string): Promise<Json[]> => (await rpc(url, 'tools/list', {})).tools;
const argumentOf = async (url: string, name = 'linear_users_list') =>
  (await toolsOf(url)).find((tool) => tool.name === name)?.inputSchema.properties.grantway_account;

describe('where a config allows it', () => {
  it('every tool names the user’s accounts, the default first, and is called with the one that is named', async () => {
    const user = someone();
    const url = await urlOf('chooser', user);
    expect(await argumentOf(url)).toBeUndefined();
    await connect(user, 'ada@work.example', { account_label: 'work' });
    const home = await connect(user, 'ada@home.example', { account_label: 'home' });
    for (const tool of await toolsOf(url)) {
      const { grantway_account: argument } = tool.inputSchema.properties;
      expect(argument, tool.name).toMatchObject({ type: 'string', enum: ['work', 'home'] });
      expect(argument.description).toContain('work');
      expect(tool.inputSchema.required ?? []).not.toContain('grantway_account');
      expect(tool.inputSchema.additionalProperties).toBe(false);
    }
    expect(me(await call(url))).toBe('ada@work.example');
    expect(me(await call(url, { grantway_account: 'home' }))).toBe('ada@home.example');
    expect(me(await call(url, { grantway_account: home }))).toBe('ada@home.example');
    const [row] = (await broker.api(`/v1/tool-calls?user_identifier=${user}`)).body.items;
    expect(row).toMatchObject({ connected_account_id: home, account_label: 'home', outcome: 'success', via: 'mcp' });

    await broker.api(`/v1/connected-accounts/${home}`, { method: 'PATCH', body: { default: true, label: 'house' } });
    expect(await argumentOf(url)).toMatchObject({ enum: ['house', 'work'] });
    expect(me(await call(url))).toBe('ada@home.example');
    await broker.api(`/v1/connected-accounts/${home}`, { method: 'DELETE' });
    expect(await argumentOf(url)).toMatchObject({ enum: ['work'] });
    expect(me(await call(url))).toBe('ada@work.example');
  });

  it('an unknown account, another user’s, a deleted one and what is no text are refused and recorded; nothing is sent', async () => {
    const [user, other] = [someone(), someone()];
    const url = await urlOf('chooser', user);
    await connect(user, 'ada@work.example', { account_label: 'work' });
    const gone = await connect(user, 'ada@gone.example', { account_label: 'gone' });
    await broker.api(`/v1/connected-accounts/${gone}`, { method: 'DELETE' });
    const theirs = await connect(other, 'bob@acme.example', { account_label: 'theirs' });
    const sent = async () => (await broker.control('/linear/ledger', 'GET')).counts.api_calls;
    const before = await sent();
    for (const named of ['theirs', theirs, 'nobody', gone, 'gone', '', '../work', 'x'.repeat(5000)]) {
      const answer = await call(url, { grantway_account: named });
      expect(answer, named).toMatchObject({ isError: true, _meta: { 'grantway/code': 'unknown_account' } });
      expect(answer.content[0].text).toContain('there are: "work"');
      expect(answer.content[0].text.length).toBeLessThan(300);
    }
    for (const named of [7, null, ['work'], { label: 'work' }]) {
      const answer = await call(url, { grantway_account: named });
      expect(answer).toMatchObject({ isError: true, _meta: { 'grantway/code': 'argument_invalid' } });
      expect(answer.content[0].text).toContain('grantway_account');
    }
    expect(await sent()).toBe(before);
    const { items } = (await broker.api(`/v1/tool-calls?user_identifier=${user}&outcome=refused`)).body;
    expect(items.length).toBeGreaterThanOrEqual(9);
    expect(items.every((row: Json) => row.connected_account_id === null)).toBe(true);
    expect(me(await call(url, { grantway_account: 'work' }))).toBe('ada@work.example');
  });

  it('an account that must be connected again answers with a link of its own', async () => {
    const user = someone();
    const url = await urlOf('chooser', user);
    await connect(user, 'ada@work.example', { account_label: 'work' });
    const { body } = await broker.api('/v1/connected-accounts/authorization-link', {
      body: { connection_name: 'linear', identifier: user, account_label: 'new' },
    });
    expect(await argumentOf(url)).toMatchObject({ enum: ['work', 'new'] });
    const answer = await call(url, { grantway_account: 'new' });
    expect(answer._meta).toMatchObject({ 'grantway/code': 'authorization_required', 'grantway/authentication_link': body.link });
    await broker.connect(body.link, { account: 'ada@new.example' });
    expect(me(await call(url, { grantway_account: 'new' }))).toBe('ada@new.example');
    expect(me(await call(url))).toBe('ada@work.example');
  });

  it('the organization’s accounts are chosen from where the config is about those', async () => {
    const [user, admin] = [someone(), someone()];
    await connect(admin, 'prod@acme.example', { account_owner: 'organization', account_label: 'prod' });
    await connect(admin, 'staging@acme.example', { account_owner: 'organization', account_label: 'staging' });
    await connect(user, 'ada@own.example', { account_label: 'own' });
    const url = await urlOf('shared', user);
    expect(await argumentOf(url)).toMatchObject({ enum: ['prod', 'staging'] });
    expect(me(await call(url, { grantway_account: 'staging' }))).toBe('staging@acme.example');
    expect(me(await call(url, { grantway_account: 'own' }))).toBe('unknown_account');
    expect(await argumentOf(await urlOf('chooser', user))).toMatchObject({ enum: ['own'] });
  });

  it('of two connections of one connector each offers its own accounts', async () => {
    const user = someone();
    await newConfig('two', { connection_name: 'linear', account_choice: true }, { connection_name: 'linear-other' });
    const url = await urlOf('two', user);
    await connect(user, 'ada@one.example', { account_label: 'one' });
    await connect(user, 'ada@two.example', { account_label: 'two', connection_name: 'linear-other' });
    expect(await argumentOf(url, 'linear_users_list__linear')).toMatchObject({ enum: ['one'] });
    expect(await argumentOf(url, 'linear_users_list__linear_other')).toBeUndefined();
    expect(me(await call(url, { grantway_account: 'one' }, 'linear_users_list__linear'))).toBe('ada@one.example');
  });
});

describe('where it does not', () => {
  it('the argument is not there, and is refused by name', async () => {
    const user = someone();
    await connect(user, 'ada@work.example', { account_label: 'work' });
    const url = await urlOf('plain', user);
    expect(await argumentOf(url)).toBeUndefined();
    const answer = await call(url, { grantway_account: 'work' });
    expect(answer._meta['grantway/code']).toBe('argument_invalid');
    expect(answer.content[0].text).toContain('grantway_account: unknown argument');
    expect(me(await call(url))).toBe('ada@work.example');
  });
});

it('a config says whose accounts it uses and whether they may be named; both can be changed, with the next call', async () => {
  const user = someone();
  await connect(user, 'ada@work.example', { account_label: 'work' });
  await connect(user, 'ada@home.example', { account_label: 'home' });
  await newConfig('changing', { connection_name: 'linear' });
  const [config] = (await broker.api('/v1/mcp-configs?name=changing')).body.items;
  expect(config.connection_tool_mappings).toEqual([{ connection_name: 'linear', tools: [], account_owner: 'user', account_choice: false }]);
  const url = await urlOf('changing', user);
  const set = (mapping: Json) =>
    broker.api(`/v1/mcp-configs/${config.id}`, {
      method: 'PATCH',
      body: { connection_tool_mappings: [{ connection_name: 'linear', ...mapping }] },
    });
  expect((await set({ account_choice: true })).body.connection_tool_mappings[0]).toMatchObject({ account_choice: true });
  expect(me(await call(url, { grantway_account: 'home' }))).toBe('ada@home.example');
  expect((await set({ account_choice: false })).status).toBe(200);
  expect(me(await call(url, { grantway_account: 'home' }))).toBe('argument_invalid');
  expect((await set({ account_owner: 'everybody' })).status).toBe(400);
  expect((await set({ account_choice: 'yes' })).status).toBe(400);
});
