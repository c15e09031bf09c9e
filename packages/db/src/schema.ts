import type { StoredPolicy } from '@grantway/contract';
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
  /** Nothing of it is served while this is set. */
  suspendedAt: moment('suspended_at'),
  /** Its data keys were destroyed then: nothing sealed in it opens again. */
  forgottenAt: moment('forgotten_at'),
  createdAt: createdAt(),
});

/** Data keys: random 32 bytes, stored only wrapped. `environment_id` is null for the install-wide purposes. */
export const dataKeys = pgTable(
  'data_keys',
  {
    id: uuid('id').primaryKey(),
    environmentId: text('environment_id').references(() => environments.id),
    purpose: text('purpose').notNull(),
    /** staged, active, decrypt_only, retired. */
    state: text('state').notNull().default('active'),
    stateChangedAt: moment('state_changed_at').notNull().defaultNow(),
    /** A record sealed under this very key: whoever unwraps something else finds out before it is used. */
    canary: bytea('canary'),
    createdAt: createdAt(),
  },
  (t) => [
    // One active key per purpose and environment decides races between replicas that start together.
    uniqueIndex('data_keys_active').on(t.purpose, sql`coalesce(${t.environmentId}, '')`).where(sql`state = 'active'`),
    uniqueIndex('data_keys_staged').on(t.purpose, sql`coalesce(${t.environmentId}, '')`).where(sql`state = 'staged'`),
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

export interface StoredCredentialRead {
  perHour: number;
  perDay: number;
  /** Also secrets that do not end by themselves: API keys, passwords. */
  keys: boolean;
}

/** What a client is narrowed to; an absent list narrows nothing, an empty one leaves nothing. */
export interface StoredRestrictions {
  identifiers?: string[];
  identifierPrefixes?: string[];
  configIds?: string[];
  tools?: string[];
}

export const clients = pgTable(
  'clients',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    name: text('name').notNull(),
    secretMac: bytea('secret_mac').notNull(),
    scopes: text('scopes').array().notNull(),
    suspendedAt: moment('suspended_at'),
    /** After a rotation the secret of before is taken until then. */
    previousSecretMac: bytea('previous_secret_mac'),
    previousSecretUntil: moment('previous_secret_until'),
    /** Set by an operator only: this client may read credentials in clear, so often. */
    credentialRead: jsonb('credential_read').$type<StoredCredentialRead>(),
    /** Null: it may act for everybody, on every config. */
    restrictions: jsonb('restrictions').$type<StoredRestrictions>(),
    createdAt: createdAt(),
  },
  (t) => [index('clients_environment').on(t.environmentId, t.id), isolated()],
);

export const users = pgTable(
  'users',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    identifier: text('identifier').notNull(),
    suspendedAt: moment('suspended_at'),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex('users_identifier').on(t.environmentId, t.identifier), isolated()],
);

export interface StoredVerification {
  mode: 'none' | 'app' | 'session' | 'oidc' | 'chat';
  /** Where the browser may be sent for verification; compared as a whole. */
  userVerifyUrls?: string[];
  oidc?: { issuer: string; clientId: string; claim: 'sub' | 'email'; assumeS256?: boolean };
}

export interface StoredIdentityMatch {
  policy: 'any' | 'email' | 'domain' | 'team';
  value?: string;
}

/** The remote MCP server behind a connection; its header value is in `mcp_header_ct`. */
export interface StoredRemoteServer {
  url: string;
  credential: 'none' | 'connection' | 'user';
  headerName: string;
  headerPrefix: string;
}

