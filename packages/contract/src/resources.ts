import { z } from 'zod';
import { allEventTypes, auditActions } from './events.ts';
import { type FaultCode, faults } from './faults.ts';
import { idPrefixes } from './ids.ts';
import { allPermissions, everyPermission, type Permission } from './permissions.ts';
import { isPlainUrl } from './plain-url.ts';
import { Policy } from './policy.ts';

const moment = z.iso.datetime().describe('RFC 3339 time in UTC');

// ---- parts ---------------------------------------------------------------------------------------------------

/** An update that names nothing is a mistake, not a change. */
const namesSomething = [
  (update: object) => Object.keys(update).some((key) => key !== 'version'),
  { error: 'name at least one field to change', when: ({ issues }: { issues: unknown[] }) => issues.length === 0 },
] as const;

/** Names operators choose: lower-case, so that they can stand in URLs and tool names. */
export const Name = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/, 'use 1 to 63 lower-case letters, digits, "-" or "_"')
  .describe('1 to 63 lower-case letters, digits, hyphens or underscores');

/** Text that people and programs see alike: no two of them look the same by folding or by characters that cannot be seen. */
const visibleText = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((s) => s === s.normalize('NFC'), 'must be in Unicode normal form C')
    .refine((s) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(s), 'must not hold control or invisible characters')
    .refine((s) => s === s.trim(), 'must not begin or end with white space');

/**
 * The operator's own id of a user. Compared byte for byte after NFC normalisation is required (never applied), so
 * that two users can never be merged by folding; control, zero-width and bidirectional characters are refused.
 */
export const UserIdentifier = visibleText(256).describe('Your own id of the user: 1 to 256 characters');

export const PageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('Items per page, 1 to 100'),
  cursor: z.string().max(512).optional().describe('next_cursor of the page before'),
};

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

// ---- connectors ----------------------------------------------------------------------------------------------

export const Effect = z.enum(['read', 'write', 'destructive']);
export type Effect = z.infer<typeof Effect>;

const JsonSchema = z.record(z.string(), z.unknown()).describe('JSON Schema 2020-12');

export const Tool = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  connector: z.string(),
  effect: Effect,
  scopes: z.array(z.string()),
  input_schema: JsonSchema,
  output_schema: JsonSchema,
  annotations: z.object({
    title: z.string(),
    readOnlyHint: z.boolean(),
    destructiveHint: z.boolean(),
    idempotentHint: z.boolean(),
    openWorldHint: z.boolean(),
  }),
});
export type Tool = z.infer<typeof Tool>;

export const ConnectorField = z.object({
  name: z.string(),
  label: z.string(),
  help: z.string().optional(),
  secret: z.boolean(),
  options: z.array(z.object({ value: z.string(), label: z.string() })).optional(),
  default: z.string().optional(),
});

/** How a user's account is authorized. */
export const AuthKind = z.enum([
  'oauth2',
  'oauth2_client_credentials',
  'jwt_service_account',
  'minted',
  'oauth1',
  'api_key',
  'basic',
  'bearer',
  'aws_sigv4',
  'none',
]);
export type AuthKind = z.infer<typeof AuthKind>;

export const ConnectorSummary = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  docs: z.url(),
  auth_kind: AuthKind,
  tool_count: z.int(),
});
const ConnectorAuth = z.object({
  kind: AuthKind,
  authorize_url: z.url().optional(),
  token_url: z.url().optional(),
  pkce: z.boolean().optional(),
  rotation_class: z.enum(['A', 'B', 'C', 'D', 'E']).optional(),
  scopes: z.array(z.object({ name: z.string(), description: z.string(), default: z.boolean() })),
  secret_of: z
    .enum(['account', 'connection'])
    .optional()
    .describe('Kinds that ask for tokens with a long-lived secret: whose it is. connection: the client id and secret of the connection'),
  fields: z
    .array(ConnectorField)
    .describe('What the person enters for a key connector; with secret_of connection, what the operator fixes'),
});
export const Connector = ConnectorSummary.extend({
  auth: ConnectorAuth.describe('The default way in'),
  auth_variants: z
    .array(
      z.object({
        id: z.string().describe('What a connection names as its auth_variant'),
        label: z.string(),
        description: z.string().describe('When to choose it, and what is different then'),
        auth: ConnectorAuth,
      }),
    )
    .describe('Other ways in to the same tools, chosen for a connection when it is created'),
  aliases: z
    .array(z.object({ id: z.string(), auth_variant: z.string().nullable() }))
    .describe('Ids of other brokers that mean this connector, and which of its ways in'),
  tools: z.array(Tool),
});
export type ConnectorSummary = z.infer<typeof ConnectorSummary>;
export type Connector = z.infer<typeof Connector>;

// ---- connections ---------------------------------------------------------------------------------------------

export const ConnectionStatus = z
  .enum(['DRAFT', 'IN_PROGRESS', 'COMPLETED'])
  .describe('DRAFT: no credentials of the OAuth app yet. IN_PROGRESS: some are missing. COMPLETED: ready for users.');

