import { pruneGrants, tellOfExpiredInstances } from '@grantway/core';
import type { Job } from './worker.ts';

/** A call takes at most its time limit, repeated once, and a refresh; after this its process is dead. */
const orphanedAfterSeconds = 900;

export const housekeeping: Job = {
  name: 'housekeeping',
  everyMs: 60_000,
  async run(modules) {
    const orphans = await modules.toolCallLog.closeOrphans(orphanedAfterSeconds);
    if (orphans > 0) modules.log.warn({ count: orphans }, 'tool calls of dead processes were marked outcome_unknown');
    const expired = await tellOfExpiredInstances(modules);
    if (expired > 0) modules.log.info({ count: expired }, 'MCP URLs have expired; their operators were told');
    const system = modules.db.system('sweep');
    await system.query({
      name: 'prune consent sessions',
      text: "delete from consent_sessions where expires_at < now() - interval '1 day'",
      values: [],
    });
    await system.query({
      name: 'prune verifications',
      text: "delete from verifications where outcome is not null and expires_at < now() - interval '1 day'",
      values: [],
    });
    await system.query({
      name: 'prune links',
      text: "delete from authorization_links where expires_at < now() - interval '30 days'",
      values: [],
    });
    await system.query({
      name: 'prune events',
      text: "delete from events where created_at < now() - interval '30 days'",
      values: [],
    });
    await system.query({
      name: 'prune credential reads',
      text: "delete from credential_reads where created_at < now() - interval '2 days'",
      values: [],
    });
    await pruneGrants(modules);
    await system.query({
      name: 'prune approvals',
      text: "delete from approvals where ended_at < now() - interval '30 days'",
      values: [],
    });
    await system.query({
      name: 'prune idempotency keys',
      text: "delete from idempotency_keys where created_at < now() - interval '24 hours'",
      values: [],
    });
  },
};
