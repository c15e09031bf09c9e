import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { storeGrant } from './accounts.ts';
import { NeedsAuthorization } from './lease.ts';
import { type Installation, newGrant, type Replica, startInstallation } from './testing/installation.ts';
import { granted, refused, startTokenEndpoint, type TokenEndpoint } from './testing/token-endpoint.ts';

const day = 86_400;
let provider: TokenEndpoint;
let installation: Installation;
let replica: Replica;
beforeAll(async () => {
  provider = await startTokenEndpoint();
  installation = await startInstallation(() => provider.origin);
  replica = await installation.replica();
});
afterAll(async () => {
  await installation?.close();
  await provider?.close();
});

async function leftDays(id: string): Promise<number | null> {
  const [row] = await installation.query<{ left: number | null }>(
    'select extract(epoch from grant_expires_at - clock_timestamp())::float8 / 86400 as left from connected_accounts where id = $1',
    [id],
  );
  return row?.left ?? null;
}

async function consent(id: string, more: { grantSeconds?: number; refresh_expires_at?: number }): Promise<void> {
  const { grantSeconds, ...credential } = more;
  const account = { id, environmentId: installation.environmentId };
  await replica.db.inEnvironment(account.environmentId, (tx) =>
    storeGrant(tx, replica.sealing, { account, grantSeconds, ...newGrant(credential) }),
  );
}

describe('E20: a grant that ends whatever is done', () => {
  it('has its end on the row: as the connector declares it, and a refresh does not move it', async () => {
    const id = await installation.account();
    expect(await leftDays(id)).toBeNull();
    await consent(id, { grantSeconds: 365 * day });
    expect(await leftDays(id)).toBeCloseTo(365, 1);
    await installation.age(id, -1);
    provider.behave(() => granted());
    await replica.leases.lease(id);
    expect(await leftDays(id)).toBeCloseTo(365, 1);
  });

  it('or as the token answers say it: then each refresh moves it, and its warnings begin anew', async () => {
    const id = await installation.account();
    await consent(id, { refresh_expires_at: Date.now() + 5 * day * 1000 });
    expect(await leftDays(id)).toBeCloseTo(5, 1);
    await installation.query('update connected_accounts set expiry_warned_days = 7 where id = $1', [id]);
    await installation.age(id, -1);
    provider.behave(() => granted({ refresh_token_expires_in: String(180 * day) }));
    await replica.leases.lease(id);
    expect(await leftDays(id)).toBeCloseTo(180, 1);
    expect((await installation.query('select expiry_warned_days from connected_accounts where id = $1', [id]))[0]).toEqual({
      expiry_warned_days: null,
    });
  });

  it('is EXPIRED, not revoked, when the provider refuses it after its end', async () => {
    provider.behave(() => refused('invalid_grant'));
    for (const [over, status, reason] of [
      [true, 'EXPIRED', 'refresh_expired'],
      [false, 'REVOKED', 'revoked_by_provider'],
    ] as const) {
      const id = await installation.account();
      await consent(id, { grantSeconds: day });
      if (over)
        await installation.query("update connected_accounts set grant_expires_at = now() - interval '1 second' where id = $1", [id]);
      await installation.age(id, -1);
      await expect(replica.leases.lease(id)).rejects.toSatisfy(
        (error: unknown) => error instanceof NeedsAuthorization && error.status === status && error.reason === reason,
      );
      expect(await installation.row(id)).toMatchObject({ status, reason, has_credential: false });
      expect(await leftDays(id)).toBeNull();
    }
  });
});
