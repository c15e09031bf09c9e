import { type OAuth2Auth, retryAfter } from '@grantway/connector-kit';
import { type Egress, EgressError } from '@grantway/egress';
import { allowInsecureRequests, Configuration, type CustomFetchOptions, customFetch } from 'openid-client';
import { clientAuthentication } from './client-authentication.ts';
import { endpoint, type OAuthApp } from './oauth-app.ts';
import { readTokenAnswer, type TokenReading } from './token-answer.ts';

/** What came of the one request that was made. `failed`: there was no answer. */
export type TokenResult =
  | (TokenReading & { status: number; html: boolean; retryAfterSeconds: number | undefined })
  | { kind: 'failed'; error: EgressError };

export interface TokenConversation {
  config: Configuration;
  /** Undefined until a request was tried. */
  result(): TokenResult | undefined;
}

const maxAnswerBytes = 256 * 1024;

/**
 * An openid-client configuration whose requests leave through egress and whose answers were brought into RFC 6749's shape
 * before openid-client judges them. What the vendor really said is kept beside.
 */
export function tokenConversation(egress: Egress, app: OAuthApp, timeoutMs: number | undefined): TokenConversation {
  const { auth } = app.connector;
  const tokenUrl = endpoint(app, auth.tokenUrl);
  const config = new Configuration(
    {
      issuer: new URL(tokenUrl).origin,
      token_endpoint: tokenUrl,
      ...(auth.revokeUrl === undefined ? {} : { revocation_endpoint: endpoint(app, auth.revokeUrl) }),
    },
    app.clientId,
    undefined,
    clientAuthentication(app),
  );
  // Time is limited by egress, which knows whether anything was sent.
  config.timeout = undefined;
  if (app.sandboxOrigin !== undefined) allowInsecureRequests(config);

  let result: TokenResult | undefined;
  config[customFetch] = async (url, options) => {
    const response = await send(url, options).catch((error: unknown) => {
      if (error instanceof EgressError) result = { kind: 'failed', error };
      throw error;
    });
    const ofTokenEndpoint = url === new URL(tokenUrl).href;
    result = {
      ...(ofTokenEndpoint ? readTokenAnswer(auth, response) : revocationReading(auth, response)),
      status: response.status,
      html: /^\s*</.test(response.body.subarray(0, 64).toString('latin1')),
      retryAfterSeconds: retryAfter(response.headers['retry-after']),
    };
    return conforming(result, ofTokenEndpoint);
  };
  return { config, result: () => result };

  function send(url: string, options: CustomFetchOptions) {
    const { 'user-agent': _library, ...asForm } = options.headers;
    const form = String(options.body ?? '');
    const isJson = auth.tokenBodyFormat === 'json';
    const headers = isJson ? { ...asForm, 'content-type': 'application/json' } : asForm;
    return egress.send({
      method: options.method,
      url,
      headers,
      body: isJson ? JSON.stringify(Object.fromEntries(new URLSearchParams(form))) : form,
      maxBytes: maxAnswerBytes,
      sandbox: app.sandboxOrigin !== undefined,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }
}

// RFC 7009 section 2.2: the status alone decides; the body of a good answer means nothing.
function revocationReading(auth: OAuth2Auth, response: { status: number; headers: Record<string, string>; body: Buffer }): TokenReading {
  if (response.status < 200 || response.status > 299) return readTokenAnswer(auth, response);
  const reading = readTokenAnswer(auth, response);
  return reading.kind === 'refusal' ? reading : { kind: 'unreadable' };
}

// The ID token is kept out of openid-client's sight: its issuer and keys are unknown here, and nothing trusts its claims;
// whose account it is, is asked at the API.
function conforming(result: Exclude<TokenResult, { kind: 'failed' }>, ofTokenEndpoint: boolean): Response {
  const json = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
  if (result.kind === 'refusal') return json(400, result.refusal);
  if (result.kind === 'answer') {
    const { access_token, refresh_token, token_type, expires_in, scopes } = result.answer;
    return json(200, { access_token, refresh_token, token_type, expires_in, scope: scopes?.join(' ') });
  }
  const good = !ofTokenEndpoint && result.status >= 200 && result.status < 300;
  return new Response('', { status: good ? 200 : 502 });
}