export const connections = pgTable(
  'connections',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    name: text('name').notNull(),
    connector: text('connector').notNull(),
    /** Which of the connector's ways in it uses; null: the connector's default. Never changes. */
    authVariant: text('auth_variant'),
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
    /** The last time that any process tried the provider while it was not answering. */
    providerProbeAt: moment('provider_probe_at'),
    /** Who checks that the person at the keyboard is the user; null: as the installation's default says. */
    verification: jsonb('verification').$type<StoredVerification>(),
    /** The client secret at the operator's identity provider (mode oidc). */
    verificationSecretCt: bytea('verification_secret_ct'),
    verificationSecretGeneration: bigint('verification_secret_generation', { mode: 'number' }).notNull().default(0),
    mcp: jsonb('mcp').$type<StoredRemoteServer>(),
    /** The header value of a remote MCP server that everyone shares. */
    mcpHeaderCt: bytea('mcp_header_ct'),
    mcpHeaderGeneration: bigint('mcp_header_generation', { mode: 'number' }).notNull().default(0),
    identityMatch: jsonb('identity_match').$type<StoredIdentityMatch>().notNull().default({ policy: 'any' }),
    /** refuse, confirm or confirm_or_add: what happens when a re-authorization lands on another provider account. */
    onAccountChange: text('on_account_change').notNull().default('refuse'),
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
    /** Whose it is; null: the organization's own, which no user's suspension or end touches. */
    userId: text('user_id').references(() => users.id),
    /** Tells the accounts of one owner on one connection apart; null until there is something to call it by. */
    label: text('label'),
    /** Somebody chose the label; otherwise it follows the provider's own. */
    labelGiven: boolean('label_given').notNull().default(false),
    /** The one that is meant where no account is named. */
    isDefault: boolean('is_default').notNull().default(true),
    /** Whose hands gave the present credential, and the client that asked for the link. */
    connectedByUserId: text('connected_by_user_id').references(() => users.id, { onDelete: 'set null' }),
    connectedByClientId: text('connected_by_client_id'),
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
    /** When the grant ends at the provider, used or not; null where nobody says. Then the fewest days before it that were told. */
    grantExpiresAt: moment('grant_expires_at'),
    expiryWarnedDays: integer('expiry_warned_days'),
    lastUsedAt: moment('last_used_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    // At most one default, whoever races; the code that adds and changes accounts sees to it that there is one.
    uniqueIndex('connected_accounts_default').on(t.connectionId, sql`coalesce(${t.userId}, '')`).where(sql`is_default`),
    uniqueIndex('connected_accounts_label').on(t.connectionId, sql`coalesce(${t.userId}, '')`, t.label),
    index('connected_accounts_at_provider').on(t.connectionId, t.providerAccountId),
    index('connected_accounts_connected_by').on(t.connectedByUserId),
    index('connected_accounts_page').on(t.environmentId, t.id),
    // Both columns, so that an owner's accounts on a connection are found by it also before anybody has counted the rows (`analyze`).
    index('connected_accounts_of_user').on(t.userId, t.connectionId),
    // The sweep's cost follows what is due, not what exists.
    index('connected_accounts_due').on(t.nextRefreshAt).where(sql`next_refresh_at IS NOT NULL`),
    index('connected_accounts_ending').on(t.grantExpiresAt).where(sql`grant_expires_at IS NOT NULL`),
    index('connected_accounts_claimed').on(t.claimDeadline).where(sql`claim_owner IS NOT NULL`),
    isolated(),
  ],
);

/**
 * Credentials that a provider issued and that could not be stored, because the account had moved on. Nothing received is
 * dropped: one is tried before its account is ended, or given back to the provider (security.md 4.3, 5a and 5b).
 */
