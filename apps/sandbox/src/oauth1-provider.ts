import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type OAuth1Auth, sandboxUrl } from '@grantway/connector-kit';
import { defaultAccount, readAccount } from './accounts.ts';
import { type Answer, headerOf, type Incoming, isForm, jsonAnswer } from './exchange.ts';
import type { Issuer, IssuerOptions, Standing } from './issuer.ts';
import { consentPage, errorPage, pageHeaders } from './pages.ts';

interface Consumer {
  secret: string;
  name: string;
  revoked?: boolean;
}

interface Temporary {
  consumer: string;
  secret: string;
  callback: string;
  verifier?: string;
  account?: string;
}

interface TokenCredentials {
  consumer: string;
  secret: string;
  account: string;
  revoked?: boolean;
}

/** A request whose signature fits: whose it is, and the protocol parameters it came with. */
interface Signed {
  consumer: string;
  token: string | undefined;
  parameters: Map<string, string>;
}

const clockSkewSeconds = 300;
const temporaryLifeMs = 600_000;

/** A vendor of RFC 5849: temporary credentials, a page that asks, token credentials, and the signature of every request. */
export function createOAuth1Provider(auth: OAuth1Auth, { connector, state, ledger }: IssuerOptions): Issuer {
  const { id } = connector;
  const pages = auth.authorization;
  const paths = new Map<string, string>();
  for (const [name, url] of Object.entries({
    request: pages?.requestTokenUrl,
    authorize: pages?.authorizeUrl,
    access: pages?.accessTokenUrl,
  })) {
    if (url !== undefined) paths.set(sandboxUrl(url, ''), name);
  }
  const consumerKey = (key: string) => `${id}/consumer/${key}`;
  const temporaryKey = (token: string) => `${id}/temporary/${token}`;
  const credentialsKey = (token: string) => `${id}/credentials/${token}`;

  function refuse(why: string): Answer {
    ledger.count('token_refusals');
    ledger.record('token', { grant_type: 'oauth1', error: why });
    return { status: 401, headers: { 'content-type': 'text/plain', 'www-authenticate': 'OAuth' }, body: `oauth_problem=${why}` };
  }

  /** RFC 5849 section 3.2, or what is wrong. */
  function signed(request: Incoming, secretOf: (token: string) => string | undefined): Signed | string {
    const header = /^OAuth (.*)$/is.exec(headerOf(request.headers, 'authorization') ?? '')?.[1];
    if (header === undefined) return 'parameter_absent';
    const parameters = new Map<string, string>();
    for (const [, name = '', value = ''] of header.matchAll(/([A-Za-z_]+)="([^"]*)"/g)) parameters.set(name, decodeURIComponent(value));
    const given = (name: string) => parameters.get(name) ?? '';
    const consumer = state.get(consumerKey(given('oauth_consumer_key'))) as Consumer | undefined;
    if (consumer === undefined || consumer.revoked === true) return 'consumer_key_unknown';
    if (given('oauth_signature_method') !== 'HMAC-SHA1') return 'signature_method_rejected';
    const token = parameters.get('oauth_token');
    const tokenSecret = token === undefined ? '' : secretOf(token);
    if (tokenSecret === undefined) return 'token_rejected';
    const expected = createHmac('sha1', `${encoded(consumer.secret)}&${encoded(tokenSecret)}`)
      .update(baseString(request, parameters))
      .digest();
    const received = Buffer.from(given('oauth_signature'), 'base64');
    if (received.length !== expected.length || !timingSafeEqual(received, expected)) return 'signature_invalid';
    if (Math.abs(Number(given('oauth_timestamp')) - Date.now() / 1000) > clockSkewSeconds) return 'timestamp_refused';
    const nonceKey = `${id}/nonce/${['oauth_consumer_key', 'oauth_token', 'oauth_timestamp', 'oauth_nonce'].map(given).join(' ')}`;
    if (given('oauth_nonce') === '' || state.get(nonceKey) !== undefined) return 'nonce_used';
    state.set(nonceKey, true, { expiresAtMs: Date.now() + 2 * clockSkewSeconds * 1000, volatile: true });
    return { consumer: given('oauth_consumer_key'), token, parameters };
  }

  function requestToken(request: Incoming): Answer {
    const who = signed(request, () => undefined);
    if (typeof who === 'string') return refuse(who);
    const callback = who.parameters.get('oauth_callback') ?? '';
    if (callback !== 'oob' && !URL.canParse(callback)) return refuse('parameter_absent');
    const [token, secret] = [randomBytes(16).toString('hex'), randomBytes(24).toString('base64url')];
    const temporary: Temporary = { consumer: who.consumer, secret, callback };
    state.set(temporaryKey(token), temporary, { expiresAtMs: Date.now() + temporaryLifeMs });
    return form({ oauth_token: token, oauth_token_secret: secret, oauth_callback_confirmed: 'true' });
  }

  function accessToken(request: Incoming): Answer {
    const who = signed(request, (token) => (state.get(temporaryKey(token)) as Temporary | undefined)?.secret);
    if (typeof who === 'string') return refuse(who);
    const temporary = state.get(temporaryKey(who.token ?? '')) as Temporary | undefined;
    const isApproved = temporary?.verifier !== undefined && temporary.verifier === who.parameters.get('oauth_verifier');
    if (temporary === undefined || temporary.consumer !== who.consumer || !isApproved) return refuse('verifier_invalid');
    // Section 2.3: they are good for one exchange.
    state.delete(temporaryKey(who.token ?? ''));
    const [token, secret] = [randomBytes(16).toString('hex'), randomBytes(24).toString('base64url')];
    const credentials: TokenCredentials = { consumer: who.consumer, secret, account: temporary.account ?? defaultAccount };
    state.set(credentialsKey(token), credentials);
    ledger.count('tokens_issued');
    ledger.record('token', { grant_type: 'oauth1', status: 200 });
    return form({ oauth_token: token, oauth_token_secret: secret });
  }

  /** Section 2.2. Looking changes nothing; the form's answer sends the browser back. */
  function authorizePage(request: Incoming): Answer {
    const token = request.query.get('oauth_token') ?? '';
    const temporary = state.get(temporaryKey(token)) as Temporary | undefined;
    if (temporary === undefined || temporary.verifier !== undefined) {
      return {
        status: 400,
        headers: pageHeaders,
        body: errorPage(connector.name, 'token_rejected', 'This request has expired or was answered.'),
      };
    }
    const callback = temporary.callback === 'oob' ? undefined : new URL(temporary.callback);
    const answers = request.method === 'POST' ? new URLSearchParams(request.body.toString('utf8')) : undefined;
    const account = readAccount(answers?.get('account') ?? undefined);
    const decision = answers?.get('decision');
    if ((decision !== 'allow' && decision !== 'deny') || account === undefined || callback === undefined) {
      const consumer = state.get(consumerKey(temporary.consumer)) as Consumer | undefined;
      const body = consentPage({
        vendor: connector.name,
        app: consumer?.name ?? 'An app',
        action: `${request.path}?oauth_token=${encodeURIComponent(token)}`,
        scopes: [],
        account: answers?.get('account') ?? defaultAccount,
        problem: answers === undefined ? undefined : 'Choose Allow or Deny.',
        returnsTo: callback?.host ?? 'the app',
      });
      return { status: answers === undefined ? 200 : 422, headers: pageHeaders, body };
    }
    ledger.count(decision === 'allow' ? 'consents_allowed' : 'consents_denied');
    ledger.record('consent', { decision, ...(decision === 'allow' ? { account } : {}) });
    if (decision === 'deny') {
      state.delete(temporaryKey(token));
      callback.searchParams.set('denied', token);
    } else {
      const verifier = randomBytes(16).toString('hex');
      state.set(temporaryKey(token), { ...temporary, verifier, account }, { expiresAtMs: Date.now() + temporaryLifeMs });
      callback.searchParams.set('oauth_token', token);
      callback.searchParams.set('oauth_verifier', verifier);
    }
    return { status: 303, headers: { location: callback.href, 'cache-control': 'no-store' }, body: '' };
  }

  return {
    endpointOf(request) {
      const name = paths.get(request.path);
      return name === undefined || (name !== 'authorize' && request.method !== 'POST') ? undefined : name;
    },
    answer(endpoint, request) {
      if (endpoint === 'authorize') return authorizePage(request);
      return endpoint === 'request' ? requestToken(request) : accessToken(request);
    },
    register() {
      const client_id = `${id}-${randomBytes(8).toString('hex')}`;
      const client_secret = randomBytes(32).toString('base64url');
      state.set(consumerKey(client_id), { secret: client_secret, name: 'Grantway' } satisfies Consumer);
      ledger.count('registrations');
      ledger.record('registration', {});
      return jsonAnswer(201, { client_id, client_secret });
    },
    standing(request): Standing {
      const who = signed(request, (token) => (state.get(credentialsKey(token)) as TokenCredentials | undefined)?.secret);
      if (typeof who === 'string') return { kind: 'rejected' };
      if (who.token === undefined) return pages === undefined ? { kind: 'accepted' } : { kind: 'rejected' };
      const key = credentialsKey(who.token);
      const credentials = state.get(key) as TokenCredentials | undefined;
      if (credentials === undefined || credentials.consumer !== who.consumer) return { kind: 'rejected' };
      if (credentials.revoked === true) return { kind: 'rejected' };
      return { kind: 'accepted', account: credentials.account, end: () => state.set(key, { ...credentials, revoked: true }) };
    },
    revoke(what, account) {
      const prefix = what === 'apps' ? `${id}/consumer/` : `${id}/credentials/`;
      const live = state.entries(prefix).filter(([, value]) => {
        const one = value as { revoked?: boolean; account?: string };
        return one.revoked !== true && (account === undefined || one.account === account);
      });
      for (const [key, value] of live) state.set(key, { ...(value as object), revoked: true });
      return live.length;
    },
  };
}

