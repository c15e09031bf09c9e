import { hash } from 'node:crypto';
import { createRemembered } from '@grantway/db';

/** The versions of all rows that an opened instance was made of, and what the clock alone says of them: equal texts, equal instances. */
export const instanceVersions = `concat_ws(' ', i.xmin, u.xmin, e.xmin, g.xmin, coalesce(cl.xmin::text, '-'),
             coalesce(i.expires_at <= clock_timestamp(), false), coalesce(i.previous_secret_until > clock_timestamp(), false),
             (select string_agg(c.xmin::text, ' ' order by c.id) from connections c where c.id in (select m->>'connectionId' from jsonb_array_elements(v.mappings) m)),
             (select string_agg(a.id || ' ' || a.xmin::text, ' ' order by a.id) from jsonb_array_elements(v.mappings) m
                join connected_accounts a on a.connection_id = m->>'connectionId'
                  and (a.user_id = i.user_id and m->>'owner' is distinct from 'organization' or a.user_id is null and m->>'owner' = 'organization')
              where m->>'choice' = 'true'))`;

export const instanceSources = `from mcp_instances i
             join users u on u.id = i.user_id
             join environments e on e.id = i.environment_id
             join mcp_configs g on g.id = i.config_id
             join mcp_config_versions v on v.config_id = g.id and v.version = g.version
             left join clients cl on cl.id = i.client_id`;

/** What was opened a moment ago, and is to be believed only where every row that it was made of is as it was. */
export interface Remembered<Instance = object> {
  instance: Instance;
  /** The public part of the URL that opened it. */
  urlId: string;
  versions: string;
}

export interface OpenedInstances {
  /** What was opened by this very URL within the last second; nothing of it may be acted on before its versions were compared. */
  recall(token: string): Remembered | undefined;
  /** After everything was found in order. */
  keep(token: string, opened: Remembered): void;
  forget(token: string): void;
}

/**
 * Instances that were opened a moment ago, under a digest of the secret that opened them. What is saved is the secret's check,
 * and reading and judging a config over and over.
 */
export function createOpenedInstances(): OpenedInstances {
  const kept = createRemembered<Remembered>();
  const digestOf = (token: string) => hash('sha256', token, 'base64');
  return {
    recall: (token) => kept.recall(digestOf(token))?.value,
    keep: (token, opened) => kept.keep(digestOf(token), opened),
    forget: (token) => kept.forget(digestOf(token)),
  };
}
