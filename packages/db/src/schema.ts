import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  customType,
  index,
  integer,
  jsonb,
  pgPolicy,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
const createdAt = () => moment('created_at').notNull().defaultNow();
const updatedAt = () => moment('updated_at').notNull().defaultNow();

/**
 * Every row belongs to one environment. The policy is the second wall behind the queries' own conditions: a session
 * that has named no environment sees nothing; `*` is set only by the system pool (see database.ts).
 */
const ownEnvironment = sql`environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*'`;
const isolated = () => pgPolicy('own_environment', { for: 'all', using: ownEnvironment, withCheck: ownEnvironment });
/** What no environment's session has any use for: only the system pool sees it. */
const systemOnly = sql`current_setting('grantway.environment_id', true) = '*'`;
const outOfReach = () => pgPolicy('system_only', { for: 'all', using: systemOnly, withCheck: systemOnly });
const environmentId = () =>
  text('environment_id')
    .notNull()
    .references(() => environments.id);

// ---- install-wide --------------------------------------------------------------------------------------------

export const workspaces = pgTable('workspaces', { id: text('id').primaryKey(), name: text('name').notNull(), createdAt: createdAt() });

export const environments = pgTable('environments', {
  id: text('id').primaryKey(),
  workspaceId: text('workspace_id')
    .notNull()
    .references(() => workspaces.id),
  name: text('name').notNull(),
  createdAt: createdAt(),
});

/** Data keys: random 32 bytes, stored only wrapped. `environment_id` is null for the install-wide purposes. */
export const dataKeys = pgTable(
  'data_keys',
  {
    id: uuid('id').primaryKey(),
    environmentId: text('environment_id').references(() => environments.id),
    purpose: text('purpose').notNull(),
    state: text('state').notNull().default('active'),
    createdAt: createdAt(),
  },
  (t) => [
    // One active key per purpose and environment decides races between replicas that start together.
    uniqueIndex('data_keys_active').on(t.purpose, sql`coalesce(${t.environmentId}, '')`).where(sql`state = 'active'`),
    outOfReach(),
  ],
);

export const dataKeyWraps = pgTable(
  'data_key_wraps',
  {
    dataKeyId: uuid('data_key_id')
      .notNull()
      .references(() => dataKeys.id, { onDelete: 'cascade' }),
    wrapperId: text('wrapper_id').notNull(),
    blob: bytea('blob').notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.dataKeyId, t.wrapperId] }), outOfReach()],
);

/** Keys that sign Grantway's own access tokens; the private half is sealed. */
export const signingKeys = pgTable(
  'signing_keys',
  {
    kid: text('kid').primaryKey(),
    alg: text('alg').notNull(),
    publicJwk: jsonb('public_jwk').$type<Record<string, unknown>>().notNull(),
    privateCt: bytea('private_ct').notNull(),
    state: text('state').notNull().default('active'),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex('signing_keys_active').on(t.state).where(sql`state = 'active'`), outOfReach()],
);

// ---- per environment -----------------------------------------------------------------------------------------

export const clients = pgTable(
  'clients',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    name: text('name').notNull(),
    secretMac: bytea('secret_mac').notNull(),
    scopes: text('scopes').array().notNull(),
    suspendedAt: moment('suspended_at'),
    createdAt: createdAt(),
  },
  (t) => [index('clients_environment').on(t.environmentId, t.id), isolated()],
);

export const users = pgTable(
  'users',
  { id: text('id').primaryKey(), environmentId: environmentId(), identifier: text('identifier').notNull(), createdAt: createdAt() },
  (t) => [uniqueIndex('users_identifier').on(t.environmentId, t.identifier), isolated()],
);