export const salvagedCredentials = pgTable(
  'salvaged_credentials',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    connectedAccountId: text('connected_account_id')
      .notNull()
      .references(() => connectedAccounts.id, { onDelete: 'cascade' }),
    grantId: text('grant_id').notNull(),
    /** The account's generation whose refresh token was spent for it. */
    basedOn: bigint('based_on', { mode: 'number' }).notNull(),
    credentialCt: bytea('credential_ct').notNull(),
    accessFingerprint: bytea('access_fingerprint').notNull(),
    attempts: integer('attempts').notNull().default(0),
    notBefore: moment('not_before').notNull().defaultNow(),
    createdAt: createdAt(),
  },
  (t) => [
    // A journal that is replayed twice salvages once.
    uniqueIndex('salvaged_credentials_once').on(t.connectedAccountId, t.accessFingerprint),
    index('salvaged_credentials_due').on(t.notBefore),
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
    /** Who is to open it, for an organization's account; null: the user whose account it is. */
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** The client that asked for it first. */
    clientId: text('client_id'),
    /** Where the operator's app verifies the person (modes app and session), and its own value to recognise the return by. */
    userVerifyUrl: text('user_verify_url'),
    appState: text('app_state'),
    /** S256 challenge of the app's session (mode session). */
    codeChallenge: text('code_challenge'),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('authorization_links_token').on(t.tokenId),
    index('authorization_links_account').on(t.connectedAccountId, t.expiresAt),
    index('authorization_links_person').on(t.userId).where(sql`user_id IS NOT NULL`),
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
    /** The PKCE verifier, or the temporary credentials of OAuth 1.0a. */
    pkceVerifierCt: bytea('pkce_verifier_ct'),
    /** Snapshot of what the request was made with: a connection edited mid-flow aborts it (security.md A06). */
    clientId: text('client_id').notNull(),
    redirectUri: text('redirect_uri').notNull(),
    scopes: text('scopes').array().notNull(),
    /** Snapshot of what the vendor's address depends on, and what its redirect told besides the code; never secret. */
    fields: jsonb('fields').$type<Record<string, string>>().notNull().default({}),
    /** Snapshot as well: a flow that began under one way of verifying must not end under another. */
    verificationMode: text('verification_mode').notNull().default('none'),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    /** connected, or the fault code that ended it. */
    outcome: text('outcome'),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex('consent_sessions_state').on(t.stateMac), index('consent_sessions_link').on(t.linkId), isolated()],
);

/**
 * Who is at the keyboard: one check of one browser on one link. `parked`: a code or key that waits, sealed, for the
 * operator's app. `chat` and `oidc`: a proof that comes before the provider. `replacement`: another provider account that
 * waits for a yes. `choice`: a credential that waits for the person to say what it is for.
 */
export const verifications = pgTable(
  'verifications',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    linkId: text('link_id')
      .notNull()
      .references(() => authorizationLinks.id, { onDelete: 'cascade' }),
    connectedAccountId: text('connected_account_id')
      .notNull()
      .references(() => connectedAccounts.id, { onDelete: 'cascade' }),
    sessionId: text('session_id'),
    kind: text('kind').$type<'parked' | 'chat' | 'oidc' | 'replacement' | 'choice'>().notNull(),
    /** Of the auth_request_id (parked) or of the state (oidc). */
    requestMac: bytea('request_mac'),
    browserMac: bytea('browser_mac'),
    codeMac: bytea('code_mac'),
    codeChallenge: text('code_challenge'),
    tries: integer('tries').notNull().default(0),
    /** Gone as soon as the check is over. */
    sealedCt: bytea('sealed_ct'),
    /** What is no secret: the provider's `iss`, open fields, the name of the other account. */
    facts: jsonb('facts').$type<Record<string, unknown>>().notNull().default({}),
    provenAt: moment('proven_at'),
    /** proven, refused, expired, superseded or done; null while it is open. */
    outcome: text('outcome'),
    expiresAt: moment('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('verifications_request').on(t.requestMac),
    index('verifications_account').on(t.connectedAccountId),
    index('verifications_link').on(t.linkId),
    index('verifications_open').on(t.expiresAt).where(sql`outcome IS NULL`),
    isolated(),
  ],
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
  /** Whose accounts are used; absent: the user's. */
  owner?: 'organization';
  /** A call may name the account. */
  choice?: true;
  /** Of a remote MCP server, alone in its config: its own names, without the connection's before them. */
  names?: 'as_is';
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
    /** As the contract's StoredPolicy has it; `{}` is the default one. */
    policy: jsonb('policy')
      .$type<StoredPolicy>()
      .notNull()
      .default({} as StoredPolicy),
    /** Null in versions that were made before they were kept with each. */
    name: text('name'),
    description: text('description'),
    actorKind: text('actor_kind'),
    actorId: text('actor_id'),
    restoredFrom: integer('restored_from'),
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
    /** The client that it was made for: its calls are audited under it and suspended with it. Null: the person's own. */
    clientId: text('client_id').references(() => clients.id),
    /** After a rotation the secret of the version before is taken until then. */
    previousSecretUntil: moment('previous_secret_until'),
    /** The URL stops then; it is renewed, under another secret, for as long as it was given last time. */
    expiresAt: moment('expires_at'),
    urlLifeSeconds: integer('url_life_seconds'),
    /** The end of which an event told that it had come. */
    expiryToldFor: moment('expiry_told_for'),
    /** Grows to end all session tokens of before. */
    sessionEpoch: integer('session_epoch').notNull().default(1),
    revokedAt: moment('revoked_at'),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('mcp_instances_url').on(t.urlId),
    uniqueIndex('mcp_instances_config_user_client').on(t.configId, t.userId, sql`coalesce(${t.clientId}, '')`),
    index('mcp_instances_page').on(t.environmentId, t.id),
    index('mcp_instances_user').on(t.userId),
    index('mcp_instances_client').on(t.clientId),
    index('mcp_instances_expiring').on(t.expiresAt).where(sql`revoked_at is null and expiry_told_for is distinct from expires_at`),
    isolated(),
  ],
);