export const ConnectionAuth = z
  .strictObject({
    client_id: z.string().min(1).max(512).optional().describe('The OAuth app’s client id, or its consumer key'),
    client_secret: z
      .string()
      .min(1)
      .max(8192)
      .optional()
      .describe('The OAuth app’s client secret, consumer secret, private key or key file; goes in, never comes out'),
    fields: z.record(z.string(), z.string().max(1024)).optional().describe('Non-secret fields fixed for every user, for example a region'),
  })
  .describe('The OAuth app, or fixed fields of a key connector');

const returnUrl = z
  .string()
  .max(2048)
  .refine((text) => {
    if (!isPlainUrl(text)) return false;
    const url = new URL(text);
    const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
    return (url.protocol === 'https:' || loopback) && !url.searchParams.has('auth_request_id') && !url.searchParams.has('state');
  }, 'must be an absolute https address (http on loopback only), without user, fragment, auth_request_id or state');

export const VerificationMode = z
  .enum(['none', 'app', 'session', 'oidc', 'chat'])
  .describe(
    'Who checks that the person at the keyboard is the user. app: your app, at user_verify_url. session: your app, which holds a code_verifier in the ' +
      'session that asked for the link. oidc: your identity provider. chat: a code is sent through the chat you know the user by. none: nobody; on loopback only.',
  );
export type VerificationMode = z.infer<typeof VerificationMode>;

export const ConnectionVerification = z
  .strictObject({
    mode: VerificationMode,
    user_verify_urls: z.array(returnUrl).min(1).max(20).optional().describe('Modes app and session: exact addresses, no wildcards'),
    oidc: z
      .strictObject({
        issuer: returnUrl,
        client_id: z.string().min(1).max(512),
        client_secret: z.string().min(1).max(4096).optional().describe('Goes in, never comes out'),
        claim: z.enum(['sub', 'email']).default('sub').describe('What must equal the identifier; an e-mail address must be verified'),
        assume_s256: z
          .boolean()
          .optional()
          .describe(
            'Your word that it takes PKCE with S256 although its metadata lists no methods (Microsoft Entra ID); without it such a provider is refused',
          ),
      })
      .optional()
      .describe('Mode oidc: your identity provider'),
  })
  .superRefine((v, issues) => {
    const needsUrls = v.mode === 'app' || v.mode === 'session';
    if (needsUrls && v.user_verify_urls === undefined)
      issues.addIssue({ code: 'custom', path: ['user_verify_urls'], message: `mode ${v.mode} needs at least one` });
    if (!needsUrls && v.user_verify_urls !== undefined)
      issues.addIssue({ code: 'custom', path: ['user_verify_urls'], message: `mode ${v.mode} takes none` });
    if ((v.mode === 'oidc') !== (v.oidc !== undefined))
      issues.addIssue({ code: 'custom', path: ['oidc'], message: 'mode oidc, and no other, needs the identity provider' });
  });

export const IdentityMatch = z
  .strictObject({
    policy: z.enum(['any', 'email', 'domain', 'team']),
    value: z.string().min(1).max(256).optional(),
  })
  .superRefine((m, issues) => {
    if ((m.policy === 'domain' || m.policy === 'team') && m.value === undefined)
      issues.addIssue({ code: 'custom', path: ['value'], message: `policy ${m.policy} needs a value` });
    if (m.policy === 'any' && m.value !== undefined)
      issues.addIssue({ code: 'custom', path: ['value'], message: 'policy any takes no value' });
  })
  .describe(
    'Which provider account may be connected. email: its verified address equals the value, or else the user’s identifier. domain: the address is of this domain. team: its workspace has this id.',
  );
export const OnAccountChange = z
  .enum(['refuse', 'confirm', 'confirm_or_add'])
  .describe(
    'When a user who connects again lands on another provider account: refuse it, ask the person to confirm that it replaces the one from before, ' +
      'or ask whether it replaces it or is added as another account. Never silently.',
  );

/** The characters of a field name, and those of a field value that are no blank at an end (RFC 9110 section 5). */
const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'use the name of an HTTP header');
export const RemoteCredential = z
  .enum(['none', 'connection', 'user'])
  .describe('none: the server asks nobody. connection: one header value for everyone. user: each person enters a value of their own.');
export const RemoteServer = z
  .strictObject({
    url: z.string().min(1).max(2048).describe('Streamable HTTP endpoint; https, unless the operator allows the host'),
    credential: RemoteCredential.optional().describe('Default: connection where a header_value is given, else none'),
    header_name: headerName.optional().describe('Default: Authorization'),
    header_prefix: z
      .string()
      .regex(/^[\x21-\x7e]{1,32} ?$|^$/, 'use printable ASCII, with at most one blank at the end')
      .optional()
      .describe('Stands before the value. Default: "Bearer " in Authorization, nothing elsewhere'),
    header_value: z
      .string()
      .regex(/^[\x21-\x7e]{1,4096}$/, 'use printable ASCII without blanks')
      .optional()
      .describe('With credential connection; goes in, never comes out'),
  })
  .describe('The remote MCP server of a connection whose connector is mcp');
export type RemoteServer = z.infer<typeof RemoteServer>;

