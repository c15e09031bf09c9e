import { isFault } from '@grantway/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Installation, type Replica, startInstallation } from './testing/installation.ts';
import { granted, refused, startTokenEndpoint, type TokenEndpoint } from './testing/token-endpoint.ts';

let provider: TokenEndpoint;
let installation: Installation;
let replica: Replica & { close(): Promise<void> };
beforeAll(async () => {
  installation = await startInstallation(() => provider.origin);
});
beforeEach(async () => {
  provider = await startTokenEndpoint();
  replica = await installation.replica();
  await installation.query('delete from connected_accounts');
});
afterEach(async () => {
  await replica.close();
  await provider.close();
});
afterAll(() => installation?.close());

const accounts = (count: number) => Promise.all(Array.from({ length: count }, () => installation.account()));
const statuses = () => installation.query('select status, count(*)::int as n from connected_accounts group by 1');
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: unknown) => (isFault(error) ? error.code : String(error)),
  );

describe('E13: a provider that is down', () => {
  it('is left alone after twenty requests; valid access tokens keep working, and nobody is flagged', async () => {
    const ids = await accounts(200);
    for (const id of ids) await installation.age(id, 30);
    provider.behave(() => ({ status: 503, body: {} }));
    const startedAt = performance.now();
    for (const id of ids) await replica.leases.lease(id);
    expect(provider.spent.length).toBeLessThanOrEqual(20 + Math.floor((performance.now() - startedAt) / 5_000));
    expect(provider.spent.length).toBeGreaterThanOrEqual(15);
    expect(await statuses()).toEqual([{ status: 'ACTIVE', n: 200 }]);
  });

  it('is probed by one process, and found again when it answers', async () => {
    const other = await installation.replica();
    const ids = await accounts(44);
    for (const id of ids) await installation.age(id, -1);
    provider.behave(() => ({ status: 503, body: {} }));
    for (let i = 0; i < 40; i += 2) {
      await Promise.all([replica, other].map(({ leases }, of) => codeOf(leases.lease(ids[i + of] as string))));
    }
    const [last] = ids.slice(40) as [string];
    for (const { leases } of [replica, other]) expect(await codeOf(leases.lease(last))).toBe('provider_unavailable');
    expect(provider.spent).toHaveLength(40);
    expect((await installation.row(last)).attempts).toBe(0);

    provider.behave(() => granted());
    await vi.waitFor(() => Promise.any([replica, other].map(({ leases }) => leases.lease(last))), { timeout: 15_000, interval: 100 });
    expect(provider.spent).toHaveLength(41);
    const [{ probed }] = (await installation.query<{ probed: boolean }>(
      'select provider_probe_at is not null as probed from connections',
    )) as [{ probed: boolean }];
    expect(probed).toBe(true);
  });
});

describe('E17: many access tokens that end at once', () => {
  it('reach the provider at the pace of its bucket; the sweep stands back for a caller', async () => {
    const ids = await accounts(120);
    for (const id of ids) await installation.age(id, 60);
    const startedAt = performance.now();
    await Promise.all(ids.map((id) => codeOf(replica.leases.refresh(id, { due: true }))));
    const allowed = 15 + ((performance.now() - startedAt) / 1000) * 10 + 1;
    expect(provider.spent.length).toBeLessThanOrEqual(allowed);
    expect(provider.spent.length).toBeGreaterThanOrEqual(15);
    const [{ due }] = (await installation.query<{ due: number }>(
      'select count(*)::int as due from connected_accounts where next_refresh_at <= clock_timestamp()',
    )) as [{ due: number }];
    expect(due).toBe(0);
    const caller = await installation.account();
    await installation.age(caller, -1);
    await replica.leases.lease(caller);
  });
});

describe('E12: Retry-After', () => {
  const inSeconds = (s: number) => new Date(Date.now() + s * 1000).toUTCString();
  it.each([
    ['0', 0, 0],
    ['20', 15, 22],
    ['120', 115, 132],
    ['600', 595, 660],
    ['900', 895, 900],
    ['86400', 895, 900],
    ['99999999999999999999', 895, 900],
    [() => inSeconds(300), 290, 331],
    [() => inSeconds(-300), 0, 0],
    [() => inSeconds(864_000), 895, 900],
    ['soon', 0, 0.25],
    ['-5', 0, 900],
    [undefined, 0, 0.25],
  ])('of %s pauses the account between %d and %d seconds', async (value, least, most) => {
    const id = await installation.account();
    await installation.age(id, -1);
    const header = typeof value === 'function' ? value() : value;
    provider.behave(() => refused('slow_down', 429, header === undefined ? {} : { 'retry-after': header }));
    expect(await codeOf(replica.leases.lease(id))).toBe('provider_unavailable');
    const { wait_s, status } = await installation.row(id);
    expect(status).toBe('ACTIVE');
    expect(Math.max(0, wait_s ?? Number.NaN)).toBeGreaterThanOrEqual(least);
    expect(wait_s).toBeLessThanOrEqual(most);
  });
});