// ---- MCP authorization: Grantway as the authorization server of its MCP clients --------------------------------

/**
 * Clients that registered themselves (RFC 7591). Their ids hold for the whole installation, since whoever registers has
 * named no config yet; what one was allowed is in `mcp_grants`.
 */
export const oauthClients = pgTable(
  'oauth_clients',
  {
    id: text('id').primaryKey(),
    /** As it calls itself: nobody has checked it. */
    name: text('name'),
    redirectUris: text('redirect_uris').array().notNull(),
    /** When a person last allowed it something. */
    lastAllowedAt: moment('last_allowed_at'),
    createdAt: createdAt(),
  },
  (t) => [index('oauth_clients_unused').on(t.createdAt).where(sql`last_allowed_at IS NULL`), outOfReach()],
);

/** The operator's own OpenID provider, which says who a person is that an MCP client sends here. */
export const identityProviders = pgTable(
  'identity_providers',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    issuer: text('issuer').notNull(),
    clientId: text('client_id').notNull(),
    clientSecretCt: bytea('client_secret_ct'),
    /** Grows with every write of the secret. */
    secretGeneration: bigint('secret_generation', { mode: 'number' }).notNull().default(0),
    claim: text('claim').$type<'sub' | 'email'>().notNull(),
    assumeS256: boolean('assume_s256').notNull().default(false),
    /** Configs that people may sign in to with it; null: all of the environment. */
    configIds: text('config_ids').array(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [uniqueIndex('identity_providers_environment').on(t.environmentId), isolated()],
);

/**
 * One person in one browser, for one authorization of one config: by a one-time link of the operator's backend (`link`), or
 * by the operator's identity provider (`oidc`).
 */
export const mcpSignIns = pgTable(
  'mcp_sign_ins',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    configId: text('config_id')
      .notNull()
      .references(() => mcpConfigs.id, { onDelete: 'cascade' }),
    kind: text('kind').$type<'link' | 'oidc'>().notNull(),
    /** Who it is; null while the identity provider has not said so. */
    userIdentifier: text('user_identifier'),
    /** The client that asked for the link. */
    clientId: text('client_id').references(() => clients.id),
    /** Of the link, or of the identity provider's `state`. Null once it is spent. */
    requestMac: bytea('request_mac'),
    browserMac: bytea('browser_mac'),
    pkceVerifierCt: bytea('pkce_verifier_ct'),
    /** What the MCP client asked for, while the person is at the identity provider. */
    requestCt: bytea('request_ct'),
    /** The provider as it was then; never secret. */
    facts: jsonb('facts').$type<Record<string, string>>().notNull().default({}),
    /** The browser is this person's since then. */
    provenAt: moment('proven_at'),
    usedAt: moment('used_at'),
    expiresAt: moment('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('mcp_sign_ins_request').on(t.requestMac),
    index('mcp_sign_ins_browser').on(t.browserMac),
    index('mcp_sign_ins_age').on(t.expiresAt),
    index('mcp_sign_ins_begun').on(t.environmentId, t.createdAt),
    isolated(),
  ],
);

/** What a person allowed an MCP client: one instance, one resource. Its access tokens hold while this row does. */
export const mcpGrants = pgTable(
  'mcp_grants',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    instanceId: text('instance_id')
      .notNull()
      .references(() => mcpInstances.id, { onDelete: 'cascade' }),
    /** The OAuth client: the id of `oauth_clients`, or the URL of its metadata document. */
    oauthClientId: text('oauth_client_id').notNull(),
    /** Snapshots of what the person was shown. */
    clientName: text('client_name'),
    redirectUri: text('redirect_uri').notNull(),
    resource: text('resource').notNull(),
    scope: text('scope').notNull(),
    signedInBy: text('signed_in_by').$type<'link' | 'oidc'>().notNull(),
    /** The client that asked for the person's sign-in link: while it is suspended, so is this. */
    clientId: text('client_id').references(() => clients.id),
    codeMac: bytea('code_mac'),
    codeChallenge: text('code_challenge'),
    codeUsedAt: moment('code_used_at'),
    /** Of the code first, then of the newest refresh token. */
    expiresAt: moment('expires_at').notNull(),
    lastRefreshedAt: moment('last_refreshed_at'),
    revokedAt: moment('revoked_at'),
    revokedReason: text('revoked_reason'),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('mcp_grants_code').on(t.codeMac),
    index('mcp_grants_page').on(t.environmentId, t.id),
    index('mcp_grants_instance').on(t.instanceId),
    index('mcp_grants_oauth_client').on(t.oauthClientId),
    index('mcp_grants_age').on(t.expiresAt),
    isolated(),
  ],
);

