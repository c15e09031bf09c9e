import { type Database, recordAudit } from '@grantway/db';
import { sql } from 'drizzle-orm';

/** The first renewals after a restore are spread over this time, in seconds; each connection's own pace holds besides. */
const spreadSeconds = 600;

/**
 * After the database was restored from a backup. Refresh tokens that were spent since then are dead, and nobody can tell
 * which: every one is tried soon, and one that is refused counts as lost, not as revoked by its provider. Answers how many
 * will be tried.
 */
export function afterRestore(db: Database, options: { spreadSeconds?: number; by?: string | null } = {}): Promise<number> {
  return db.system('sweep').tx(async (tx) => {
    const { rowCount } = await tx.execute(sql`
      update connected_accounts set uncertain = true, claim_owner = null, claim_deadline = null, not_before = null, attempts = 0,
        next_refresh_at = clock_timestamp() + random() * make_interval(secs => ${options.spreadSeconds ?? spreadSeconds}),
        updated_at = clock_timestamp()
      where status = 'ACTIVE' and refreshable`);
    const credentials = rowCount ?? 0;
    await recordAudit(tx, {
      environmentId: null,
      action: 'installation.restored',
      actor: { kind: 'operator', id: options.by ?? null },
      requestId: null,
      details: { credentials },
    });
    return credentials;
  });
}
