import { randomBytes } from 'node:crypto';
import { newId } from '@grantway/contract';
import { createToolCallLog, type ToolCallRecord } from '@grantway/core';
import { startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  // Its own housekeeping looks for the same calls within a second of its start.
  await broker.broker.jobs.close();
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

// As if nobody had looked yet.
beforeEach(() => rows.query('delete from sweep_marks'));

const hours = (count: number) => Date.now() - count * 3_600_000;

function record(madeAt: number): ToolCallRecord {
  return {
    id: newId('toolCall', madeAt),
    environment_id: broker.broker.environmentId,
    request_id: newId('request'),
    via: 'api',
    client_id: null,
    user_identifier: `user-${randomBytes(3).toString('hex')}`,
    mcp_instance_id: null,
    mcp_config_name: null,
    mcp_config_version: null,
    connection_name: null,
    connected_account_id: null,
    account_label: null,
    connector: null,
    tool_name: 'a_tool',
    effect: 'write',
    outcome: 'pending',
    fault_code: null,
    provider_status: null,
    duration_ms: null,
    created_at: new Date(madeAt).toISOString(),
  };
}
const outcomeOf = async ({ id }: ToolCallRecord) =>
  (await rows.one<{ outcome: string }>('select outcome from tool_calls where id = $1', [id])).outcome;

describe('calls that have no outcome', () => {
  it('are found of processes that died, and of none that lives, however often and by whomever it was looked before', async () => {
    const [living, dead, other] = [
      createToolCallLog(broker.modules.db),
      createToolCallLog(broker.modules.db),
      createToolCallLog(broker.modules.db),
    ];
    const [slow, cut] = [record(hours(3)), record(hours(2))];
    await living.intend(slow);
    await dead.intend(cut);
    expect(await living.closeOrphans(3600)).toBe(1);
    expect([await outcomeOf(slow), await outcomeOf(cut)]).toEqual(['pending', 'outcome_unknown']);
    // It has looked past its own call, and must not have passed it by.
    expect(await living.closeOrphans(3600)).toBe(0);
    expect(await other.closeOrphans(3600)).toBe(1);
    expect(await outcomeOf(slow)).toBe('outcome_unknown');
  });

  it('are not looked for among what is younger than asked', async () => {
    const [one, other] = [createToolCallLog(broker.modules.db), createToolCallLog(broker.modules.db)];
    const young = record(Date.now());
    await one.intend(young);
    expect(await other.closeOrphans(900)).toBe(0);
    expect(await outcomeOf(young)).toBe('pending');
    expect(await other.closeOrphans(0)).toBe(1);
  });

  it('are not searched for from the beginning each time: what is before the mark was looked at', async () => {
    const [one, other] = [createToolCallLog(broker.modules.db), createToolCallLog(broker.modules.db)];
    await one.closeOrphans(0);
    const forgotten = record(hours(5));
    await one.intend(forgotten);
    expect(await other.closeOrphans(0)).toBe(0);
    await one.write({ ...forgotten, outcome: 'success' }, true);
    expect(await outcomeOf(forgotten)).toBe('success');
  });

  it('get theirs also where their row was taken away meanwhile', async () => {
    const log = createToolCallLog(broker.modules.db);
    const gone = record(Date.now());
    await log.intend(gone);
    await rows.query('delete from tool_calls where id = $1', [gone.id]);
    await log.write({ ...gone, outcome: 'success' }, true);
    expect(await outcomeOf(gone)).toBe('success');
  });
});
