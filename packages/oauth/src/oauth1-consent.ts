import { randomBytes } from 'node:crypto';
import type { OAuth1Auth, OAuth1Credential } from '@grantway/connector-kit';
import { Fault, Secret } from '@grantway/contract';
import { type Egress, EgressError, type OutboundResponse } from '@grantway/egress';
import { type Consumer, reachable } from './connection-app.ts';
import { oauth1TokenRequest, publicToken, type SecretRequest, verifierParameter } from './secret-requests.ts';

const maxAnswerBytes = 64 * 1024;

function pagesOf(consumer: Consumer): NonNullable<OAuth1Auth['authorization']> {
  const { authorization } = consumer.connector.auth;
  if (authorization === undefined) throw new TypeError('this connector asks no person');
  return authorization;
}

/**
 * Temporary credentials for one attempt of one browser (RFC 5849 section 2.1), bound to the address that it comes back to.
 * @throws Fault connection_incident where the vendor refuses the consumer, consent_failed
 */
export async function temporaryCredentials(egress: Egress, consumer: Consumer, callback: string): Promise<Secret<OAuth1Credential>> {
  const request = oauth1TokenRequest(consumer, pagesOf(consumer).requestTokenUrl, { oauth_callback: callback }, undefined, Date.now());
  const { credential, confirmed } = await tokenIn(egress, consumer, request, 'connection_incident');
  // Without it the vendor speaks the first edition, in which anybody's approval could be fed into this attempt.
  if (!confirmed) throw new Fault('consent_failed', { internal: 'oauth_callback_confirmed is missing' });
  return credential;
}

/** Where the person's browser is sent (RFC 5849 section 2.2). */
export function oauth1AuthorizationUrl(consumer: Consumer, temporary: Secret<OAuth1Credential>): string {
  const { authorizeUrl, authorizeParams } = pagesOf(consumer);
  const url = new URL(reachable(consumer, authorizeUrl));
  if (url.protocol !== 'https:' && consumer.sandboxOrigin === undefined) throw new TypeError('the authorization page must be https');
  for (const [name, value] of Object.entries(authorizeParams ?? {})) url.searchParams.set(name, value);
  url.searchParams.set('oauth_token', publicToken(temporary));
  return url.href;
}

/** The approved temporary credentials for token credentials (RFC 5849 section 2.3). @throws Fault consent_failed */
export async function tokenCredentials(
  egress: Egress,
  consumer: Consumer,
  temporary: Secret<OAuth1Credential>,
  verifier: Secret<string>,
): Promise<Secret<OAuth1Credential>> {
  const request = oauth1TokenRequest(consumer, pagesOf(consumer).accessTokenUrl, verifierParameter(verifier), temporary, Date.now());
  return (await tokenIn(egress, consumer, request, 'consent_failed')).credential;
}

/**
 * Whether the vendor still takes the consumer key and secret: it is asked for temporary credentials that nobody will use. A
 * wrong consumer secret makes every account's requests fail alike, and must not end them. Undefined: there was no verdict.
 */
export async function consumerIsAccepted(egress: Egress, consumer: Consumer): Promise<boolean | undefined> {
  try {
    await temporaryCredentials(egress, consumer, `https://127.0.0.1/${randomBytes(8).toString('hex')}`);
    return true;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return error.code === 'connection_incident' ? false : undefined;
  }
}

async function tokenIn(
  egress: Egress,
  consumer: Consumer,
  request: SecretRequest,
  refusedAs: 'connection_incident' | 'consent_failed',
): Promise<{ credential: Secret<OAuth1Credential>; confirmed: boolean }> {
  let response: OutboundResponse;
  try {
    const { url, ...rest } = request;
    response = await egress.send({
      ...rest,
      url: reachable(consumer, url),
      maxBytes: maxAnswerBytes,
      sandbox: consumer.sandboxOrigin !== undefined,
    });
  } catch (error) {
    if (!(error instanceof EgressError)) throw error;
    const code = error.kind === 'blocked' ? 'connection_incident' : 'consent_failed';
    throw new Fault(code, { detail: 'The provider’s token endpoint gave no answer.', internal: error.message, cause: error });
  }
  const { status } = response;
  // RFC 5849 section 3.2 gives 401 to a consumer, signature, nonce or token that is not accepted.
  if (status === 401) throw new Fault(refusedAs, { detail: 'The provider refused the request.', internal: `token request: ${status}` });
  const form = new URLSearchParams(response.body.toString('utf8').trim());
  const [token, token_secret] = [form.get('oauth_token') ?? '', form.get('oauth_token_secret') ?? ''];
  const isToken = [token, token_secret].every((value) => /^[\x21-\x7e]{1,4096}$/.test(value));
  if (status < 200 || status > 299 || !isToken) {
    throw new Fault('consent_failed', { internal: `token request: answered ${status}, ${isToken ? '' : 'no token'}` });
  }
  return {
    credential: new Secret<OAuth1Credential>({ kind: 'oauth1', token, token_secret }),
    confirmed: form.get('oauth_callback_confirmed') === 'true',
  };
}
