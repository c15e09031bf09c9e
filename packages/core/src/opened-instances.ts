import { hash } from 'node:crypto';
import { type Database, grouped } from '@grantway/db';

/** The versions of all rows that an opened instance was made of, and what the clock alone says of them: equal texts, equal instances. */
export const instanceVersions = `concat_ws(' ', i.xmin, u.xmin, e.xmin, g.xmin, coalesce(cl.xmin::text, '-'),
             coalesce(i.expires_at <= clock_timestamp(), false), coalesce(i.previous_secret_until > clock_timestamp(), false),
             (select string_agg(c.xmin::text, ' ' order by c.id) from connections c where c.id in (select m->>'connectionId' from jsonb_array_elements(v.mappings) m)),
             (select string_agg(a.id || ' ' || a.xmin::text, ' ' order by a.id) from jsonb_array_elements(v.mappings) m
                join connected_accounts a on a.connection_id = m->>'connectionId'
                  and (a.user_id = i.user_id and m->>'owner' is distinct from 'organization' or a.user_id is null and m->>'owner' = 'organization')
              where m->>'choice' = 'true')) as versions`;

export const instanceSources = `from mcp_instances i
             join users u on u.id = i.user_id
             join environments e on e.id = i.environment_id
             join mcp_configs g on g.id = i.config_id
             join mcp_config_versions v on v.config_id = g.id and v.version = g.version
             left join clients cl on cl.id = i.client_id`;

/** The versions of instances by the public part of their URLs: one prepared query for all who ask in the same moment. */
async function readVersions(db: Database, urlIds: readonly string[]): Promise<(string | undefined)[]> {
  const rows = await db.system('open MCP instance').query<{ url_id: string; versions: string }>({
    name: 'versions of MCP instances',
    text: `select i.url_id, ${instanceVersions} ${instanceSources} where i.url_id = any($1::text[])`,
    values: [urlIds],
  });
  const byUrl = new Map(rows.map((row) => [row.url_id, row.versions]));
  return urlIds.map((id) => byUrl.get(id));
}

export interface OpenedInstances {
  /** What was opened by this very URL within the last second, if every row that it was made of is as it was; else undefined. */
  again(urlId: string, token: string): Promise<object | undefined>;
  /** After everything was found in order. */
  keep(token: string, versions: string, instance: object): void;
}

/** However equal it is found: what is kept is of now, and little. */
const keptMs = 1_000;
const maxKept = 10_000;

/**
 * Instances that were opened a moment ago, under a digest of the secret that opened them. Nothing of it is believed: each use
 * asks the database for the versions of the rows, and goes the whole way where one of them differs. What is saved is the
 * secret's check, and reading and judging a config over and over.
 */
export function createOpenedInstances(db: Database): OpenedInstances {
  const kept = new Map<string, { versions: string; instance: object; at: number }>();
  const versions = grouped<string, string | undefined>((urlIds) => readVersions(db, urlIds), { lanes: 4, patienceMs: 3, maxItems: 200 });
  const digestOf = (token: string) => hash('sha256', token, 'base64');

  return {
    async again(urlId, token) {
      const digest = digestOf(token);
      const found = kept.get(digest);
      if (found === undefined) return undefined;
      if (performance.now() - found.at > keptMs) {
        kept.delete(digest);
        return undefined;
      }
      if ((await versions.add(urlId)) === found.versions) return found.instance;
      kept.delete(digest);
      return undefined;
    },
    keep(token, versions, instance) {
      const digest = digestOf(token);
      // Deleted first, so that the order of the map is the order of time.
      kept.delete(digest);
      const at = performance.now();
      kept.set(digest, { versions, instance, at });
      for (const [oldest, { at: since }] of kept) {
        if (kept.size <= maxKept && at - since <= keptMs) break;
        kept.delete(oldest);
      }
    },
  };
}