export const connections = pgTable(
  'connections',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    name: text('name').notNull(),
    connector: text('connector').notNull(),
    clientId: text('client_id'),
    /** Generation is part of the authenticated data of `client_secret_ct`; it grows with every write. */
    secretGeneration: bigint('secret_generation', { mode: 'number' }).notNull().default(0),
    clientSecretCt: bytea('client_secret_ct'),
    fields: jsonb('fields').$type<Record<string, string>>().notNull().default({}),
    scopes: text('scopes').array().notNull(),
    sandbox: boolean('sandbox').notNull().default(false),
    /** The provider refuses the app's own credentials since then (one incident, not one per account). */
    incidentAt: moment('incident_at'),
    incidentError: text('incident_error'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [uniqueIndex('connections_name').on(t.environmentId, t.name), index('connections_page').on(t.environmentId, t.id), isolated()],
);

export const connectedAccounts = pgTable(
  'connected_accounts',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    connectionId: text('connection_id')
      .notNull()
      .references(() => connections.id),
    userId: text('user_id')
      .notNull()
      .references(() => users.id),
    status: text('status').notNull().default('PENDING_AUTH'),
    reason: text('reason'),
    statusChangedAt: moment('status_changed_at').notNull().defaultNow(),
    providerAccountId: text('provider_account_id'),
    providerAccountLabel: text('provider_account_label'),
    scopes: text('scopes').array().notNull().default([]),
    /** Non-secret fields the person entered, for example a site. */
    fields: jsonb('fields').$type<Record<string, string>>().notNull().default({}),
    // The credential, sealed, and the lease on it; security.md 4.2. generation grows with every new credential.
    grantId: text('grant_id'),
    generation: bigint('generation', { mode: 'number' }).notNull().default(0),
    credentialCt: bytea('credential_ct'),
    accessFingerprint: bytea('access_fingerprint'),
    accessObtainedAt: moment('access_obtained_at'),
    accessExpiresAt: moment('access_expires_at'),
    refreshable: boolean('refreshable').notNull().default(false),
    claimOwner: uuid('claim_owner'),
    claimFence: bigint('claim_fence', { mode: 'number' }).notNull().default(0),
    claimDeadline: moment('claim_deadline'),
    uncertain: boolean('uncertain').notNull().default(false),
    attempts: integer('attempts').notNull().default(0),
    notBefore: moment('not_before'),
    nextRefreshAt: moment('next_refresh_at'),
    lastRefreshedAt: moment('last_refreshed_at'),
    lastUsedAt: moment('last_used_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex('connected_accounts_user').on(t.connectionId, t.userId),
    index('connected_accounts_page').on(t.environmentId, t.id),
    index('connected_accounts_of_user').on(t.userId),
    // The sweep's cost follows what is due, not what exists.
    index('connected_accounts_due').on(t.nextRefreshAt).where(sql`next_refresh_at IS NOT NULL`),
    index('connected_accounts_claimed').on(t.claimDeadline).where(sql`claim_owner IS NOT NULL`),
    isolated(),
  ],
);

export const authorizationLinks = pgTable(
  'authorization_links',
  {
    id: text('id').primaryKey(),
    /** The public id inside the link's token; the token itself is derived, never stored. */
    tokenId: text('token_id').notNull(),
    environmentId: environmentId(),
    connectedAccountId: text('connected_account_id')
      .notNull()
      .references(() => connectedAccounts.id, { onDelete: 'cascade' }),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('authorization_links_token').on(t.tokenId),
    index('authorization_links_account').on(t.connectedAccountId, t.expiresAt),
    isolated(),
  ],
);

/** One attempt of one browser to come back from a provider. */
export const consentSessions = pgTable(
  'consent_sessions',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    linkId: text('link_id')
      .notNull()
      .references(() => authorizationLinks.id, { onDelete: 'cascade' }),
    connectionId: text('connection_id').notNull(),
    stateMac: bytea('state_mac').notNull(),
    browserMac: bytea('browser_mac').notNull(),
    pkceVerifierCt: bytea('pkce_verifier_ct'),
    /** Snapshot of what the request was made with: a connection edited mid-flow aborts it (security.md A06). */
    clientId: text('client_id').notNull(),
    redirectUri: text('redirect_uri').notNull(),
    scopes: text('scopes').array().notNull(),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    /** connected, or the fault code that ended it. */
    outcome: text('outcome'),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex('consent_sessions_state').on(t.stateMac), index('consent_sessions_link').on(t.linkId), isolated()],
);

export const mcpConfigs = pgTable(
  'mcp_configs',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    name: text('name').notNull(),
    description: text('description').notNull(),
    version: integer('version').notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [uniqueIndex('mcp_configs_name').on(t.environmentId, t.name), index('mcp_configs_page').on(t.environmentId, t.id), isolated()],
);

/** What a config allows, one immutable row per version. */
export interface ToolMapping {
  connectionId: string;
  /** Empty means all. */
  tools: string[];
}
export const mcpConfigVersions = pgTable(
  'mcp_config_versions',
  {
    configId: text('config_id')
      .notNull()
      .references(() => mcpConfigs.id, { onDelete: 'cascade' }),
    version: integer('version').notNull(),
    environmentId: environmentId(),
    mappings: jsonb('mappings').$type<ToolMapping[]>().notNull(),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.configId, t.version] }), isolated()],
);

export const mcpInstances = pgTable(
  'mcp_instances',
  {
    id: text('id').primaryKey(),
    /** The public id inside the URL; its secret is derived by the vault, never stored. */
    urlId: text('url_id').notNull(),
    secretVersion: integer('secret_version').notNull().default(1),
    environmentId: environmentId(),
    configId: text('config_id')
      .notNull()
      .references(() => mcpConfigs.id, { onDelete: 'cascade' }),
    userId: text('user_id')
      .notNull()
      .references(() => users.id),
    /** The client that asked for it first; its calls are audited under it. */
    clientId: text('client_id').references(() => clients.id),
    revokedAt: moment('revoked_at'),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex('mcp_instances_url').on(t.urlId), uniqueIndex('mcp_instances_config_user').on(t.configId, t.userId), isolated()],
);

