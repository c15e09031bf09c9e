import { z } from 'zod';
import { isPlainUrl } from './plain-url.ts';
import { UserIdentifier } from './resources.ts';

const moment = z.iso.datetime().describe('RFC 3339 time in UTC');

// ---- sign-in links -------------------------------------------------------------------------------------------

export const SignInLinkCreate = z.strictObject({
  user_identifier: UserIdentifier.describe('Who is signed in by it'),
  expires_in: z.int().min(60).max(3600).default(600).describe('Seconds until it no longer opens'),
});
export const SignInLink = z.object({
  id: z.string(),
  url: z.url().describe('For this one person; whoever opens it first is taken for them'),
  mcp_url: z.url().describe('The MCP server that the person adds to a client'),
  user_identifier: z.string(),
  expires_at: moment,
});
export type SignInLinkCreate = z.infer<typeof SignInLinkCreate>;
export type SignInLink = z.infer<typeof SignInLink>;

// ---- the operator's identity provider ------------------------------------------------------------------------

export const IdentityProviderPut = z.strictObject({
  issuer: z.string().max(2048).refine(isPlainUrl, 'must be an http or https URL, written plainly').describe('As the provider writes it'),
  client_id: z.string().min(1).max(512),
  client_secret: z.string().min(1).max(4096).nullable().optional().describe('Goes in, never comes out. null: none. Left out: as it is'),
  claim: z.enum(['sub', 'email']).default('sub').describe('What becomes the user identifier; an e-mail address must be verified'),
  assume_s256: z
    .boolean()
    .default(false)
    .describe('Your word that it takes PKCE with S256 although its metadata lists no methods; without it such a provider is refused'),
  config_names: z
    .array(z.string().min(1).max(63))
    .min(1)
    .max(200)
    .nullable()
    .default(null)
    .describe('MCP configs that whoever can sign in there may use. null: every config of the environment'),
});
export const IdentityProviderSetting = z.object({
  issuer: z.string(),
  client_id: z.string(),
  client_secret_set: z.boolean(),
  claim: z.enum(['sub', 'email']),
  assume_s256: z.boolean(),
  config_names: z.array(z.string()).nullable(),
  redirect_uri: z.url().describe('Register exactly this callback URL with your identity provider'),
  created_at: moment,
  updated_at: moment,
});
export type IdentityProviderPut = z.infer<typeof IdentityProviderPut>;
export type IdentityProviderSetting = z.infer<typeof IdentityProviderSetting>;

// ---- grants --------------------------------------------------------------------------------------------------

/** What people may allow an MCP client, narrowest last. */
export const mcpScopes = { mcp: 'Use every tool of the config', 'mcp:read': 'Use the tools that only read' } as const;

export const GrantRevokedReason = z.enum(['person', 'operator', 'client', 'code_replayed', 'code_misused', 'refresh_token_replayed']);
export type GrantRevokedReason = z.infer<typeof GrantRevokedReason>;

export const McpGrant = z.object({
  id: z.string(),
  user_identifier: z.string(),
  config: z.object({ id: z.string(), name: z.string() }),
  mcp_instance_id: z.string(),
  client: z.object({
    id: z.string().describe('As it registered here, or the URL of its metadata document'),
    name: z.string().nullable().describe('As it calls itself'),
    verified_host: z.string().nullable().describe('The host that its metadata document is at; null for a client that registered itself'),
    redirect_uri: z.string(),
  }),
  scope: z.string(),
  signed_in_by: z.enum(['link', 'oidc']),
  status: z.enum(['ACTIVE', 'EXPIRED', 'REVOKED']),
  revoked_at: moment.nullable(),
  revoked_reason: GrantRevokedReason.nullable(),
  last_refreshed_at: moment.nullable(),
  expires_at: moment.describe('Unless it is used before'),
  created_at: moment,
});
export type McpGrant = z.infer<typeof McpGrant>;
