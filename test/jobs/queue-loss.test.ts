import { connectAll, incidentSetting, startBroker, type TestBroker } from '@grantway/test/harness';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

let broker: TestBroker;

beforeAll(async () => {
  broker = await startBroker();
  await connectAll(broker, await incidentSetting(broker));
});
afterAll(() => broker?.close());

const query = <R extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
  broker.modules.db.system('sweep').query<R>({ name: '', text, values });

/** What FLUSHALL does, to this broker's queue alone. */
async function wipeQueue(): Promise<number> {
  if (broker.queue === undefined) {
    const tables = await query<{ name: string }>("select table_name as name from information_schema.tables where table_schema = 'bullmq'");
    const wiped = tables.filter(({ name }) => !/migration/.test(name));
    for (const { name } of wiped) await query(`delete from bullmq."${name}"`);
    return wiped.length;
  }
  const redis = new Redis(broker.queue.redisUrl);
  const keys = await redis.keys(`${broker.queue.prefix}:*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
  return keys.length;
}

async function refreshedAfter(moment: Date): Promise<boolean> {
  const rows = await query<{ done: boolean }>(
    `select bool_and(last_refreshed_at > $1) as done from connected_accounts where status = 'ACTIVE' and refreshable`,
    [moment],
  );
  return rows[0]?.done === true;
}

describe('a queue that lost everything', () => {
  it('does not end what happens by itself: what falls due afterwards is renewed though nobody calls', async () => {
    for (const _ of ['once', 'and again']) {
      expect(await wipeQueue()).toBeGreaterThan(0);
      const [now] = await query<{ at: Date }>('select clock_timestamp() as at');
      await query("update connected_accounts set next_refresh_at = now() - interval '1 second' where status = 'ACTIVE' and refreshable");
      await vi.waitFor(async () => expect(await refreshedAfter((now as { at: Date }).at)).toBe(true), { timeout: 25_000, interval: 200 });
    }
  }, 60_000);
});
