import { startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { openCredential, type StoredAccount } from '../flows/stored-account.ts';
import {
  Cell,
  connectors,
  type Kind,
  type Mode,
  makeConnections,
  modes,
  randomFrom,
  startIdentityProvider,
  type TestIdentityProvider,
  Walk,
} from './phishing.ts';
import { combinations, runHonestly, runScript } from './phishing-scripts.ts';

/** `npm run attacks`: each script eight times in each cell, every time in another order. */
const isLong = process.env['MODE'] === 'long';
const limitMs = isLong ? 3_600_000 : 180_000;
const seed = Number(process.env['GRANTWAY_TEST_SEED'] ?? (isLong ? Date.now() % 1_000_000 : 1));
const kinds = ['oauth', 'form'] as const;
let broker: TestBroker;
let rows: Rows;
let idp: TestIdentityProvider;

beforeAll(async () => {
  // oidc-provider warns on the console about its development keys and its in-memory store.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  idp = await startIdentityProvider();
  broker = await startBroker({ allowHosts: [idp.host] });
  rows = await openRows(broker);
  await makeConnections(broker, idp);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await idp?.close();
});

/** Everything that a credential costs at the provider: token requests, good or refused, and keys that were tried. */
async function touched(): Promise<Record<string, number>> {
  const [oauth, form] = [await broker.control('/linear/ledger', 'GET'), await broker.control('/datadog/ledger', 'GET')];
  const { tokens_issued, token_refusals, api_calls } = oauth.counts;
  return { tokens_issued, token_refusals, api_calls, key_calls: form.counts.api_calls, key_refusals: form.counts.api_refusals };
}

/** Four at once; each has people of its own. */
async function all(runs: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = [...runs];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let run = queue.shift(); run !== undefined; run = queue.shift()) await run();
    }),
  );
}

const accountsLike = (pattern: string) =>
  rows.query<StoredAccount & { identifier: string; connection: string }>(
    `select a.*, u.identifier, c.name as connection from connected_accounts a join users u on u.id = a.user_id
     join connections c on c.id = a.connection_id where u.identifier like $1`,
    [pattern],
  );

describe('A01, A02, A04, A18: phishing', () => {
  const rounds = isLong ? 8 : 1;
  const plan = Array.from({ length: rounds }, () => combinations(modes, kinds)).flat();

  it(`gives nobody somebody else’s account: 0 of ${plan.length} runs, over every way of verifying, for OAuth and key forms`, {
    timeout: limitMs,
  }, async () => {
    const before = await touched();
    const runs = plan.map(({ script, mode, kind }, run) => async () => {
      const cell = new Cell(broker, mode, kind, `${run}-`, randomFrom(seed * 1000 + run));
      await runScript(script, cell).catch((error: unknown) => {
        throw new Error(`seed ${seed}, run ${run}, ${kind} ${mode}, ${script.name}`, { cause: error });
      });
    });
    await all(runs);

    const accounts = [...(await accountsLike('mallory-%')), ...(await accountsLike('bob-%'))];
    const taken = accounts.filter((a) => a.status === 'ACTIVE' || a.credential_ct !== null || Number(a.generation) > 0);
    process.stdout.write(
      `${count(
        plan,
        taken.map((a) => a.connection),
      )}\n`,
    );
    expect(taken.map((a) => [seed, a.identifier, a.connection, plan[Number(a.identifier.split('-')[1])]?.script.name])).toEqual([]);
    // Not even asked: no code was exchanged, and no key tried.
    expect(await touched()).toEqual(before);
    expect(await rows.query("select id from audit_events where action = 'connected_account.connected'")).toEqual([]);

    // The attacks came as far as they can: codes and keys were parked, people refused, browsers waited for a code.
    const outcomes = await rows.query<{ kind: string; outcome: string | null; n: number }>(
      'select kind, outcome, count(*)::int as n from verifications group by 1, 2',
    );
    const number = (kind: string, outcome?: string | null) =>
      outcomes.filter((o) => o.kind === kind && (outcome === undefined || o.outcome === outcome)).reduce((sum, o) => sum + o.n, 0);
    expect(number('parked')).toBeGreaterThanOrEqual(24 * rounds);
    expect(number('parked', 'refused')).toBeGreaterThanOrEqual(20 * rounds);
    expect(number('chat')).toBeGreaterThanOrEqual(10 * rounds);
    expect(number('chat', 'proven')).toBeGreaterThanOrEqual(2 * rounds);
  });

  it('leaves nothing that waits: what no app asked about is erased within ten minutes', async () => {
    for (const kind of kinds) {
      const cell = new Cell(broker, 'app', kind, `waiting-${kind}`, randomFrom(1));
      const link = await cell.mint(cell.mallory);
      for (const step of new Walk(cell, cell.bob, () => link).steps().slice(0, -1)) await step();
    }
    const [waiting] = await rows.query<{ n: number; longest: number }>(
      `select count(*)::int as n, max(extract(epoch from expires_at - created_at))::float8 as longest from verifications
       where kind = 'parked' and sealed_ct is not null`,
    );
    expect(waiting?.n).toBeGreaterThanOrEqual(2);
    expect(waiting?.longest).toBeLessThan(590);
    await rows.query("update verifications set expires_at = now() - interval '1 second' where outcome is null");
    await expect
      .poll(
        async () => (await rows.query<{ n: number }>('select count(*)::int as n from verifications where sealed_ct is not null'))[0]?.n,
        {
          timeout: 30_000,
          interval: 250,
        },
      )
      .toBe(0);
    expect((await accountsLike('mallory-%')).filter((a) => a.status !== 'PENDING_AUTH')).toEqual([]);
  }, 60_000);

  it('the same steps by the right person connect, every time, so that the runs above can fail', { timeout: limitMs }, async () => {
    const cells = modes.flatMap((mode) => kinds.map((kind) => ({ mode, kind })));
    const honest = Array.from({ length: rounds }, () => cells).flat();
    const before = await touched();
    const made = honest.map(({ mode, kind }, run) => new Cell(broker, mode, kind, `honest-${run}`, randomFrom(seed * 2000 + run)));
    await all(made.map((cell) => () => runHonestly(cell)));
    for (const cell of made) {
      const [account] = await accountsLike(cell.bob.identifier);
      expect(account, cell.connection).toMatchObject({ status: 'ACTIVE', connection: cell.connection });
      const credential = await openCredential(broker, account as StoredAccount);
      if (cell.kind === 'form') expect(credential.fields).toMatchObject(cell.bob.keys);
      else expect(credential.access_token).toEqual(expect.any(String));
    }
    const after = await touched();
    const expected = honest.filter(({ kind }) => kind === 'oauth').length;
    expect((after['tokens_issued'] as number) - (before['tokens_issued'] as number)).toBe(expected);
    expect((await accountsLike('mallory-%')).filter((a) => a.status === 'ACTIVE')).toEqual([]);
  });
});

/** Runs and successes for each way of verifying. */
function count(plan: readonly { mode: Mode; kind: Kind }[], taken: readonly string[]): string {
  const lines = modes.map((mode) =>
    kinds
      .map((kind) => {
        const runs = plan.filter((p) => p.mode === mode && p.kind === kind).length;
        const succeeded = taken.filter((connection) => connection === `${connectors[kind]}-${mode}`).length;
        return `${kind} ${succeeded} of ${runs}`;
      })
      .join(', '),
  );
  return [`phishing, seed ${seed}`, ...lines.map((line, i) => `  ${(modes[i] as string).padEnd(8)} ${line}`)].join('\n');
}