function form(values: Record<string, string>): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'cache-control': 'no-store' },
    body: new URLSearchParams(values).toString(),
  };
}

/** RFC 5849 section 3.4.1, over the vendor's own URL: `/host/path` here is `https://host/path` there. */
function baseString(request: Incoming, parameters: Map<string, string>): string {
  const all: string[][] = [...request.query, ...(isForm(request) ? new URLSearchParams(request.body.toString('utf8')) : [])];
  for (const [name, value] of parameters) if (name !== 'realm' && name !== 'oauth_signature') all.push([name, value]);
  const lines = all.map(([name = '', value = '']) => `${encoded(name)}=${encoded(value)}`);
  // Sorting whole lines would misplace names that begin alike, because "=" sorts after digits.
  lines.sort((a, b) => {
    const [left, right] = [a.split('='), b.split('=')] as [[string, string], [string, string]];
    return compare(left[0], right[0]) || compare(left[1], right[1]);
  });
  return `${request.method}&${encoded(`https://${request.path.slice(1)}`)}&${encoded(lines.join('&'))}`;
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** RFC 5849 section 3.6, octet by octet. */
function encoded(text: string): string {
  let out = '';
  for (const octet of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(octet);
    out += /[A-Za-z0-9\-._~]/.test(character) ? character : `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}
