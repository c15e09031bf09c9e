import { sandboxUrl } from '@grantway/connector-kit';
import { type ApiRoute, describeRoute } from './api-routes.ts';
import { type Answer, type Incoming, jsonAnswer } from './exchange.ts';
import { liveTokens } from './grants.ts';
import type { Ended } from './issuer.ts';
import { isRecord } from './json-places.ts';
import { knobHelp, parseKnobs } from './knobs.ts';
import type { IndexView } from './pages.ts';
import type { Vendor } from './vendor.ts';
import { headerName, revokeGrants, revokeKeys } from './vendor-api.ts';

export const controlHelp: [call: string, words: string][] = [
  ['GET /_sandbox/{connector}/knobs', 'the knobs as they are'],
  ['PUT /_sandbox/{connector}/knobs', 'sets the knobs to exactly what the JSON body holds'],
  ['DELETE /_sandbox/{connector}/knobs', 'back to normal'],
  [
    'POST /_sandbox/{connector}/revoke',
    'ends every grant, or with {"account": "ada@example.test"} those of one account, as a person would in the vendor’s settings; every key used so far as well; service accounts, clients and consumers: {"what": "grants"} (default: what a person or the vendor’s console gave out), "tokens" or "apps". Answers {"revoked": n}',
  ],
  ['GET /_sandbox/{connector}/ledger', 'what happened: counts and the latest events; what is alive: grants and tokens'],
  [
    'POST /_sandbox/{connector}/register',
    'a new OAuth client (RFC 7591): {"redirect_uris": ["…"], "client_name": "…"}; or what the vendor’s console gives out: a client, a consumer, an app’s key, a key file',
  ],
  ['POST /_sandbox/{connector}/grants', 'grants without a browser, each of another account: {"client_id": "…", "count": n}'],
];

export function readKnobs(vendor: Vendor): Answer {
  return jsonAnswer(200, vendor.knobs);
}

export function putKnobs(vendor: Vendor, request: Incoming): Answer {
  const result = parseKnobs(bodyOf(request));
  if ('problems' in result) return jsonAnswer(400, { error: 'invalid_knobs', message: result.problems.join('; ') });
  vendor.knobs = { ...result.knobs };
  vendor.log(`${vendor.id} knobs: ${JSON.stringify(vendor.knobs)}`);
  return jsonAnswer(200, vendor.knobs);
}

export function resetKnobs(vendor: Vendor): Answer {
  vendor.knobs = {};
  vendor.log(`${vendor.id} knobs: none`);
  return jsonAnswer(200, vendor.knobs);
}

export function revokeAll(vendor: Vendor, request: Incoming): Answer {
  const body = request.body.length === 0 ? {} : bodyOf(request);
  const names = vendor.issuer === undefined ? ['account'] : ['account', 'what'];
  const unknown = isRecord(body) ? Object.keys(body).filter((name) => !names.includes(name)) : ['the body'];
  const account = isRecord(body) ? body.account : undefined;
  const what = (isRecord(body) ? body.what : undefined) ?? 'grants';
  if (what !== 'grants' && what !== 'tokens' && what !== 'apps') unknown.push('what');
  if (unknown.length > 0 || (account !== undefined && typeof account !== 'string')) {
    return jsonAnswer(400, { error: 'invalid_request', message: 'the body must be empty or {"account": "…"}' });
  }
  if (account !== undefined && vendor.oauth === undefined && vendor.issuer === undefined) {
    return jsonAnswer(400, { error: 'invalid_request', message: 'keys belong to no account; send no body' });
  }
  const revoked =
    vendor.issuer !== undefined
      ? vendor.issuer.revoke(what as Ended, account as string | undefined)
      : vendor.oauth === undefined
        ? revokeKeys(vendor)
        : revokeGrants(vendor, account as string | undefined) + (account === undefined ? revokeKeys(vendor) : 0);
  vendor.ledger.count('revocations', revoked);
  vendor.ledger.record('revocation', { by: 'user', revoked });
  vendor.log(`${vendor.id} revoked ${revoked} as its user`);
  return jsonAnswer(200, { revoked });
}

export function readLedger(vendor: Vendor): Answer {
  const live = vendor.oauth === undefined ? {} : { live: liveTokens(vendor, vendor.oauth) };
  return jsonAnswer(200, { connector: vendor.id, ...vendor.ledger.read(), ...live });
}

export function indexOf(origin: string, vendors: { vendor: Vendor; routes(): ApiRoute[] }[]): IndexView {
  return {
    origin,
    knobs: knobHelp,
    controls: controlHelp,
    vendors: vendors.map(({ vendor, routes }) => {
      const { auth } = vendor.connector;
      const oauth: [string, string][] = [];
      if (auth.kind === 'oauth2') {
        oauth.push(['authorize', sandboxUrl(auth.authorizeUrl, origin)], ['token', sandboxUrl(auth.tokenUrl, origin)]);
        if (auth.revokeUrl !== undefined) oauth.push(['revoke', sandboxUrl(auth.revokeUrl, origin)]);
      }
      return {
        id: vendor.controlId,
        name: [vendor.connector.name, vendor.connector.variant?.replaceAll('_', ' ')].filter(Boolean).join(', '),
        auth:
          auth.kind === 'oauth2'
            ? `OAuth, ${auth.pkce === 'S256' ? 'with PKCE' : 'without PKCE'}, refresh token rotation class ${auth.rotationClass}`
            : vendor.issuer !== undefined
              ? `${auth.kind}; POST /_sandbox/${vendor.controlId}/register gives out what it takes`
              : auth.kind === 'none'
                ? 'Nothing'
                : `Keys in ${
                    auth.kind === 'api_key'
                      ? Object.keys(auth.headers)
                          .map((name) => headerName(auth, name))
                          .join(', ')
                      : 'Authorization'
                  }: any value of at least 8 characters without “invalid” or “revoked” in it`,
        routes: [...new Set(routes().map((route) => `${describeRoute(route)}  ${route.name}`))],
        oauth,
      };
    }),
  };
}

function bodyOf(request: Incoming): unknown {
  try {
    return JSON.parse(request.body.toString('utf8'));
  } catch {
    return undefined;
  }
}