export const ConnectionCreate = z.strictObject({
  name: Name,
  connector: z
    .string()
    .max(64)
    .describe('An id of GET /v1/connectors or one of its aliases, or "mcp" for a remote MCP server of your own choice'),
  auth_variant: z
    .string()
    .max(64)
    .nullable()
    .optional()
    .describe(
      'One of the connector’s auth_variants, for example personal_token; without it its default way in. It stays as long as the connection: make another connection to use another',
    ),
  auth: ConnectionAuth.optional(),
  scopes: z.array(z.string().max(256)).max(200).optional().describe('Default: the connector’s default scopes'),
  sandbox: z.boolean().optional().describe('Use the built-in stand-in for the vendor; needs no OAuth app'),
  mcp: RemoteServer.optional(),
  verification: ConnectionVerification.optional(),
  identity_match: IdentityMatch.optional(),
  on_account_change: OnAccountChange.optional(),
});
export const ConnectionUpdate = z
  .strictObject({
    name: Name.optional(),
    auth: ConnectionAuth.optional(),
    scopes: z.array(z.string().max(256)).max(200).optional(),
    mcp: RemoteServer.optional().describe('Replaces the settings; header_value stays where url and header stay the same'),
    verification: ConnectionVerification.nullable().optional().describe('null: back to the installation’s default'),
    identity_match: IdentityMatch.optional(),
    on_account_change: OnAccountChange.optional(),
  })
  .refine(...namesSomething);
export const Connection = z.object({
  id: z.string(),
  name: z.string(),
  connector: z.string(),
  auth_variant: z.string().nullable().describe('Which of the connector’s ways in its accounts use; null: the default one'),
  status: ConnectionStatus,
  auth: z.object({
    kind: AuthKind,
    client_id: z.string().nullable(),
    client_secret_set: z.boolean(),
    redirect_uri: z.url().nullable().describe('Register exactly this callback URL with the provider'),
    fields: z.record(z.string(), z.string()),
  }),
  scopes: z.array(z.string()),
  sandbox: z.boolean(),
  mcp: z
    .object({
      url: z.string(),
      credential: RemoteCredential,
      header_name: z.string(),
      header_prefix: z.string(),
      header_value_set: z.boolean(),
    })
    .nullable()
    .describe('null unless the connector is mcp'),
  verification: z.object({
    mode: VerificationMode,
    inherited: z.boolean().describe('The installation’s default, because the connection has no setting of its own'),
    user_verify_urls: z.array(z.string()),
    oidc: z
      .object({
        issuer: z.string(),
        client_id: z.string(),
        client_secret_set: z.boolean(),
        claim: z.enum(['sub', 'email']),
        assume_s256: z.boolean(),
        redirect_uri: z.url().describe('Register exactly this callback URL with your identity provider'),
      })
      .nullable(),
  }),
  identity_match: z.object({ policy: z.enum(['any', 'email', 'domain', 'team']), value: z.string().nullable() }),
  on_account_change: OnAccountChange,
  created_at: moment,
  updated_at: moment,
});
export type ConnectionCreate = z.infer<typeof ConnectionCreate>;
export type ConnectionUpdate = z.infer<typeof ConnectionUpdate>;
export type Connection = z.infer<typeof Connection>;

// ---- MCP configs ---------------------------------------------------------------------------------------------

export const AccountOwner = z
  .enum(['user', 'organization'])
  .describe(
    'user: the account of the user on whose behalf a call is made. organization: one that everybody whom a config lets use it shares.',
  );
export type AccountOwner = z.infer<typeof AccountOwner>;

/** What tells several accounts of one owner on one connection apart; an agent may name an account by it. */
export const AccountLabel = visibleText(64)
  .refine((s) => !s.startsWith(`${idPrefixes.connectedAccount}_`), 'must not look like the id of an account')
  .describe('1 to 64 characters, unique among the accounts of one owner on one connection');

export const ToolNames = z
  .enum(['prefixed', 'as_is'])
  .describe(
    'Tools and prompts of a remote MCP server: behind the connection’s name (default), or as the server calls them, in a config of one connection',
  );
export const ConnectionToolMapping = z.strictObject({
  connection_name: z.string().min(1).max(63),
  tools: z.array(z.string().max(128)).max(1000).default([]).describe('Tool names; empty means all tools of the connection'),
  names: ToolNames.optional(),
  account_owner: AccountOwner.default('user'),
  account_choice: z
    .boolean()
    .default(false)
    .describe(
      'Each tool takes an optional argument grantway_account, by which a call names one of the owner’s accounts; without it, or where this is false, the default one is used',
    ),
});
export const McpConfigCreate = z.strictObject({
  name: Name,
  description: z.string().max(1000).default(''),
  connection_tool_mappings: z.array(ConnectionToolMapping).min(1).max(100),
  policy: Policy.prefault({}),
});
export const McpConfigUpdate = z
  .strictObject({
    name: Name.optional(),
    description: z.string().max(1000).optional(),
    connection_tool_mappings: z.array(ConnectionToolMapping).min(1).max(100).optional(),
    policy: Policy.optional().describe('As a whole: what is left out goes back to its default'),
    version: z.int().min(1).optional().describe('Refuse the update when the config is no longer at this version'),
  })
  .refine(...namesSomething);
