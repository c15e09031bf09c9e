import { Fault, isFault, type Secret } from '@grantway/contract';
import { type Egress, EgressError } from '@grantway/egress';
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  type CustomFetch,
  customFetch,
  discovery,
} from 'openid-client';
import { identityClientAuthentication, pkceCheck } from './client-authentication.ts';

/** The operator's own identity provider, which signs people in before they may connect an account (security.md 2.5). */
export interface IdentityProvider {
  issuer: string;
  clientId: string;
  /** Undefined for a public client. */
  clientSecret: Secret<string> | undefined;
  redirectUri: string;
  /** The operator's word that it takes S256 although its metadata does not say which methods it takes. */
  assumeS256?: boolean;
}

export interface SignedIn {
  sub: string;
  /** Only where the provider says that it has verified it. */
  verifiedEmail: string | undefined;
}

const maxAnswerBytes = 512 * 1024;

/** OpenID Connect Discovery, through egress. @throws Fault provider_unavailable */
async function discovered(egress: Egress, idp: IdentityProvider): Promise<Configuration> {
  const send: CustomFetch = async (url, options) => {
    const { 'user-agent': _library, ...headers } = options.headers as Record<string, string>;
    const answer = await egress.send({
      method: options.method,
      url,
      headers,
      ...(options.body == null ? {} : { body: String(options.body) }),
      maxBytes: maxAnswerBytes,
      timeoutMs: 10_000,
    });
    return new Response(answer.status === 204 ? null : new Uint8Array(answer.body), { status: answer.status, headers: answer.headers });
  };
  // http is for exceptions that egress was told of; everything else it refuses.
  const insecure = new URL(idp.issuer).protocol === 'http:';
  const config = await discovery(new URL(idp.issuer), idp.clientId, undefined, identityClientAuthentication(idp.clientSecret), {
    [customFetch]: send,
    timeout: 15,
    ...(insecure ? { execute: [allowInsecureRequests] } : {}),
  });
  const problem = metadataProblem(idp, config.serverMetadata() as unknown as Record<string, unknown>);
  if (problem !== undefined) throw new Fault('connection_not_ready', { internal: `the identity provider’s metadata: ${problem}` });
  return config;
}

/**
 * What is wrong with a provider's metadata, or undefined. Without S256 (RFC 8414 section 2, RFC 7636 section 4.2) a sign-in
 * could be downgraded (security.md A09); an endpoint that is none over TLS could be anything (A13).
 */
export function metadataProblem(
  idp: Pick<IdentityProvider, 'issuer' | 'assumeS256'>,
  metadata: Record<string, unknown>,
): string | undefined {
  const methods = metadata['code_challenge_methods_supported'];
  const assumed = methods === undefined && idp.assumeS256 === true;
  if (!assumed && !(Array.isArray(methods) && methods.includes('S256'))) return 'it does not offer PKCE with S256';
  // http only for a provider that is itself reached so, at its own address.
  const issuer = new URL(idp.issuer);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri']) {
    const text = metadata[name];
    if (typeof text !== 'string' || !/^https?:\/\/[^\s\\]+$/.test(text) || !URL.canParse(text)) return `${name} is no http URL`;
    const url = new URL(text);
    const isOwn = issuer.protocol === 'http:' && url.origin === issuer.origin;
    if ((url.protocol !== 'https:' && !isOwn) || url.username !== '' || url.password !== '' || url.hash !== '') {
      return `${name} is not a plain https URL`;
    }
  }
  return undefined;
}

/** Where the browser signs in. @throws Fault provider_unavailable, connection_not_ready */
export async function signInUrl(
  egress: Egress,
  idp: IdentityProvider,
  request: { state: string; nonce: string; challenge: string; loginHint?: string },
): Promise<string> {
  const config = await reached(discovered(egress, idp));
  const { state, nonce, challenge, loginHint } = request;
  return buildAuthorizationUrl(config, {
    redirect_uri: idp.redirectUri,
    scope: 'openid email',
    response_type: 'code',
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(loginHint === undefined ? {} : { login_hint: loginHint }),
  }).href;
}

/**
 * Who signed in: the ID token, checked for issuer, audience, nonce, times and signature (OpenID Connect Core 3.1.3.7).
 * @throws Fault verification_failed, provider_unavailable
 */
export async function signedIn(
  egress: Egress,
  idp: IdentityProvider,
  answer: { url: URL; state: string; nonce: string; pkceVerifier: Secret<string> },
): Promise<SignedIn> {
  const config = await reached(discovered(egress, idp));
  try {
    const tokens = await authorizationCodeGrant(config, answer.url, {
      ...pkceCheck(answer.pkceVerifier),
      expectedState: answer.state,
      expectedNonce: answer.nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Fault('verification_failed', { internal: 'no ID token' });
    const email = claims['email'];
    return { sub: claims.sub, verifiedEmail: typeof email === 'string' && claims['email_verified'] === true ? email : undefined };
  } catch (cause) {
    if (isUnreached(cause)) throw new Fault('provider_unavailable', { internal: 'the identity provider gave no answer', cause });
    const words = cause instanceof Error ? `${cause.name}: ${String((cause as { code?: unknown }).code ?? '')}` : '';
    throw new Fault('verification_failed', { internal: `the identity provider’s answer was refused: ${words}` });
  }
}

async function reached<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (isFault(cause)) throw cause;
    throw new Fault('provider_unavailable', { internal: 'the identity provider could not be discovered', cause });
  }
}

function isUnreached(error: unknown): boolean {
  return error instanceof EgressError || (error instanceof Error && error.cause instanceof EgressError);
}
