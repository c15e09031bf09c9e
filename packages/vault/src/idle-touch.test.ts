import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nextRefreshSeconds, storeGrant } from './accounts.ts';
import { type Installation, newGrant, type Replica, startInstallation } from './testing/installation.ts';
import { acme, granted, startTokenEndpoint, type TokenEndpoint } from './testing/token-endpoint.ts';

const day = 86_400;
const idleSeconds = 90 * day;
let provider: TokenEndpoint;
let installation: Installation;
let replica: Replica;
beforeAll(async () => {
  provider = await startTokenEndpoint();
  // Access tokens without an end: nothing else would ever use the refresh token.
  provider.behave(() => granted({ expires_in: undefined }));
  installation = await startInstallation(() => provider.origin);
  replica = await installation.replica({ connector: async () => ({ ...acme, auth: { ...acme.auth, idleSeconds } }) });
});
afterAll(async () => {
  await installation?.close();
  await provider?.close();
});

describe('E19: a refresh token that dies unused', () => {
  it('is renewed by half of its idle time at the latest, or before its access token ends', () => {
    for (const random of [0, 0.3, 1]) {
      expect(nextRefreshSeconds(null, idleSeconds, random)).toBeLessThanOrEqual(idleSeconds / 2);
      expect(nextRefreshSeconds(null, idleSeconds, random)).toBeGreaterThan(idleSeconds * 0.4);
      expect(nextRefreshSeconds(365 * day, idleSeconds, random)).toBeLessThanOrEqual(idleSeconds / 2);
      expect(nextRefreshSeconds(3_600, idleSeconds, random)).toBeLessThanOrEqual(3_600);
    }
    expect(nextRefreshSeconds(null, undefined)).toBeNull();
  });

  it('is found by the sweep, again and again, though nobody uses the account', async () => {
    const id = await installation.account();
    const account = { id, environmentId: installation.environmentId };
    await replica.db.inEnvironment(account.environmentId, (tx) =>
      storeGrant(tx, replica.sealing, { account, idleSeconds, ...newGrant({ expires_at: undefined }) }),
    );
    for (let round = 1; round <= 3; round++) {
      const { next_refresh_in_s } = await installation.row(id);
      expect(next_refresh_in_s).toBeLessThanOrEqual(idleSeconds / 2);
      expect(next_refresh_in_s).toBeGreaterThan(idleSeconds * 0.4);
      expect(await replica.leases.dueForRefresh(100)).not.toContain(id);
      await installation.query("update connected_accounts set next_refresh_at = next_refresh_at - interval '45 days' where id = $1", [id]);
      expect(await replica.leases.dueForRefresh(100)).toContain(id);
      await replica.leases.refresh(id, { due: true });
      expect(provider.spent).toHaveLength(round);
    }
  });
});
