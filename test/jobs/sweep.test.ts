import { newId } from '@grantway/contract';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let broker: TestBroker;
let instance: Json;

beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
});
afterAll(() => broker?.close());

const linear = async (): Promise<Json> => (await broker.api('/v1/connected-accounts?connection_name=linear')).body.items[0];

/** Time passes: what can be refreshed is due. */
function makeDue(): Promise<{ id: string }[]> {
  return broker.modules.db.system('sweep').query<{ id: string }>({
    name: 'make due',
    text: "update connected_accounts set next_refresh_at = now() - interval '1 second' where status = 'ACTIVE' and refreshable returning id",
    values: [],
  });
}

describe('the sweep', () => {
  it('renews a credential that falls due though nobody calls a tool, through the queue', async () => {
    expect((await linear()).last_refreshed_at).toBeNull();
    await makeDue();
    await vi.waitFor(async () => expect((await linear()).last_refreshed_at).not.toBeNull(), { timeout: 20_000, interval: 200 });
    expect((await linear()).status).toBe('ACTIVE');
    const { counts } = await broker.control('/linear/ledger', 'GET');
    expect(counts.refreshes).toBeGreaterThanOrEqual(1);
    expect(counts.api_calls).toBeLessThanOrEqual(1);
  });

  it('carries ids only: no job holds anything else', async () => {
    const due = await makeDue();
    expect(due.length).toBeGreaterThan(0);
    const enqueued: [string, string][] = [];
    const { jobs } = await import('@grantway/broker');
    const sweep = jobs.find((job) => job.name === 'credential.sweep');
    await sweep?.run(broker.modules, '', async (job, id) => void enqueued.push([job, id]));
    const known = new Set(due.map((row) => row.id));
    expect(enqueued.length).toBeGreaterThan(0);
    for (const [job, id] of enqueued) {
      expect(job).toBe('credential.refresh');
      expect(known.has(id)).toBe(true);
    }
  });

  it('marks calls of a dead process as outcome_unknown, and leaves running ones alone', async () => {
    const system = broker.modules.db.system('sweep');
    const insert = async (ageSeconds: number) => {
      const id = newId('toolCall', Date.now() - ageSeconds * 1000);
      await system.query({
        name: 'insert pending',
        text: `insert into tool_calls (id, environment_id, request_id, via, user_identifier, tool_name, effect, outcome, writer, created_at)
               values ($1, $2, 'req', 'mcp', 'someone', 'slack_post_message', 'write', 'pending', gen_random_uuid(), now() - make_interval(secs => $3))`,
        values: [id, broker.broker.environmentId, ageSeconds],
      });
      return id;
    };
    const [dead, alive] = [await insert(3600), await insert(1)];
    // This broker has just begun, and looked: as if it had run when the one of an hour ago died. Forgotten after the rows are there, since
    // its own housekeeping may look at any time.
    await system.query({ name: 'forget the mark', text: 'delete from sweep_marks', values: [] });
    await broker.broker.jobs.runNow('housekeeping');
    const outcomes = await system.query<{ id: string; outcome: string }>({
      name: 'outcomes',
      text: "select id, outcome from tool_calls where user_identifier = 'someone' order by id",
      values: [],
    });
    expect(outcomes).toEqual([
      { id: dead, outcome: 'outcome_unknown' },
      { id: alive, outcome: 'pending' },
    ]);
  });
});

describe('a successful call', () => {
  it('is seen on its account as last used', async () => {
    expect((await linear()).last_used_at).toBeNull();
    const done = await broker.api('/v1/tools/linear_teams_list/execute', { body: { identifier: instance.user_identifier } });
    expect(done.status).toBe(200);
    expect(Date.parse((await linear()).last_used_at)).toBeGreaterThan(Date.now() - 60_000);
  });
});
