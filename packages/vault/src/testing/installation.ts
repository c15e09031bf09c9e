import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Connector, OAuth2Credential } from '@grantway/connector-kit';
import { newId, Secret } from '@grantway/contract';
import { type Database, migrate, openDatabase } from '@grantway/db';
import { createEgress } from '@grantway/egress';
import { createDatabase } from '@grantway/test/harness';
import { clientSecretPlace, storeGrant } from '../accounts.ts';
import { type KeyRing, openKeyRing } from '../key-ring.ts';
import { createLeases, type LeaseDeps, type Leases } from '../lease.ts';
import { localKeyWrapper } from '../master-key.ts';
import { createSealing, type Sealing } from '../sealing.ts';
import { acme } from './token-endpoint.ts';

const migrations = fileURLToPath(new URL('../../../../migrations', import.meta.url));

/** What one process of the broker holds of the vault. */
export interface Replica {
  db: Database;
  ring: KeyRing;
  sealing: Sealing;
  leases: Leases;
  /** What it logged. */
  messages: string[];
}

export interface Installation {
  databaseUrl: string;
  masterKey: Buffer;
  environmentId: string;
  connectionId: string;
  /** One more process on the same database: pools, key ring and owner id of its own. */
  replica(more?: Partial<LeaseDeps>): Promise<Replica & { close(): Promise<void> }>;
  query<R extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<R[]>;
  /** A connected account with this credential; an hour of life unless the credential says otherwise. */
  account(credential?: Partial<OAuth2Credential>): Promise<string>;
  /** Sets how much of the access token's life of an hour is left. */
  age(accountId: string, secondsLeft: number): Promise<void>;
  row(accountId: string): Promise<AccountFacts>;
  close(): Promise<void>;
}

export interface AccountFacts {
  status: string;
  reason: string | null;
  generation: string;
  claim_owner: string | null;
  claim_fence: string;
  uncertain: boolean;
  attempts: number;
  wait_s: number | null;
  next_refresh_in_s: number | null;
  has_credential: boolean;
  refreshable: boolean;
  incident: boolean;
  [column: string]: unknown;
}

/** An empty database with the schema in it. */
export async function emptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const database = await createDatabase();
  await migrate(database.url, migrations);
  return database;
}

export async function openReplica(
  databaseUrl: string,
  masterKey: Buffer,
  sandboxOrigin: () => string | undefined,
  find: (id: string) => Promise<Connector | undefined> = async () => acme,
  more: Partial<LeaseDeps> = {},
): Promise<Replica & { close(): Promise<void> }> {
  const db = openDatabase({ connectionString: databaseUrl });
  const ring = await openKeyRing(db, localKeyWrapper(new Secret(masterKey))).catch(async (error: unknown) => {
    await db.close();
    throw error;
  });
  const sealing = createSealing(ring);
  const egress = createEgress({ sandboxOrigin });
  const messages: string[] = [];
  const leases = createLeases({
    db,
    sealing,
    egress,
    connector: async (id) => (await find(id)) ?? acme,
    sandboxOrigin,
    baseUrl: () => 'http://127.0.0.1:1',
    log: { info: (_fields, message) => void messages.push(message), warn: (_fields, message) => void messages.push(message) },
    ...more,
  });
  const close = async () => {
    await egress.close();
    await db.close();
  };
  return { db, ring, sealing, leases, messages, close };
}

/** One environment with one connection to the connector of `token-endpoint.ts`. */
export async function startInstallation(sandboxOrigin: () => string | undefined): Promise<Installation> {
  const database = await emptyDatabase();
  const masterKey = randomBytes(32);
  const closers: (() => Promise<void>)[] = [() => database.drop()];
  const replica = async (more?: Partial<LeaseDeps>) => {
    const made = await openReplica(database.url, masterKey, sandboxOrigin, undefined, more);
    let closed: Promise<void> | undefined;
    const close = () => {
      closed ??= made.close();
      return closed;
    };
    closers.push(close);
    return { ...made, close };
  };
  const { db, sealing } = await replica();
  const query = <R extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
    db.system('health').query<R>({ name: '', text, values });

  const [workspaceId, environmentId, connectionId] = [newId('workspace'), newId('environment'), newId('connection')];
  await query('insert into workspaces (id, name) values ($1, $1)', [workspaceId]);
  await query('insert into environments (id, workspace_id, name) values ($1, $2, $1)', [environmentId, workspaceId]);
  const secret = await sealing.seal(
    clientSecretPlace({ environmentId, id: connectionId, generation: 1 }),
    new Secret(randomBytes(24).toString('base64url')),
  );
  await query(
    `insert into connections (id, environment_id, name, connector, client_id, secret_generation, client_secret_ct, scopes, sandbox)
     values ($1, $2, 'acme', 'acme', 'acme-client', 1, $3, '{read}', true)`,
    [connectionId, environmentId, secret],
  );

  return {
    databaseUrl: database.url,
    masterKey,
    environmentId,
    connectionId,
    replica,
    query,
    async account(credential = {}) {
      const [userId, id] = [newId('user'), newId('connectedAccount')];
      await query('insert into users (id, environment_id, identifier) values ($1, $2, $1)', [userId, environmentId]);
      await query('insert into connected_accounts (id, environment_id, connection_id, user_id) values ($1, $2, $3, $4)', [
        id,
        environmentId,
        connectionId,
        userId,
      ]);
      await db.inEnvironment(environmentId, (tx) => storeGrant(tx, sealing, { account: { id, environmentId }, ...newGrant(credential) }));
      return id;
    },
    async age(accountId, secondsLeft) {
      await query(
        `update connected_accounts set access_obtained_at = clock_timestamp() + make_interval(secs => $2::float8 - 3600),
           access_expires_at = clock_timestamp() + make_interval(secs => $2::float8), next_refresh_at = clock_timestamp() - interval '1 second'
         where id = $1`,
        [accountId, secondsLeft],
      );
    },
    async row(accountId) {
      const [row] = await query<AccountFacts>(
        `select a.status, a.reason, a.generation, a.claim_owner, a.claim_fence, a.uncertain, a.attempts, a.refreshable,
           extract(epoch from a.not_before - clock_timestamp())::float8 as wait_s,
           extract(epoch from a.next_refresh_at - clock_timestamp())::float8 as next_refresh_in_s,
           a.credential_ct is not null as has_credential, c.incident_at is not null as incident
         from connected_accounts a join connections c on c.id = a.connection_id where a.id = $1`,
        [accountId],
      );
      if (row === undefined) throw new Error('no such account');
      return row;
    },
    close: async () => {
      for (const step of closers.reverse()) await step();
    },
  };
}

/** What a new consent brings, made up at run time. */
export function newGrant(credential: Partial<OAuth2Credential> = {}) {
  return {
    credential: new Secret<OAuth2Credential>({
      kind: 'oauth2',
      access_token: randomBytes(24).toString('base64url'),
      refresh_token: randomBytes(24).toString('base64url'),
      expires_at: Date.now() + 3_600_000,
      scopes: ['read'],
      ...credential,
    }),
    providerAccount: { id: '1', label: 'one' },
    scopes: ['read'],
    fields: {},
    actor: { kind: 'person' as const, id: null },
    requestId: null,
  };
}
