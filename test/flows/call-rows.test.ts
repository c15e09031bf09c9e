import { randomBytes } from 'node:crypto';
import { newId } from '@grantway/contract';
import { createToolCallLog, type ToolCallLog, type ToolCallRecord } from '@grantway/core';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';

let broker: TestBroker;
let rows: Rows;
let log: ToolCallLog;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  log = createToolCallLog(broker.modules.db);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

function record(given: Partial<ToolCallRecord> = {}): ToolCallRecord {
  return {
    id: newId('toolCall'),
    environment_id: broker.broker.environmentId,
    request_id: newId('request'),
    via: 'mcp',
    client_id: broker.client.clientId,
    user_identifier: `user-${randomBytes(3).toString('hex')}`,
    mcp_instance_id: null,
    mcp_config_name: 'a config, "quoted"',
    mcp_config_version: 3,
    connection_name: 'a_connection',
    connected_account_id: 'ca_first',
    account_label: 'Zoë\\{first}',
    connector: 'a_connector',
    tool_name: 'a_tool',
    effect: 'write',
    outcome: 'pending',
    fault_code: null,
    provider_status: null,
    duration_ms: null,
    created_at: '2026-02-03T04:05:06.789Z',
    ...given,
  };
}
const rowOf = ({ id }: ToolCallRecord) => rows.one<Json>('select * from tool_calls where id = $1', [id]);
/** What is asked for while these two are on their way goes together behind them. */
const busy = () => Promise.all([log.intend(record()), log.intend(record())]);
const served = { environmentSuspended: false, userSuspended: false, clientSuspended: false };

it('the row of an intent says what the call is, and that of its success the rest', async () => {
  const one = record();
  expect(await log.intend(one)).toEqual(served);
  const { writer, created_at, ...row } = await rowOf(one);
  expect({ ...row, created_at: created_at.toISOString() }).toEqual(one);
  expect(writer).toMatch(/^[0-9a-f-]{36}$/);
  // Every call of an account within the last minute but the first: its use is not told again.
  for (const duration_ms of [12, 13]) await log.write({ ...one, outcome: 'success', provider_status: 204, duration_ms }, true);
  expect(await rowOf(one)).toMatchObject({ outcome: 'success', provider_status: 204, duration_ms: 13, fault_code: null });
});

it('what a caller made up stands in its row as it was written, whatever is in it, and in the rows that came with it', async () => {
  const odd = [
    '',
    ' ',
    'NULL',
    'null',
    '\x1f',
    '\x1e',
    'a\x1fb\x1f',
    '\x1f\x1e',
    '\\x1f',
    '\\',
    '{"a":[null,"\\""]}',
    "it's; -- $1",
    '{,}',
    'Zürich 🚲',
  ];
  odd.push('\u0001\t\r\n\u007f\u2028', 'long '.repeat(20_000));
  const versions = [null, 0, -1, 2_147_483_647, -2_147_483_648];
  const all = odd.map((text, i) =>
    record({
      account_label: text,
      tool_name: text,
      mcp_config_name: text,
      mcp_config_version: versions[i % versions.length] as number | null,
    }),
  );
  expect(await Promise.all(all.map((one) => log.intend(one)))).toEqual(all.map(() => served));
  for (const one of all) {
    const { writer, created_at, ...row } = await rowOf(one);
    expect({ ...row, created_at: created_at.toISOString() }).toEqual(one);
  }
});

it('an outcome that had no intent is written whole, and a number that no column takes is refused', async () => {
  const one = record({ outcome: 'refused', fault_code: 'rate_limited', provider_status: 429, duration_ms: 7 });
  await log.write(one);
  const { writer, created_at, ...row } = await rowOf(one);
  expect({ ...row, created_at: created_at.toISOString() }).toEqual(one);
  const large = record({ mcp_config_version: 2 ** 31 });
  await expect(log.intend(large)).rejects.toThrow();
  expect(await rows.query('select 1 from tool_calls where id = $1', [large.id])).toEqual([]);
});

it('a call that another process has begun is begun again with what holds now, and whoever came with it has a row too', async () => {
  const [before, beside] = [record(), record()];
  await createToolCallLog(broker.modules.db).intend(before);
  const again = { ...before, connected_account_id: 'ca_second', account_label: null };
  void busy();
  expect(await Promise.all([log.intend(again), log.intend(beside)])).toEqual([served, served]);
  expect(await rowOf(before)).toMatchObject({ outcome: 'pending', connected_account_id: 'ca_second', account_label: null });
  expect(await rowOf(beside)).toMatchObject({ outcome: 'pending', connected_account_id: 'ca_first' });
});

it('an intent leaves an outcome as it is, and an outcome replaces any', async () => {
  const one = record({ outcome: 'refused', fault_code: 'unknown_tool', effect: null });
  await log.write(one);
  await log.intend(one);
  expect((await rowOf(one)).outcome).toBe('refused');
  await log.write({ ...one, outcome: 'authorization_required', fault_code: 'authorization_required' });
  expect((await rowOf(one)).outcome).toBe('authorization_required');
});

it('a success is what a row says that was swept meanwhile', async () => {
  const one = record({ connected_account_id: null });
  await log.intend(one);
  expect(await createToolCallLog(broker.modules.db).closeOrphans(-3600)).toBeGreaterThan(0);
  expect(await rowOf(one)).toMatchObject({ outcome: 'outcome_unknown', fault_code: 'outcome_unknown' });
  await log.write({ ...one, outcome: 'success', duration_ms: 5 }, true);
  expect(await rowOf(one)).toMatchObject({ outcome: 'success', fault_code: null, duration_ms: 5 });
});

it('a refusal after an intent says of which account it is', async () => {
  const one = record();
  await log.intend(one);
  await log.write(
    { ...one, outcome: 'authorization_required', fault_code: 'authorization_required', connected_account_id: 'ca_second' },
    true,
  );
  expect(await rowOf(one)).toMatchObject({ outcome: 'authorization_required', connected_account_id: 'ca_second' });
});

it('where one row is refused, nobody of its group is told that his was written, and the next group goes on', async () => {
  const [good, bad] = [record(), record({ account_label: 'no \0 here' })];
  const before = busy();
  const told = await Promise.allSettled([log.intend(good), log.intend(bad)]);
  expect(await before).toEqual([served, served]);
  expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await rows.query('select 1 from tool_calls where id = any($1)', [[good.id, bad.id]])).toEqual([]);
  expect(await log.intend(good)).toEqual(served);
});

it('each of a group hears of its own user, client and environment who is suspended', async () => {
  await rows.query('insert into users (id, environment_id, identifier, suspended_at) values ($1, $2, $3, now())', [
    newId('user'),
    broker.broker.environmentId,
    'sus"pended',
  ]);
  void busy();
  const of = await Promise.all([
    log.intend(record({ user_identifier: 'sus"pended' })),
    log.intend(record({ client_id: null })),
    log.intend(record({ environment_id: 'env_unknown' })),
    log.intend(record(), { instance: { moment: broker.modules.db.changes.moment(), ids: [] }, account: null }),
    log.intend(record()),
  ]);
  expect(of).toEqual([{ ...served, userSuspended: true }, served, { ...served, environmentSuspended: true }, served, served]);
});
