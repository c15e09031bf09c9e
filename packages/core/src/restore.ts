import type { Database } from '@grantway/db';

/** The first renewals after a restore are spread over this time, in seconds; each connection's own pace holds besides. */
const spreadSeconds = 600;

/**
 * After the database was restored from a backup. Refresh tokens that were spent since then are dead, and nobody can tell
 * which: every one is tried soon, and one that is refused counts as lost, not as revoked by its provider. Answers how many
 * will be tried.
 */
export async function afterRestore(db: Database, options: { spreadSeconds?: number } = {}): Promise<number> {
  const marked = await db.system('sweep').query({
    name: 'after a restore',
    text: `update connected_accounts set uncertain = true, claim_owner = null, claim_deadline = null, not_before = null, attempts = 0,
             next_refresh_at = clock_timestamp() + random() * make_interval(secs => $1), updated_at = clock_timestamp()
           where status = 'ACTIVE' and refreshable returning id`,
    values: [options.spreadSeconds ?? spreadSeconds],
  });
  return marked.length;
}
