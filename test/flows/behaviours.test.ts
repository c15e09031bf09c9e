import { type Json, Person, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { connectorsOfTests, oddVendors } from './odd-vendors.ts';
import { storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker({ connectors: connectorsOfTests });
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

let made = 0;
async function connection(connector: string, more: Json = {}): Promise<string> {
  const name = `${connector}-${++made}`;
  const answer = await broker.api('/v1/connections', { body: { name, connector, sandbox: true, ...more } });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  expect(answer.body.status).toBe('COMPLETED');
  return name;
}
async function mint(connection_name: string, identifier = 'ada'): Promise<{ link: string; id: string }> {
  const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body;
  const found = await broker.api(`/v1/connected-accounts?connection_name=${connection_name}&identifier=${identifier}`);
  return { link, id: found.body.items[0].id };
}
const execute = (tool: string, connection_name: string, identifier = 'ada') =>
  broker.api(`/v1/tools/${tool}/execute`, { body: { identifier, connection_name, arguments: {} } });
const ledger = (connector: string) => broker.control(`/${connector}/ledger`, 'GET');

describe('every behaviour is a declared value: consent, call, renewal, call, revocation', () => {
  it.each(Object.entries(oddVendors))('%s', async (_name, { connector, fields, keys }) => {
    const name = await connection(connector.id);
    const { link, id } = await mint(name);
    const page =
      keys === undefined
        ? await new Person().consent(link, fields === undefined ? {} : { fields })
        : await new Person().enterKey(link, keys);
    expect(page.html, page.url).toContain('is connected');
    expect((await storedAccount(rows, id)).status).toBe('ACTIVE');
    const works = async () => {
      for (const tool of connector.tools) {
        const answer = await execute(tool.name, name);
        expect([tool.name, answer.status, answer.body.output ?? answer.body]).toEqual([tool.name, 200, { items: ['one'] }]);
      }
    };
    await works();
    if (keys === undefined) {
      expect((await broker.api(`/v1/connected-accounts/${id}/refresh`, { method: 'POST' })).status).toBe(200);
      await works();
      // A provider's 401 renews as well, where nobody said how long a token lives.
      await broker.control(`/${connector.id}/knobs`, 'PUT', { fail: '401', fail_times: 1 });
      await works();
      const { counts } = await ledger(connector.id);
      expect(counts).toMatchObject({ refreshes: 2, reuse_detected: 0 });
    }
    await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' });
    if (keys === undefined) {
      await expect.poll(async () => (await ledger(connector.id)).counts.revocations, { timeout: 15_000, interval: 100 }).toBe(1);
    }
  });
});
