import { type AccessLevel, Fault, parseBearer, type StoredPolicy } from '@grantway/contract';
import type { Mark } from '@grantway/db';
import { policyOf } from './call-policy.ts';
import type { Modules } from './ctx.ts';
import { type Grant, grantOf } from './grants.ts';
import type { ConfigRow, InstanceRow } from './instance-rows.ts';
import type { Remembered } from './opened-instances.ts';
import type { NameableAccount } from './owned-accounts.ts';
import { remoteServerOf } from './remote-servers.ts';
import { allowsConfig, allowsIdentifier } from './restrictions.ts';
import { type MappedConnection, mappedConnection } from './tools.ts';

/** What one MCP request works with: who, on whose behalf, and what the config's current version allows. */
export interface OpenInstance extends Grant {
  id: string;
  configId: string;
  environmentId: string;
  clientId: string | null;
  userId: string;
  userIdentifier: string;
  configName: string;
  configDescription: string;
  configVersion: number;
  policy: StoredPolicy;
  mappings: readonly MappedConnection[];
  /** Of connections whose accounts a call may name: the default first, then the older ones. */
  accounts: NameableAccount[];
}

/**
 * Opens an MCP instance by the secret part of its URL: one prepared query, with all who open one in the same moment. What was
 * opened a moment ago and has not changed is not read again (`opened-instances.ts`).
 * @throws Fault not_found for anything that is no URL of ours; instance_revoked, instance_rotated, instance_expired,
 * client_suspended, user_suspended, environment_suspended
 */
export async function openInstance(modules: Modules, token: string): Promise<OpenInstance> {
  const remembered = recallInstance(modules, token);
  if (remembered !== undefined) {
    if ((await modules.expectations.compare({ instance: remembered.mark, account: null })) === undefined) return remembered.instance;
    modules.openedInstances.forget(token);
  }
  return (await readInstance(modules, token)).instance;
}

/** What was read by itself; `mark` is there where changes of it would be heard of. */
export interface ReadInstance {
  instance: OpenInstance;
  mark: Mark | undefined;
}

/** As openInstance, of what is not remembered. @throws as openInstance */
export async function readInstance(modules: Modules, token: string): Promise<ReadInstance> {
  const parsed = parseBearer('mcpUrl', token);
  if (parsed === undefined) throw new Fault('not_found');
  const { changes } = modules.db;
  const moment = changes.moment();
  const row = await modules.instanceRows.byUrl(parsed.id);
  const current = row?.secret_version ?? 1;
  // The secret is checked for unknown ids too: time must not tell which ids exist.
  if (!(await modules.sealing.isDerived('mcpUrl', token, current))) {
    const age = await ageOf(modules, token, current);
    if (row === undefined || age === undefined) throw new Fault('not_found');
    if (row.revoked) throw revoked();
    if (age > 1 || !row.previous_works)
      throw new Fault('instance_rotated', 'this MCP URL was replaced; ask for the new one where you got it');
  }
  if (row === undefined || !isWithin(row)) throw new Fault('not_found');
  if (row.revoked) throw revoked();
  if (row.expired) throw new Fault('instance_expired', 'this MCP URL has expired; ask for a new one where you got it');
  const instance = opened(row, 'FULL');
  if (!changes.hears()) return { instance, mark: undefined };
  const mark = { moment, ids: madeOf(row) };
  modules.openedInstances.keep(token, { instance, mark }, row.life_ms ?? undefined);
  return { instance, mark };
}

/** All rows that what was opened was made of. */
function madeOf({ config, ...row }: InstanceRow): string[] {
  return [
    row.id,
    row.user_id,
    row.environment_id,
    config.id,
    ...(row.client_id === null ? [] : [row.client_id]),
    ...config.mappings.flatMap(({ connectionId, choice }) =>
      choice === true ? [connectionId, `accounts:${connectionId}`] : [connectionId],
    ),
  ];
}

/** What this URL opened a moment ago, for whoever looks at its mark behind a fence before anything comes of it. */
export function recallInstance(modules: Modules, token: string): Remembered<OpenInstance> | undefined {
  const found = modules.openedInstances.recall(token) as Remembered<OpenInstance> | undefined;
  if (found === undefined || !modules.db.changes.since(found.mark)) return found;
  modules.openedInstances.forget(token);
  return undefined;
}

