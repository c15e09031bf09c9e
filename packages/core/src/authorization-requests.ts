import { Fault, isId, type mcpScopes } from '@grantway/contract';
import { isSameRedirectUri } from '@grantway/oauth';
import type { Modules } from './ctx.ts';
import type { OAuthClient } from './oauth-clients.ts';

/** What an MCP client asks a person for (RFC 6749 section 4.1.1, with PKCE and RFC 8707), checked. */
export interface AuthorizationRequest {
  client: OAuthClient;
  redirectUri: string;
  /** The client's own value, to be given back to it. */
  state: string | undefined;
  codeChallenge: string;
  resource: string;
  scope: string;
  config: { id: string; name: string; description: string; environmentId: string; workspaceName: string };
}

export type McpScope = keyof typeof mcpScopes;

/** The static URL of a config: what its tokens are for. */
export const resourceOf = (baseUrl: string, configId: string): string => `${baseUrl}/mcp/${configId}`;

/** Undefined for whatever is not the URL of a config here, to the character. */
export function configIdOf(baseUrl: string, resource: string): string | undefined {
  const id = resource.startsWith(`${baseUrl}/mcp/`) ? resource.slice(baseUrl.length + 5) : '';
  return isId('mcpConfig', id) ? id : undefined;
}

const known = [
  'response_type',
  'response_mode',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'resource',
  'request',
  'request_uri',
];

/**
 * Reads and checks a request. Nothing of it is answered by a redirect: an address is not trusted before a person has said yes,
 * and whoever registered one could use us to send people there (RFC 9700 section 4.11.2).
 * @throws Fault authorization_request_invalid with a sentence that holds nothing of the request; unknown_oauth_client,
 * invalid_client_metadata, invalid_redirect_uri, rate_limited; environment_suspended
 */
export async function readAuthorizationRequest(modules: Modules, query: URLSearchParams): Promise<AuthorizationRequest> {
  // RFC 6749 section 3.1
  const twice = known.find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) throw invalid(`the parameter ${twice} comes twice`);
  const value = (name: string) => query.get(name) ?? undefined;

  const [clientId, redirectUri] = [value('client_id'), value('redirect_uri')];
  if (clientId === undefined) throw invalid('the parameter client_id is missing');
  const client = await modules.oauthClients.find(clientId);
  if (redirectUri === undefined) throw invalid('the parameter redirect_uri is missing');
  if (!client.redirectUris.some((uri) => isSameRedirectUri(uri, redirectUri))) {
    throw invalid('the redirect_uri is not one of the client’s');
  }

  if (value('request') !== undefined || value('request_uri') !== undefined) throw invalid('request objects are not supported');
  if (value('response_type') !== 'code') throw invalid('response_type must be code');
  if ((value('response_mode') ?? 'query') !== 'query') throw invalid('response_mode must be query');
  const codeChallenge = value('code_challenge');
  if (codeChallenge === undefined || value('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(codeChallenge)) {
    throw invalid('PKCE with code_challenge_method S256 is required');
  }
  const state = value('state');
  if (state !== undefined && !/^[\x20-\x7e]{0,2048}$/.test(state)) throw invalid('the state is too long or not ASCII');
  const resource = value('resource');
  const config = resource === undefined ? undefined : await configOf(modules, resource);
  if (resource === undefined || config === undefined) throw invalid('the resource is missing or no MCP server of this address');
  return { client, redirectUri, state, codeChallenge, resource, scope: scopeOf(value('scope')), config };
}

/** Scopes that are not ours are left out, as RFC 6749 section 3.3 allows; the token's answer says what was granted. */
function scopeOf(asked: string | undefined): McpScope {
  const scopes = asked?.split(' ') ?? [];
  return scopes.includes('mcp:read') && !scopes.includes('mcp') ? 'mcp:read' : 'mcp';
}

/** @throws Fault environment_suspended */
async function configOf(modules: Modules, resource: string): Promise<AuthorizationRequest['config'] | undefined> {
  const configId = configIdOf(modules.baseUrl(), resource);
  if (configId === undefined) return undefined;
  const [row] = await modules.db.system('open MCP instance').query<{
    id: string;
    name: string;
    description: string;
    environment_id: string;
    workspace_name: string;
    suspended: boolean;
  }>({
    name: 'config of a resource',
    text: `select g.id, g.name, g.description, g.environment_id, w.name as workspace_name, e.suspended_at is not null as suspended
           from mcp_configs g join environments e on e.id = g.environment_id join workspaces w on w.id = e.workspace_id where g.id = $1`,
    values: [configId],
  });
  if (row === undefined) return undefined;
  if (row.suspended) throw new Fault('environment_suspended');
  const { id, name, description, environment_id: environmentId, workspace_name: workspaceName } = row;
  return { id, name, description, environmentId, workspaceName };
}

function invalid(detail: string): Fault {
  return new Fault('authorization_request_invalid', detail);
}
