import { recordEvent } from '@grantway/db';
import { sql } from 'drizzle-orm';
import type { Modules } from './ctx.ts';

/** So many days before a grant ends its operator is told. */
const warningDays = [1, 7, 14] as const;
const perRun = 500;

/** Tells of grants that will end at their provider, once for each of the warnings. Answers how many were told. */
export async function warnOfExpiry(modules: Modules): Promise<number> {
  const system = modules.db.system('sweep');
  const due = await system.query<{ id: string; environment_id: string }>({
    name: 'sweep: grants that end',
    text: `select id, environment_id from connected_accounts
           where grant_expires_at > clock_timestamp() and grant_expires_at <= clock_timestamp() + make_interval(days => ${Math.max(...warningDays)})
             and status = 'ACTIVE' and (expiry_warned_days is null or expiry_warned_days > ${stage})
           order by grant_expires_at limit $1`,
    values: [perRun],
  });
  let told = 0;
  for (const account of due) {
    told += await system.tx(async (tx) => {
      // Of several processes one tells, and nobody tells of a grant that was replaced meanwhile.
      const { rows } = await tx.execute<{ grant_expires_at: Date; days: number }>(sql`
        update connected_accounts set expiry_warned_days = ${sql.raw(stage)}
        where id = ${account.id} and status = 'ACTIVE' and grant_expires_at > clock_timestamp()
          and (expiry_warned_days is null or expiry_warned_days > ${sql.raw(stage)})
          and grant_expires_at <= clock_timestamp() + make_interval(days => ${Math.max(...warningDays)})
        returning grant_expires_at, expiry_warned_days as days`);
      const row = rows[0];
      if (row === undefined) return 0;
      await recordEvent(tx, {
        environmentId: account.environment_id,
        type: 'connected_account.expiring',
        connectedAccountId: account.id,
        data: { grant_expires_at: new Date(row.grant_expires_at).toISOString(), days: row.days },
      });
      return 1;
    });
  }
  return told;
}

/** The warning that is due by now: the fewest days that still cover what is left. */
const stage = `(case ${warningDays
  .map((days) => `when grant_expires_at <= clock_timestamp() + make_interval(days => ${days}) then ${days}`)
  .join(' ')} end)`;
