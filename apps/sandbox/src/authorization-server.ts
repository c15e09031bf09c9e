import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Connector, OAuth2Auth } from '@grantway/connector-kit';
import fastify from 'fastify';
import type { Configuration, JWK } from 'oidc-provider';
import { InvalidScope } from 'oidc-provider/lib/helpers/errors.js';
import { Provider } from 'oidc-provider/lib/provider.js';
import { valueAt } from './json-places.ts';
import type { Knobs } from './knobs.ts';
import { errorPage, pageHeaders } from './pages.ts';
import { adapterFor } from './provider-adapter.ts';
import { refreshSeconds } from './quirks.ts';
import type { State } from './state.ts';

/**
 * A scope that every request carries on its way to the provider and no answer shows: the provider refuses a request
 * without scopes, and some vendors have none.
 */
export const presenceScope = 'sandbox:account';
/** Added to the request where it holds what the vendor wants to see before it gives a refresh token. */
export const offlineScope = 'sandbox:offline';
/** The sandbox's own, which no page and no answer shows. */
export const ownScopes: readonly string[] = [presenceScope, offlineScope];
/** Words of the request that are none of the vendor's scopes; the provider itself would pass over them. */
export const unknownScopesParam = 'sandbox_unknown_scopes';

/** Seconds that an access token lives where neither the connector's example nor a knob says. */
const accessTokenTtlSeconds = 3_600;
const refreshTokenTtlSeconds = 365 * 86_400;
/** Of grants, and of access tokens where a vendor neither says when they end nor gives anything to renew them with. */
const unlimitedSeconds = 10 * 365 * 86_400;

export interface ProviderRequest {
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string | string[] | undefined>;
  body?: string;
}

export interface ProviderAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface AuthorizationServer {
  provider: Provider;
  /** The path under which the provider believes to stand; its redirects begin with it. */
  mount: string;
  /** One request to the provider, without a socket between. */
  call(request: ProviderRequest): Promise<ProviderAnswer>;
  close(): Promise<void>;
}

interface Keys {
  signing: JWK;
  cookies: string[];
}

/** One strict OAuth server for one connector. What the vendor does otherwise is translated in front of it. */
export function createAuthorizationServer(options: {
  connector: Connector;
  auth: OAuth2Auth;
  origin: string;
  state: State;
  knobs: () => Knobs;
  log: (line: string) => void;
}): AuthorizationServer {
  const { connector, auth, origin, state, knobs, log } = options;
  const { id } = connector;
  const mount = `/_sandbox/${id}`;
  const keys = keysOf(state);
  const rotation = () => knobs().rotate ?? auth.rotationClass;

  const configuration: Configuration = {
    adapter: adapterFor(state, id, rotation, auth.leewaySeconds),
    jwks: { keys: [keys.signing] },
    scopes: [...Object.keys(auth.scopes), ...ownScopes],
    responseTypes: ['code'],
    clientAuthMethods: [auth.clientAuthentication],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    pkce: { required: () => auth.pkce === 'S256' },
    allowOmittingSingleRegisteredRedirectUri: false,
    clockTolerance: 0,
    cookies: {
      keys: keys.cookies,
      names: { session: `gw_sandbox_${id}_session`, interaction: `gw_sandbox_${id}_consent`, resume: `gw_sandbox_${id}_resume` },
    },
    routes: { authorization: '/authorize', token: '/token', revocation: '/revoke', registration: '/register' },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      // RFC 7009 section 2.1: only the client to which the token was issued
      revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId },
      registration: {
        enabled: true,
        issueRegistrationAccessToken: false,
        idFactory: () => `${id}-${randomBytes(12).toString('hex')}`,
        secretFactory: () => randomBytes(32).toString('base64url'),
      },
    },
    interactions: {
      url: (_ctx, interaction) => `${mount}/consent/${interaction.uid}`,
    },
    extraParams: {
      [unknownScopesParam](_ctx, words) {
        if (words !== undefined) throw new InvalidScope(`${connector.name} has no such scope`, words);
      },
    },
    findAccount: async (_ctx, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
    clientBasedCORS: () => false,
    issueRefreshToken: async (_ctx, _client, code) =>
      knobs().drop_refresh_token !== true && (auth.offline === undefined || (code as { scopes: Set<string> }).scopes.has(offlineScope)),
    rotateRefreshToken: () => rotation() !== 'A' && knobs().drop_refresh_token !== true,
    revokeGrantPolicy: () => true,
    expiresWithSession: async () => false,
    ttl: {
      AccessToken: () => knobs().access_token_ttl_seconds ?? accessLifeSeconds(auth),
      // The longest that RFC 6749 section 4.1.2 recommends
      AuthorizationCode: () => 600,
      Grant: () => auth.grantSeconds ?? unlimitedSeconds,
      IdToken: () => 3_600,
      Interaction: () => 3_600,
      RefreshToken: () => refreshSeconds(auth) ?? refreshTokenTtlSeconds,
      Session: () => 600,
    },
    renderError(ctx, out) {
      ctx.type = 'html';
      ctx.set(pageHeaders);
      ctx.body = errorPage(connector.name, out.error, out.error_description);
    },
  };

  const provider = new Provider(`${origin}${mount}`, configuration);
  provider.silent = true;
  provider.on('server_error', (_ctx, error) => log(`${id} the authorization server failed: ${error.name}: ${error.message}`));

  const answer = provider.callback();
  const door = fastify();
  door.removeAllContentTypeParsers();
  door.addContentTypeParser('*', (_request, _payload, done) => done(null));
  door.all('/*', async (request, reply) => {
    reply.hijack();
    // Koa's way to learn below which path an application stands
    await answer(Object.assign(request.raw, { originalUrl: mount + request.raw.url }), reply.raw);
  });

  return {
    provider,
    mount,
    async call({ method, path, headers, body }) {
      const response = await door.inject({
        method,
        url: path,
        headers: { ...headers, host: new URL(origin).host },
        ...(body === undefined ? {} : { payload: body }),
      });
      return { status: response.statusCode, headers: response.headers as ProviderAnswer['headers'], body: response.payload };
    },
    close: () => door.close(),
  };
}

function accessLifeSeconds({ tokenExample }: OAuth2Auth): number {
  const { expires_in: pointer, refresh_token: renewed } = tokenExample?.slots ?? {};
  const said = pointer === undefined ? undefined : Number(valueAt(tokenExample?.body, pointer));
  if (said !== undefined && Number.isInteger(said) && said > 0) return said;
  return tokenExample !== undefined && pointer === undefined && renewed === undefined ? unlimitedSeconds : accessTokenTtlSeconds;
}

/** Made once for a state folder, so that cookies and id tokens outlive a restart. */
function keysOf(state: State): Keys {
  const kept = state.get('keys') as Keys | undefined;
  if (kept !== undefined) return kept;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signing = { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), alg: 'ES256', use: 'sig' } as JWK;
  const keys: Keys = { signing, cookies: [randomBytes(32).toString('base64url')] };
  state.set('keys', keys);
  return keys;
}