export const toolCalls = pgTable(
  'tool_calls',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    requestId: text('request_id').notNull(),
    via: text('via').notNull(),
    clientId: text('client_id'),
    userIdentifier: text('user_identifier').notNull(),
    mcpInstanceId: text('mcp_instance_id'),
    mcpConfigName: text('mcp_config_name'),
    mcpConfigVersion: integer('mcp_config_version'),
    connectionName: text('connection_name'),
    connectedAccountId: text('connected_account_id'),
    connector: text('connector'),
    toolName: text('tool_name').notNull(),
    effect: text('effect'),
    outcome: text('outcome').notNull(),
    faultCode: text('fault_code'),
    providerStatus: integer('provider_status'),
    durationMs: integer('duration_ms'),
    /** The process that runs it while the outcome is pending. */
    writer: uuid('writer'),
    createdAt: createdAt(),
  },
  (t) => [
    index('tool_calls_page').on(t.environmentId, t.id),
    index('tool_calls_of_user').on(t.environmentId, t.userIdentifier, t.id),
    index('tool_calls_pending').on(t.createdAt).where(sql`outcome = 'pending'`),
    isolated(),
  ],
);

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    environmentId: environmentId(),
    clientId: text('client_id').notNull(),
    keyMac: bytea('key_mac').notNull(),
    requestHash: bytea('request_hash').notNull(),
    toolCallId: text('tool_call_id').notNull(),
    /** The first answer, sealed: it holds the user's data. Null while the call is running. */
    answerCt: bytea('answer_ct'),
    createdAt: createdAt(),
  },
  (t) => [primaryKey({ columns: [t.environmentId, t.clientId, t.keyMac] }), index('idempotency_keys_age').on(t.createdAt), isolated()],
);

export const auditEvents = pgTable(
  'audit_events',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    action: text('action').notNull(),
    actorKind: text('actor_kind').notNull(),
    actorId: text('actor_id'),
    targetKind: text('target_kind'),
    targetId: text('target_id'),
    requestId: text('request_id'),
    details: jsonb('details').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: createdAt(),
  },
  (t) => [index('audit_events_page').on(t.environmentId, t.id), isolated()],
);

/** The outbox: what happened, written in the transaction of the deed. */
export const events = pgTable(
  'events',
  {
    id: text('id').primaryKey(),
    /** Order of one account's events: taken while its row is locked, so that it is the order of the commits. */
    seq: bigserial('seq', { mode: 'number' }).notNull(),
    environmentId: environmentId(),
    type: text('type').notNull(),
    /** No reference: the history stays when the account goes. */
    connectedAccountId: text('connected_account_id'),
    data: jsonb('data').$type<Record<string, unknown>>().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('events_page').on(t.environmentId, t.id),
    index('events_of_account').on(t.connectedAccountId, t.id),
    index('events_age').on(t.createdAt),
    isolated(),
  ],
);

export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    url: text('url').notNull(),
    description: text('description').notNull(),
    /** Null: all. */
    eventTypes: text('event_types').array(),
    status: text('status').notNull().default('ENABLED'),
    reason: text('reason'),
    failingSince: moment('failing_since'),
    /** Failed rounds in a row, and until when the whole endpoint is left alone. */
    failures: integer('failures').notNull().default(0),
    notBefore: moment('not_before'),
    secretGeneration: bigint('secret_generation', { mode: 'number' }).notNull(),
    secretCt: bytea('secret_ct').notNull(),
    previousSecretCt: bytea('previous_secret_ct'),
    previousSecretExpiresAt: moment('previous_secret_expires_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [index('webhook_endpoints_page').on(t.environmentId, t.id), isolated()],
);

/** What each endpoint is still to get, written with the event: nothing has to find out later whom it concerned. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    endpointId: text('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id, { onDelete: 'cascade' }),
    eventId: text('event_id')
      .notNull()
      .references(() => events.id, { onDelete: 'cascade' }),
    environmentId: environmentId(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    connectedAccountId: text('connected_account_id'),
    /** pending, delivered, given_up */
    status: text('status').notNull().default('pending'),
    attempts: integer('attempts').notNull().default(0),
    nextAttemptAt: moment('next_attempt_at').notNull().defaultNow(),
    giveUpAt: moment('give_up_at').notNull().default(sql`now() + interval '3 days'`),
    claim: uuid('claim'),
    claimedUntil: moment('claimed_until'),
    lastAttemptAt: moment('last_attempt_at'),
    lastStatus: integer('last_status'),
    lastError: text('last_error'),
    deliveredAt: moment('delivered_at'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.endpointId, t.eventId] }),
    index('webhook_deliveries_due').on(t.nextAttemptAt).where(sql`status = 'pending'`),
    index('webhook_deliveries_turn').on(t.endpointId, t.connectedAccountId, t.seq).where(sql`status = 'pending'`),
    index('webhook_deliveries_event').on(t.eventId),
    isolated(),
  ],
);