export const McpConfig = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  version: z.int(),
  connection_tool_mappings: z.array(
    z.object({
      connection_name: z.string(),
      tools: z.array(z.string()),
      names: ToolNames.optional(),
      account_owner: AccountOwner,
      account_choice: z.boolean(),
    }),
  ),
  policy: Policy,
  created_at: moment,
  updated_at: moment,
});
export const McpConfigVersion = McpConfig.pick({ name: true, description: true, connection_tool_mappings: true, policy: true }).extend({
  mcp_config_id: z.string(),
  version: z.int(),
  restored_from: z.int().nullable().describe('The version that it repeats, where it came by a restore'),
  created_at: moment,
  created_by: z
    .object({ kind: z.enum(['client', 'person', 'system', 'operator']), id: z.string().nullable() })
    .nullable()
    .describe('null in versions of brokers that did not keep it'),
});
export type McpConfigVersion = z.infer<typeof McpConfigVersion>;

export const McpConfigDiff = z.object({
  mcp_config_id: z.string(),
  from: z.int(),
  to: z.int(),
  changes: z.array(
    z.object({
      op: z.enum(['added', 'removed', 'changed']),
      pointer: z.string().describe('RFC 6901, into the version `to`; of what was removed, into `from`'),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  ),
});
export type McpConfigDiff = z.infer<typeof McpConfigDiff>;

export type McpConfigCreate = z.infer<typeof McpConfigCreate>;
export type McpConfigUpdate = z.infer<typeof McpConfigUpdate>;
export type McpConfig = z.infer<typeof McpConfig>;

// ---- connected accounts --------------------------------------------------------------------------------------

export const ConnectedAccountStatus = z.enum(['PENDING_AUTH', 'PENDING_VERIFICATION', 'ACTIVE', 'EXPIRED', 'REVOKED', 'DISCONNECTED']);
export type ConnectedAccountStatus = z.infer<typeof ConnectedAccountStatus>;

/** Why an account is in its state; null while there is nothing to say. */
export const ConnectedAccountReason = z.enum([
  'never_connected',
  'refresh_expired',
  'no_refresh_token',
  'revoked_by_provider',
  'rotation_lost',
  'key_rejected',
  'scope_missing',
  'disconnected_by_user',
  'disconnected_by_operator',
  'ended_by_incident',
]);
export type ConnectedAccountReason = z.infer<typeof ConnectedAccountReason>;

export const RevocationStatus = z
  .enum(['pending', 'proven', 'unproven'])
  .describe(
    'pending: still to be confirmed by the provider. proven: the provider confirmed it. unproven: it could not be confirmed; detail says why.',
  );
export type RevocationStatus = z.infer<typeof RevocationStatus>;

/** Why a credential was to be ended at its provider. */
export const RevocationCause = z
  .enum(['disconnected', 'replaced', 'abandoned', 'late', 'rotation_lost', 'incident', 'forgotten'])
  .describe(
    'disconnected: the account was disconnected. replaced: its user connected again. abandoned: received at a consent that was not completed. ' +
      'late: received by a refresh after the account had ended. rotation_lost: its successor was lost. incident: an incident ended it. forgotten: its user was forgotten.',
  );
export type RevocationCause = z.infer<typeof RevocationCause>;

/** The receipt of one credential that was to be ended at its provider. */
export const Revocation = z.object({
  id: z.string(),
  connected_account_id: z.string(),
  connection_id: z.string(),
  connection_name: z.string(),
  connector: z.string(),
  cause: RevocationCause,
  incident_id: z.string().nullable(),
  status: RevocationStatus,
  detail: z.string().nullable().describe('What the provider answered, or why nothing could be confirmed'),
  attempts: z.int(),
  next_attempt_at: moment.nullable(),
  created_at: moment,
  ended_at: moment.nullable(),
});
export type Revocation = z.infer<typeof Revocation>;

export const ConnectedAccount = z.object({
  id: z.string(),
  connection_id: z.string(),
  connection_name: z.string(),
  connector: z.string(),
  owner: AccountOwner,
  identifier: z.string().nullable().describe('The user whose account it is; null for one of the organization'),
  label: z.string().nullable().describe('Chosen, or else the provider’s own; null until there is one'),
  default: z.boolean().describe('The one that is meant where no account is named; one per owner and connection'),
  connected_by: z
    .object({
      identifier: z.string().nullable().describe('The user who connected it; null once that user was forgotten'),
      client_id: z.string().nullable().describe('The client that asked for the link'),
    })
    .nullable()
    .describe('Who gave the credential; null where nobody has yet'),
  status: ConnectedAccountStatus,
  reason: ConnectedAccountReason.nullable(),
  status_changed_at: moment,
  provider_account: z.object({ id: z.string(), label: z.string() }).nullable(),
  scopes: z.array(z.string()).describe('What the provider granted'),
  missing_scopes: z
    .array(z.string())
    .describe(
      'Scopes that the connection asks for and the provider did not grant, or took away since; tools that need one refuse with scope_missing',
    ),
  access_token_expires_at: moment.nullable(),
  grant_expires_at: moment
    .nullable()
    .describe(
      'When the provider ends the grant, used or not, where it says so; connected_account.expiring is sent 14, 7 and 1 days before',
    ),
  last_refreshed_at: moment.nullable(),
  last_used_at: moment.nullable(),
  revocation: z
    .object({ status: RevocationStatus, detail: z.string().nullable(), at: moment })
    .nullable()
    .describe('The latest receipt of a credential of this account that was ended at the provider'),
  created_at: moment,
  updated_at: moment,
});
export type ConnectedAccount = z.infer<typeof ConnectedAccount>;

export const ConnectedAccountUpdate = z
  .strictObject({
    label: AccountLabel.optional(),
    default: z.literal(true).optional().describe('Make it the default; the one from before no longer is'),
  })
  .refine(...namesSomething);
export type ConnectedAccountUpdate = z.infer<typeof ConnectedAccountUpdate>;

const s256Challenge = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be an S256 challenge: 43 base64url characters (RFC 7636)');

export const AuthorizationLinkCreate = z.strictObject({
  connection_name: z.string().min(1).max(63),
  identifier: UserIdentifier.describe('The user who is to open the link; it is their account, unless account_owner says otherwise'),
  account_owner: AccountOwner.optional().describe(
    'Default: user. organization: the account belongs to nobody in particular; it needs the scope organization_accounts:write',
  ),
  account_label: AccountLabel.optional().describe(
    'Which of the owner’s accounts; a new label is another account. Default: the default account',
  ),
  expires_in: z
    .int()
    .min(60)
    .max(604_800)
    .optional()
    .describe('Life of the link in seconds, 60 to 604800. Default: 1800, unless the installation says otherwise'),
  user_verify_url: z
    .string()
    .max(2048)
    .optional()
    .describe('Modes app and session: where the browser goes to be verified, one of the connection’s user_verify_urls. Default: the first'),
  state: z.string().min(1).max(512).optional().describe('Modes app and session: comes back at user_verify_url as it is'),
  code_challenge: s256Challenge
    .optional()
    .describe('Mode session: S256 challenge of a code_verifier that stays in the user’s session with you'),
});
export const AccountVerify = z.strictObject({
  auth_request_id: z.string().min(1).max(1000).describe('As it came to your user_verify_url'),
  identifier: UserIdentifier.describe('Of the user who is signed in with you in that browser'),
  code_verifier: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must be 43 to 128 unreserved characters (RFC 7636)')
    .optional()
    .describe('Mode session: from the session of that browser'),
});
export const AccountVerified = z.object({
  connected_account: ConnectedAccount,
  post_user_verify_redirect_url: z.url().describe('Send the browser here: it shows how it ended'),
});
export const ChatCode = z.strictObject({
  connection_name: z.string().min(1).max(63),
  identifier: UserIdentifier.describe('Of the user whom you know by the chat the code came from'),
  code: z.string().regex(/^\d{6}$/, 'must be 6 digits'),
});
export const ChatCodeAccepted = z.object({ connected_account_id: z.string(), accepted: z.literal(true) });
export type AccountVerify = z.infer<typeof AccountVerify>;
export type AccountVerified = z.infer<typeof AccountVerified>;
export type ChatCode = z.infer<typeof ChatCode>;
export type ChatCodeAccepted = z.infer<typeof ChatCodeAccepted>;
export const AuthorizationLink = z.object({ link: z.url(), expires_at: moment, connected_account_id: z.string() });
export type AuthorizationLinkCreate = z.infer<typeof AuthorizationLinkCreate>;
export type AuthorizationLink = z.infer<typeof AuthorizationLink>;

// ---- MCP instances -------------------------------------------------------------------------------------------

export const AccessLevel = z.enum(['FULL', 'READ_ONLY']).describe('READ_ONLY: only tools that read are shown and run');
export type AccessLevel = z.infer<typeof AccessLevel>;

export const McpInstanceEnsure = z.strictObject({
  config_name: z.string().min(1).max(63),
  user_identifier: UserIdentifier,
  expires_at: moment
    .nullable()
    .optional()
    .describe('When the URL stops; null: never. Absent: as it is. An expired URL is renewed for as long as it was given last time'),
});
export const McpInstanceUpdate = z.strictObject({ expires_at: moment.nullable().describe('When the URL stops; null: never') });
export const McpInstanceRotate = z.strictObject({
  grace_seconds: z.int().min(0).max(86_400).default(0).describe('How long the URL of before still works; 0: it stops at once'),
});

export const InstanceConnection = z.object({
  connection_name: z.string(),
  connector: z.string(),
  account_owner: AccountOwner,
  connected_account_id: z.string().describe('The default account'),
  connected_account_status: ConnectedAccountStatus,
  reason: ConnectedAccountReason.nullable().describe('scope_missing for an account that is ACTIVE and lacks missing_scopes'),
  needed_scopes: z.array(z.string()).describe('What the tools that the config lets through need of this connection'),
  missing_scopes: z
    .array(z.string())
    .describe('Those of needed_scopes that the default account was not granted; calls of the tools that need them answer scope_missing'),
  authentication_link: z
    .url()
    .nullable()
    .describe(
      'Where the person connects, or grants what is missing; null when nothing is to be done or the connection does not ask for the missing scopes, links were not asked for, or the account is the organization’s',
    ),
});
export const McpInstance = z.object({
  id: z.string(),
  url: z.url().describe('The user’s own pre-authenticated MCP URL. Treat it as a password.'),
  user_identifier: z.string(),
  config: z.object({ id: z.string(), name: z.string(), version: z.int() }),
  connections: z.array(InstanceConnection),
  expires_at: moment.nullable().describe('When the URL stops; null: never'),
  created_at: moment,
});
/** An instance without its URL: reading lists must not hand out passwords. `PUT /v1/mcp-instances` answers the URL. */
export const McpInstanceSummary = McpInstance.omit({ url: true, connections: true }).extend({
  client_id: z.string().nullable().describe('The client that it was made for: calls are audited under it and suspended with it'),
  previous_url_expires_at: moment.nullable().describe('After a rotation: until then the URL of before still works'),
  revoked_at: moment.nullable(),
});
export const McpInstanceWithUrl = McpInstanceSummary.extend({ url: McpInstance.shape.url });
export type McpInstanceUpdate = z.infer<typeof McpInstanceUpdate>;
export type McpInstanceWithUrl = z.infer<typeof McpInstanceWithUrl>;

export const SessionTokenCreate = z.strictObject({
  user_identifier: UserIdentifier,
  expires_in: z.int().min(60).max(86_400).default(3600).describe('Seconds, 60 to 86,400'),
  access_level: AccessLevel.default('FULL'),
});
export const SessionToken = z.object({
  token: z.string().describe('Send it as "Authorization: Bearer ..." to the url, and nowhere else. Shown only now'),
  expires_at: moment,
  url: z.url().describe('The static MCP URL of the config, the same for everybody; the only one that takes the token'),
  access_level: AccessLevel,
  user_identifier: z.string(),
  mcp_instance_id: z.string(),
});
export const SessionTokensRevoke = z.strictObject({ user_identifier: UserIdentifier });
export type SessionTokenCreate = z.infer<typeof SessionTokenCreate>;
export type SessionToken = z.infer<typeof SessionToken>;

export type McpInstanceSummary = z.infer<typeof McpInstanceSummary>;
export const AuthState = z.object({ id: z.string(), user_identifier: z.string(), connections: z.array(InstanceConnection) });
export type McpInstanceEnsure = z.infer<typeof McpInstanceEnsure>;
export type InstanceConnection = z.infer<typeof InstanceConnection>;
export type McpInstance = z.infer<typeof McpInstance>;
export type AuthState = z.infer<typeof AuthState>;

// ---- tool calls ----------------------------------------------------------------------------------------------

export const ToolExecute = z
  .strictObject({
    identifier: UserIdentifier.describe('The user on whose behalf the tool runs'),
    mcp_config_name: z
      .string()
      .min(1)
      .max(63)
      .optional()
      .describe('Run it as through this MCP config: its tools, accounts and policy hold. A client restricted to configs must name one'),
    connection_name: z.string().min(1).max(63).optional().describe('Needed only where several connections have this tool'),
    account_owner: AccountOwner.optional().describe('Whose account is used. Default: user'),
    account_label: AccountLabel.optional().describe('Which of the owner’s accounts. Default: the default account'),
    connected_account_id: z.string().min(1).max(64).optional().describe('The same by id; name at most one of the two'),
    arguments: z.record(z.string(), z.unknown()).default({}),
  })
  .refine((call) => call.account_label === undefined || call.connected_account_id === undefined, {
    path: ['connected_account_id'],
    error: 'name the account by account_label or by connected_account_id, not by both',
  });
export const ToolResult = z.object({ tool_call_id: z.string(), tool_name: z.string(), output: z.record(z.string(), z.unknown()) });
export type ToolExecute = z.infer<typeof ToolExecute>;
export type ToolResult = z.infer<typeof ToolResult>;

export const ToolCallOutcome = z
  .enum(['pending', 'success', 'refused', 'authorization_required', 'approval_required', 'failed', 'outcome_unknown'])
  .describe(
    'pending: running. refused: nothing was sent (unknown tool, bad argument). authorization_required: the person must connect. approval_required: nothing was sent, the call waits for a person. ' +
      'failed: the provider refused or could not be reached. outcome_unknown: it may have happened; never repeated by Grantway.',
  );
export type ToolCallOutcome = z.infer<typeof ToolCallOutcome>;

export const ToolCall = z.object({
  id: z.string(),
  request_id: z.string(),
  via: z.enum(['mcp', 'api']),
  client_id: z.string().nullable(),
  user_identifier: z.string(),
  mcp_instance_id: z.string().nullable(),
  mcp_config_name: z.string().nullable(),
  mcp_config_version: z.int().nullable(),
  connection_name: z.string().nullable(),
  connected_account_id: z.string().nullable(),
  account_label: z.string().nullable().describe('The account’s label at that time'),
  connector: z.string().nullable(),
  tool_name: z.string(),
  effect: Effect.nullable(),
  outcome: ToolCallOutcome,
  fault_code: z.enum(Object.keys(faults) as [FaultCode, ...FaultCode[]]).nullable(),
  provider_status: z.int().nullable().describe('HTTP status of the provider’s last answer'),
  duration_ms: z.int().nullable(),
  created_at: moment,
});
export type ToolCall = z.infer<typeof ToolCall>;

export const AuditEvent = z.object({
  id: z.string(),
  action: z.enum(auditActions),
  actor: z.object({ kind: z.enum(['client', 'person', 'system', 'operator']), id: z.string().nullable() }),
  target: z.object({ kind: z.string(), id: z.string() }).nullable(),
  request_id: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
  created_at: moment,
});
export type AuditEvent = z.infer<typeof AuditEvent>;

// ---- clients and users -----------------------------------------------------------------------------------------

export const PermissionName = z.enum([everyPermission, ...allPermissions] as [typeof everyPermission, ...Permission[]]);
export const ClientRestrictions = z
  .strictObject({
    identifiers: z.array(UserIdentifier).max(1000).optional().describe('It acts for these users'),
    identifier_prefixes: z
      .array(UserIdentifier)
      .max(20)
      .optional()
      .describe('... and for those whose identifier begins so; both absent: for everybody'),
    configs: z.array(z.string().min(1).max(63)).max(100).optional().describe('Names of MCP configs; absent: all'),
    tools: z.array(z.string().min(1).max(128)).max(1000).optional().describe('Tools by the names that agents see; absent: all'),
  })
  .refine((r) => Object.values(r).some((list) => list !== undefined), 'name at least one restriction')
  .describe('What the client is narrowed to. An empty list leaves nothing. What is left out looks like something that does not exist');
export type ClientRestrictions = z.infer<typeof ClientRestrictions>;

export const ClientCreate = z.strictObject({
  name: z.string().trim().min(1).max(100),
  restrictions: ClientRestrictions.nullable().optional(),
  scopes: z
    .array(PermissionName)
    .min(1)
    .max(100)
    .describe('What it may do; nothing that the caller may not. all: everything, also what later versions add'),
});
export const ClientUpdate = z
  .strictObject({
    name: z.string().trim().min(1).max(100).optional(),
    scopes: z.array(PermissionName).min(1).max(100).optional(),
    restrictions: ClientRestrictions.nullable().optional().describe('As a whole; null: none'),
    suspended: z.boolean().optional().describe('true: the next call of this client, or over an MCP URL it asked for, is refused'),
  })
  .refine(...namesSomething);
export const SecretRotation = z.strictObject({
  overlap_seconds: z.int().min(0).max(604_800).default(86_400).describe('How long the secret of before is still taken; 0 ends it at once'),
});
export const MachineClient = z.object({
  client_id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  restrictions: z
    .object({
      identifiers: z.array(z.string()).optional(),
      identifier_prefixes: z.array(z.string()).optional(),
      configs: z.array(z.string()).optional(),
      tools: z.array(z.string()).optional(),
    })
    .nullable(),
  suspended: z.boolean(),
  suspended_at: moment.nullable(),
  previous_secret_expires_at: moment.nullable(),
  credential_read: z
    .object({ per_hour: z.int(), per_day: z.int(), keys: z.boolean().describe('Also keys and passwords, which do not end by themselves') })
    .nullable()
    .describe('Whether it may read credentials in clear, and how often; null: not. Only an operator sets it, with npm run operator'),
  created_at: moment,
});
export const CreatedSecret = z.object({ client_secret: z.string().describe('Shown only now') });
export type ClientCreate = z.infer<typeof ClientCreate>;
export type ClientUpdate = z.infer<typeof ClientUpdate>;
export type MachineClient = z.infer<typeof MachineClient>;
export type CreatedSecret = z.infer<typeof CreatedSecret>;

export const CredentialRead = z.strictObject({
  reason: z.string().trim().min(3).max(200).describe('Why; it stands in the audit and in the event'),
});
export const ReadCredential = z.object({
  connected_account_id: z.string(),
  connection_name: z.string(),
  connector: z.string(),
  access_token: z.string().nullable().describe('Null where the account holds a key. The refresh token is never answered'),
  expires_at: moment.nullable().describe('When the access token ends, as far as its provider said'),
  scopes: z.array(z.string()),
  fields: z.record(z.string(), z.string()).nullable().describe('The secret fields of a key; null where there is an access token'),
});
export type CredentialRead = z.infer<typeof CredentialRead>;
export type ReadCredential = z.infer<typeof ReadCredential>;

export const UserUpdate = z.strictObject({
  suspended: z.boolean().describe('true: the next call on behalf of this user is refused; resuming needs no new consent'),
});
export const User = z.object({ identifier: z.string(), suspended: z.boolean(), suspended_at: moment.nullable(), created_at: moment });
export type UserUpdate = z.infer<typeof UserUpdate>;
export type User = z.infer<typeof User>;

// ---- incidents -------------------------------------------------------------------------------------------------

export const IncidentFilter = z
  .strictObject({
    created_after: moment.optional().describe('Consented to at this time or later'),
    created_before: moment.optional().describe('Consented to before this time'),
    connection_name: z.string().min(1).max(63).optional(),
    client_id: z.string().min(1).max(64).optional().describe('Used by this client, or within reach of MCP URLs that it asked for'),
    config_name: z.string().min(1).max(63).optional().describe('Within reach of this MCP config, in any of its versions'),
    identifier: UserIdentifier.optional().describe('Accounts of this user; not those of the organization that the user connected'),
  })
  .describe('Everything that is named must fit; an empty filter is every credential of the environment');
export const IncidentCreate = z.strictObject({
  filter: IncidentFilter,
  dry_run: z.boolean().default(false).describe('Only count what would be ended'),
});
const incidentCounts = {
  total: z.int(),
  done: z.int().describe('Proven and unproven together'),
  proven: z.int().describe('The provider confirmed the end'),
  unproven: z.int().describe('Ended here; the provider could not confirm it'),
  remaining: z.int(),
};
export const Incident = z.object({
  id: z.string().nullable().describe('Null for a dry run'),
  dry_run: z.boolean(),
  status: z.enum(['preview', 'running', 'finished']),
  filter: IncidentFilter,
  counts: z.object(incidentCounts),
  connections: z.array(z.object({ connection_name: z.string(), connector: z.string(), ...incidentCounts })),
  created_at: moment.nullable(),
  finished_at: moment.nullable(),
});
export const IncidentItem = z.object({
  connected_account_id: z.string(),
  connection_name: z.string(),
  connector: z.string(),
  identifier: z.string().nullable().describe('Null for an account of the organization, and once the user was forgotten'),
  status: RevocationStatus,
  detail: z.string().nullable(),
  revocation_id: z.string().nullable(),
  attempts: z.int(),
  ended_at: moment.nullable().describe('From then on it could not be used here'),
  settled_at: moment.nullable(),
});
export type IncidentCreate = z.infer<typeof IncidentCreate>;
export type Incident = z.infer<typeof Incident>;
export type IncidentItem = z.infer<typeof IncidentItem>;
// ---- events and webhooks ---------------------------------------------------------------------------------------

export const Event = z.object({
  id: z.string().describe('The webhook-id of each of its deliveries'),
  type: z.enum(allEventTypes),
  connected_account_id: z.string().nullable(),
  data: z.record(z.string(), z.unknown()).describe('Ids, names and codes; never a secret'),
  created_at: moment,
});
export type Event = z.infer<typeof Event>;

const WebhookUrl = z
  .url()
  .max(2048)
  .describe('https, a public host, port 443 or 1024 and above. Loopback http where the broker itself is at a loopback address.');
const WebhookEvents = z
  .union([z.literal('all'), z.array(z.enum(allEventTypes)).min(1).max(allEventTypes.length)])
  .describe('Event types, or "all": those of later versions included');
const WebhookDescription = z.string().max(500);

export const WebhookEndpointCreate = z.strictObject({
  url: WebhookUrl,
  events: WebhookEvents.default('all'),
  description: WebhookDescription.default(''),
});
export const WebhookEndpointUpdate = z
  .strictObject({
    url: WebhookUrl.optional(),
    events: WebhookEvents.optional(),
    description: WebhookDescription.optional(),
    status: z.enum(['ENABLED', 'DISABLED']).optional(),
  })
  .refine(...namesSomething);
export const WebhookEndpoint = z.object({
  id: z.string(),
  url: z.url(),
  events: WebhookEvents,
  description: z.string(),
  status: z.enum(['ENABLED', 'DISABLED']),
  reason: z
    .enum(['failing', 'gone', 'disabled_by_operator'])
    .nullable()
    .describe('failing: nothing was accepted for three days. gone: it answered 410.'),
  failing_since: moment.nullable().describe('Since then no delivery succeeded'),
  previous_secret_expires_at: moment.nullable().describe('Until then deliveries carry signatures of the new and of the previous secret'),
  created_at: moment,
  updated_at: moment,
});
export const WebhookEndpointWithSecret = WebhookEndpoint.extend({
  secret: z.string().describe('whsec_...: verify signatures with it. Shown this once.'),
});
export const WebhookSecretRotate = z.strictObject({
  overlap_seconds: z.int().min(0).max(604_800).default(86_400).describe('How long the previous secret signs too'),
});
export const WebhookReplay = z
  .strictObject({
    event_ids: z.array(z.string().max(64)).min(1).max(100).optional().describe('These events, whatever their type'),
    since: z.iso.datetime().optional().describe('Every event from then on of a type that the endpoint takes, at most 10,000'),
  })
  .refine((replay) => (replay.event_ids === undefined) !== (replay.since === undefined), 'name either event_ids or since');
export const WebhookReplayed = z.object({ events: z.int().describe('How many will be sent again') });
export const WebhookDelivery = z.object({
  event_id: z.string(),
  type: z.enum(allEventTypes),
  connected_account_id: z.string().nullable(),
  status: z
    .enum(['pending', 'delivered', 'given_up'])
    .describe('pending: waiting for its turn, or for the next try. given_up: refused for three days.'),
  attempts: z.int(),
  next_attempt_at: moment.nullable(),
  last_attempt_at: moment.nullable(),
  last_status: z.int().nullable().describe('HTTP status of the endpoint’s last answer'),
  last_error: z.string().nullable(),
  delivered_at: moment.nullable(),
  created_at: moment,
});
export type WebhookEndpointCreate = z.infer<typeof WebhookEndpointCreate>;
export type WebhookEndpointUpdate = z.infer<typeof WebhookEndpointUpdate>;
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;
export type WebhookEndpointWithSecret = z.infer<typeof WebhookEndpointWithSecret>;
export type WebhookReplay = z.infer<typeof WebhookReplay>;
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

// ---- answers -------------------------------------------------------------------------------------------------

export const TokenResponse = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.int(),
  scope: z.string(),
});

/** RFC 9457. */
export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(Object.keys(faults) as [FaultCode, ...FaultCode[]]),
  detail: z.string().optional(),
  request_id: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
