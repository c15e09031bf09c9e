import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let broker: TestBroker;
let instance: Json;
let account: Json;

beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  account = (await broker.api('/v1/connected-accounts?connection_name=linear')).body.items[0];
});
afterAll(() => broker?.close());

/** Time passes at the provider: so many days are left of the grant. */
const daysLeft = (days: number) =>
  broker.modules.db.system('sweep').query({
    name: '',
    text: "update connected_accounts set grant_expires_at = clock_timestamp() + $2 * interval '1 day' where id = $1",
    values: [account.id, days],
  });

const warnings = async (): Promise<number[]> =>
  (await broker.api(`/v1/events?type=connected_account.expiring&connected_account_id=${account.id}`)).body.items
    .map((event: Json) => event.data.days)
    .reverse();

describe('E20: a grant that the provider ends on a certain day', () => {
  it('is told of 14, 7 and 1 days before, each time once, however many processes look', async () => {
    const seen: [number, number[]][] = [];
    for (const left of [30, 14.5, 13.9, 8, 6.9, 1.5, 0.9, 0.5, -0.1]) {
      await daysLeft(left);
      await Promise.all(Array.from({ length: 4 }, () => broker.broker.jobs.runNow('expiry.sweep')));
      seen.push([left, await warnings()]);
    }
    expect(seen).toEqual([
      [30, []],
      [14.5, []],
      [13.9, [14]],
      [8, [14]],
      [6.9, [14, 7]],
      [1.5, [14, 7]],
      [0.9, [14, 7, 1]],
      [0.5, [14, 7, 1]],
      [-0.1, [14, 7, 1]],
    ]);
  });

  it('shows its end, and a new consent through a new link ends the warnings', async () => {
    await daysLeft(3);
    const shown = (await broker.api(`/v1/connected-accounts/${account.id}`)).body;
    expect(Date.parse(shown.grant_expires_at) - Date.now()).toBeGreaterThan(2.9 * 86_400_000);
    expect(shown.status).toBe('ACTIVE');
    const made = await broker.api('/v1/connected-accounts/authorization-link', {
      body: { connection_name: 'linear', identifier: instance.user_identifier },
    });
    expect(made.status).toBe(200);
    expect((await broker.connect(made.body.link)).status).toBe(200);
    expect((await broker.api(`/v1/connected-accounts/${account.id}`)).body.grant_expires_at).toBeNull();
    await broker.broker.jobs.runNow('expiry.sweep');
    expect(await warnings()).toEqual([14, 7, 1]);
  });

  it('is not told of where the account has ended, and an account that is found late gets the warning of its day', async () => {
    await daysLeft(0.9);
    await broker.broker.jobs.runNow('expiry.sweep');
    expect(await warnings()).toEqual([14, 7, 1, 1]);
    await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' });
    expect((await broker.api(`/v1/connected-accounts/${account.id}`)).body.grant_expires_at).toBeNull();
  });
});