/** For so many rotations back a URL is told from one that never was. */
const remembered = 4;

/** How many rotations ago this was the secret; the same work for whatever it is. */
async function ageOf(modules: Modules, token: string, current: number): Promise<number | undefined> {
  let found: number | undefined;
  for (let age = 1; age <= remembered; age++) {
    if (await modules.sealing.isDerived('mcpUrl', token, current - age)) found = age;
  }
  return found;
}

/** Whose instance a token speaks for, as the token itself says: it was proven genuine before. */
export interface InstanceClaim {
  instanceId: string;
  /** The config whose static URL the token was made for, and presented at. */
  configId: string;
  environmentId?: string;
  accessLevel: AccessLevel;
  /** Of a session token: it ends when the instance's grows. */
  sessionEpoch?: number;
}

/**
 * Opens an MCP instance for a token at the static URL of its config: the same one query, by the instance's id. The end of
 * its own URL is none of the token's, which has one of its own.
 * @throws Fault unauthorized where there is no such instance of that config, or the token was revoked; instance_revoked,
 * client_suspended, user_suspended, environment_suspended
 */
export async function openInstanceOf(modules: Modules, claim: InstanceClaim): Promise<OpenInstance> {
  const row = await modules.instanceRows.byId(claim.instanceId);
  if (
    row === undefined ||
    row.config.id !== claim.configId ||
    row.environment_id !== (claim.environmentId ?? row.environment_id) ||
    !isWithin(row)
  ) {
    throw new Fault('unauthorized');
  }
  if (row.revoked) throw revoked();
  if (row.session_epoch !== (claim.sessionEpoch ?? row.session_epoch)) throw new Fault('unauthorized');
  return opened(row, claim.accessLevel);
}

/** A client that was narrowed later has no way left to what it made before. */
function isWithin({ restrictions, identifier, config }: InstanceRow): boolean {
  return allowsIdentifier(restrictions, identifier) && allowsConfig(restrictions, config.id);
}

const revoked = () => new Fault('instance_revoked', 'this MCP URL was revoked; ask for a new one where you got it');

/** @throws Fault environment_suspended, user_suspended, client_suspended */
function opened({ config, environment_id: environmentId, ...row }: InstanceRow, accessLevel: AccessLevel): OpenInstance {
  if (row.environment_suspended) throw new Fault('environment_suspended');
  if (row.user_suspended) throw new Fault('user_suspended');
  if (row.client_suspended) throw new Fault('client_suspended', 'the client that this MCP URL belongs to is suspended');
  return {
    id: row.id,
    environmentId,
    clientId: row.client_id,
    userId: row.user_id,
    userIdentifier: row.identifier,
    configId: config.id,
    ...grantOf(row.restrictions, accessLevel),
    configName: config.name,
    configDescription: config.description,
    configVersion: config.version,
    ...readConfig(config, environmentId),
    accounts: row.accounts ?? [],
  };
}

type ReadConfig = Pick<OpenInstance, 'policy' | 'mappings'>;
/** Of those who were read together it is the same, and so is what is made of it. */
const readConfigs = new WeakMap<ConfigRow, ReadConfig>();

function readConfig(config: ConfigRow, environmentId: string): ReadConfig {
  let read = readConfigs.get(config);
  if (read === undefined) {
    const byId = new Map(config.connections?.map((connection) => [connection.id, connection]));
    const mappings = config.mappings.flatMap((mapping) => {
      const connection = byId.get(mapping.connectionId);
      if (connection === undefined) return [];
      const { header = null, generation = 0, mcp = null, ...named } = connection;
      const mcpHeaderCt = header === null ? null : Buffer.from(header, 'base64');
      const remote = remoteServerOf({ ...named, environmentId, mcp, mcpHeaderCt, mcpHeaderGeneration: generation });
      return [mappedConnection(mapping, connection, remote)];
    });
    read = { policy: policyOf(config.id, config.version, config.policy), mappings };
    readConfigs.set(config, read);
  }
  return read;
}