/** Refresh tokens, each good once. Spent ones are kept until they would have expired, to know them again. */
export const mcpRefreshTokens = pgTable(
  'mcp_refresh_tokens',
  {
    tokenMac: bytea('token_mac').primaryKey(),
    environmentId: environmentId(),
    grantId: text('grant_id')
      .notNull()
      .references(() => mcpGrants.id, { onDelete: 'cascade' }),
    usedAt: moment('used_at'),
    expiresAt: moment('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [index('mcp_refresh_tokens_grant').on(t.grantId), index('mcp_refresh_tokens_age').on(t.expiresAt), isolated()],
);

export const toolCalls = pgTable(
  'tool_calls',
  {
    id: text('id').primaryKey(),
    // No reference: looking it up would be a tenth of what a row costs, and environments are never deleted.
    environmentId: text('environment_id').notNull(),
    requestId: text('request_id').notNull(),
    via: text('via').notNull(),
    clientId: text('client_id'),
    userIdentifier: text('user_identifier').notNull(),
    mcpInstanceId: text('mcp_instance_id'),
    mcpConfigName: text('mcp_config_name'),
    mcpConfigVersion: integer('mcp_config_version'),
    connectionName: text('connection_name'),
    connectedAccountId: text('connected_account_id'),
    /** As it was called then. */
    accountLabel: text('account_label'),
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
    // None holds what an outcome changes, so that its update stays within the page (HOT); fillfactor leaves room for it.
    isolated(),
  ],
);

/** How far a sweep has come, by its name: what it looks for is not before this id any more. */
export const sweepMarks = pgTable(
  'sweep_marks',
  { name: text('name').primaryKey(), reached: text('reached').notNull(), updatedAt: updatedAt() },
  () => [outOfReach()],
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

/**
 * A call that waits for a person. pending -> approved, denied, expired or cancelled; approved -> running -> succeeded, failed
 * or outcome_unknown. Each step is a compare-and-swap on `status`.
 */
export const approvals = pgTable(
  'approvals',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    /** The public id inside its links; they are derived, never stored. */
    tokenId: text('token_id').notNull(),
    status: text('status').notNull().default('pending'),
    /** Keyed hash of who calls, what is called, with which account and with exactly which arguments. */
    callMac: bytea('call_mac').notNull(),
    /** Whether the same call is answered from this row; at most one is. */
    isCurrent: boolean('is_current').notNull().default(true),
    /** Whose call it is; a forgotten user takes it along. */
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    userIdentifier: text('user_identifier').notNull(),
    via: text('via').notNull(),
    clientId: text('client_id'),
    mcpInstanceId: text('mcp_instance_id'),
    mcpConfigName: text('mcp_config_name'),
    mcpConfigVersion: integer('mcp_config_version'),
    toolName: text('tool_name').notNull(),
    effect: text('effect').notNull(),
    connector: text('connector').notNull(),
    connectionId: text('connection_id').notNull(),
    connectionName: text('connection_name').notNull(),
    connectedAccountId: text('connected_account_id').notNull(),
    accountLabel: text('account_label'),
    approvers: text('approvers').notNull(),
    /** What the agent sent and what will be sent, sealed; erased a day after the end. */
    argumentsCt: bytea('arguments_ct'),
    decidedByKind: text('decided_by_kind'),
    decidedById: text('decided_by_id'),
    decidedAt: moment('decided_at'),
    reason: text('reason'),
    /** The run that claimed it. */
    toolCallId: text('tool_call_id'),
    claimedAt: moment('claimed_at'),
    faultCode: text('fault_code'),
    /** What the run answered, sealed; null where it was lost or too long. */
    resultCt: bytea('result_ct'),
    /** When the agent first heard how it ended. */
    toldAt: moment('told_at'),
    endedAt: moment('ended_at'),
    expiresAt: moment('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('approvals_token').on(t.tokenId),
    uniqueIndex('approvals_current').on(t.environmentId, t.callMac).where(sql`is_current`),
    index('approvals_page').on(t.environmentId, t.id),
    index('approvals_of_user').on(t.userId, t.id),
    // The sweep's cost follows what waits, not what was.
    index('approvals_open').on(t.expiresAt).where(sql`status in ('pending', 'approved', 'running')`),
    index('approvals_kept').on(t.endedAt).where(sql`arguments_ct IS NOT NULL OR result_ct IS NOT NULL`),
    isolated(),
  ],
);

export const auditEvents = pgTable(
  'audit_events',
  {
    id: text('id').primaryKey(),
    /** Null: a deed of an operator on the whole installation. */
    environmentId: text('environment_id').references(() => environments.id),
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

/** Credentials that left in clear, counted against a client's limits; the audit is in audit_events. */
export const credentialReads = pgTable(
  'credential_reads',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    clientId: text('client_id')
      .notNull()
      .references(() => clients.id, { onDelete: 'cascade' }),
    connectedAccountId: text('connected_account_id').notNull(),
    createdAt: createdAt(),
  },
  (t) => [index('credential_reads_client').on(t.clientId, t.createdAt), isolated()],
);

// ---- ending ----------------------------------------------------------------------------------------------------

/**
 * Credentials that are to be ended at their provider, and the receipts of those that were. A receipt outlives its account
 * and its connection; the sealed copy does not outlive the attempt.
 */
export const revocations = pgTable(
  'revocations',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    connectedAccountId: text('connected_account_id').notNull(),
    connectionId: text('connection_id').notNull(),
    connectionName: text('connection_name').notNull(),
    connector: text('connector').notNull(),
    providerAccountId: text('provider_account_id'),
    grantId: text('grant_id').notNull(),
    cause: text('cause').notNull(),
    incidentId: text('incident_id'),
    status: text('status').notNull().default('pending'),
    detail: text('detail'),
    /** Sealed for this row; null once it has ended. */
    credentialCt: bytea('credential_ct'),
    attempts: integer('attempts').notNull().default(0),
    attemptedAt: moment('attempted_at'),
    /** Also the claim of whoever tries it now: it lies behind the longest try. */
    nextAttemptAt: moment('next_attempt_at').notNull(),
    giveUpAt: moment('give_up_at').notNull(),
    endedAt: moment('ended_at'),
    createdAt: createdAt(),
  },
  (t) => [
    index('revocations_page').on(t.environmentId, t.id),
    index('revocations_of_account').on(t.connectedAccountId, t.id),
    index('revocations_of_incident').on(t.incidentId, t.status).where(sql`incident_id IS NOT NULL`),
    index('revocations_due').on(t.connectionId, t.nextAttemptAt).where(sql`status = 'pending'`),
    index('revocations_rate').on(t.connectionId, t.attemptedAt),
    isolated(),
  ],
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

/** What an incident is about; empty means everything. */
export interface IncidentFilterRow {
  created_after?: string | undefined;
  created_before?: string | undefined;
  connection_name?: string | undefined;
  client_id?: string | undefined;
  config_name?: string | undefined;
  identifier?: string | undefined;
}

export const incidents = pgTable(
  'incidents',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    filter: jsonb('filter').$type<IncidentFilterRow>().notNull(),
    total: integer('total').notNull(),
    finishedAt: moment('finished_at'),
    createdAt: createdAt(),
  },
  (t) => [
    index('incidents_page').on(t.environmentId, t.id),
    index('incidents_running').on(t.id).where(sql`finished_at IS NULL`),
    isolated(),
  ],
);

/** One grant that an incident ends; the list is fixed when the incident is opened, so that it can be resumed. */
export const incidentItems = pgTable(
  'incident_items',
  {
    incidentId: text('incident_id')
      .notNull()
      .references(() => incidents.id, { onDelete: 'cascade' }),
    connectedAccountId: text('connected_account_id').notNull(),
    environmentId: environmentId(),
    connectionId: text('connection_id').notNull(),
    grantId: text('grant_id').notNull(),
    /** Ended here, at Grantway; what the provider says is in the revocation. */
    endedAt: moment('ended_at'),
    revocationId: text('revocation_id'),
  },
  (t) => [
    primaryKey({ columns: [t.incidentId, t.connectedAccountId] }),
    index('incident_items_left').on(t.incidentId, t.connectedAccountId).where(sql`ended_at IS NULL`),
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

/**
 * A user's file. Its bytes are elsewhere, sealed under a key of their own; without `key_ct` nobody reads them. It has none before
 * the last byte is stored, nor from the moment of its deletion.
 */
export const files = pgTable(
  'files',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    /** Null once the user is forgotten. */
    userId: text('user_id').references(() => users.id, { onDelete: 'set null' }),
    userIdentifier: text('user_identifier').notNull(),
    clientId: text('client_id'),
    /** The call that downloaded it. */
    toolCallId: text('tool_call_id'),
    /** The link that it came by. */
    linkId: text('link_id'),
    name: text('name').notNull(),
    contentType: text('content_type').notNull(),
    /** While it is written: what is set aside for it. */
    size: bigint('size', { mode: 'number' }).notNull(),
    sha256: text('sha256'),
    /** writing, ready, deleting */
    status: text('status').notNull().default('writing'),
    keyCt: bytea('key_ct'),
    expiresAt: moment('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('files_page').on(t.environmentId, t.id),
    index('files_of_user').on(t.userId, t.id),
    index('files_age').on(t.expiresAt),
    index('files_unfinished').on(t.createdAt).where(sql`status <> 'ready'`),
    isolated(),
  ],
);

/** What an environment's files come to: counting a million rows for each upload would be slow. Changed with the rows only. */
export const fileTotals = pgTable(
  'file_totals',
  {
    environmentId: environmentId().primaryKey(),
    files: bigint('files', { mode: 'number' }).notNull(),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
  },
  () => [isolated()],
);

/** A link by which one file is brought, once, or fetched by whoever has the link. */
export const fileLinks = pgTable(
  'file_links',
  {
    id: text('id').primaryKey(),
    environmentId: environmentId(),
    /** upload, download */
    kind: text('kind').notNull(),
    tokenMac: bytea('token_mac').notNull(),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    clientId: text('client_id'),
    /** The MCP instance whose tool gave it. */
    instanceId: text('instance_id'),
    name: text('name'),
    fileId: text('file_id').references(() => files.id, { onDelete: 'cascade' }),
    usedAt: moment('used_at'),
    expiresAt: moment('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    uniqueIndex('file_links_token').on(t.tokenMac),
    index('file_links_of_user').on(t.userId),
    index('file_links_of_file').on(t.fileId),
    index('file_links_age').on(t.expiresAt),
    isolated(),
  ],
);
