import { createHash, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import type { Connector, IssuedAuth, JwtServiceAccountAuth, MintedAuth } from '@grantway/connector-kit';
import { type Answer, headerOf, type Incoming, isForm, jsonAnswer } from './exchange.ts';
import { isRecord, leavesOf, setAt, valueAt } from './json-places.ts';
import type { Knobs } from './knobs.ts';
import type { Ledger } from './ledger.ts';
import type { State } from './state.ts';
import { matched } from './templates.ts';

/** What a request's credential is worth. */
export type Standing = Accepted | { kind: 'rejected' } | { kind: 'revoked' };

export interface Accepted {
  kind: 'accepted';
  /** Undefined where there are no scopes. */
  scopes?: string[];
  account?: string | undefined;
  grantId?: string;
  /** Ends the very credential of this request. */
  end?: () => void;
}

export type Ended = 'grants' | 'tokens' | 'apps';

/** A vendor that gives out credentials in another way than by OAuth 2's authorization code. */
export interface Issuer {
  /** The name of the endpoint that a request is for, if it is one of its own. */
  endpointOf(request: Incoming): string | undefined;
  answer(endpoint: string, request: Incoming): Answer;
  /** What the vendor's console gives out: a client, a consumer, an app with its key, a service account with its key file. */
  register(request: Incoming): Answer;
  standing(request: Incoming): Standing;
  revoke(what: Ended, account: string | undefined): number;
}

export interface IssuerOptions {
  connector: Connector;
  state: State;
  ledger: Ledger;
  knobs: () => Knobs;
}

/** A long-lived secret as the vendor keeps it. */
interface Kept {
  /** SHA-256 of a client secret, or the PEM of a public key. */
  verifier: string;
  revoked?: boolean;
}

interface Token {
  owner: string;
  scopes?: string[];
  account?: string;
  revoked?: boolean;
}

const tokenTtlSeconds = 3_600;
/** How far a vendor's clock may be from its caller's. */
const skewSeconds = 60;
/** Only people of this organization have delegated anything. */
const delegatedDomain = '@example.test';

/** Client credentials, service accounts and minted tokens. */
export function createIssuer(auth: IssuedAuth, { connector, state, ledger, knobs }: IssuerOptions): Issuer {
  const { id } = connector;
  const url = auth.kind === 'minted' ? auth.mint.url : auth.tokenUrl;
  // Templates are no URLs: a parser would encode their braces.
  const path = url.replace(/^https:\/\//, '/');
  const method = auth.kind === 'minted' ? auth.mint.method : 'POST';
  const keyOf = (owner: string) => `${id}/secret/${owner}`;
  const tokenKey = (token: string) => `${id}/issued/${sha256(token)}`;
  const keptOf = (owner: string) => state.get(keyOf(owner)) as Kept | undefined;

  function refuse(status: number, error: string, why: string): Answer {
    ledger.count('token_refusals');
    ledger.record('token', { grant_type: auth.kind, error });
    return jsonAnswer(status, { error, error_description: why });
  }

  function issue(token: Token): { value: string; ttl: number } {
    const value = randomBytes(32).toString('base64url');
    const ttl = knobs().access_token_ttl_seconds ?? tokenTtlSeconds;
    state.set(tokenKey(value), token, { expiresAtMs: Date.now() + ttl * 1000 });
    ledger.count('tokens_issued');
    ledger.record('token', { grant_type: auth.kind, status: 200 });
    return { value, ttl };
  }

  function oauthAnswer(token: Token): Answer {
    const { value, ttl } = issue(token);
    return jsonAnswer(200, { access_token: value, token_type: 'Bearer', expires_in: ttl, scope: token.scopes?.join(' ') });
  }

  function asked(form: URLSearchParams): string[] {
    return (form.get('scope') ?? '').split(/[ ,]+/).filter((scope) => scope !== '');
  }

  function clientCredentials(request: Incoming): Answer {
    if (auth.kind !== 'oauth2_client_credentials') throw new TypeError();
    const form = new URLSearchParams(request.body.toString('utf8'));
    const client = clientOf(auth.clientAuthentication, request, form);
    const kept = client === undefined ? undefined : keptOf(client.id);
    if (client === undefined || kept === undefined || kept.revoked === true || kept.verifier !== sha256(client.secret)) {
      return refuse(401, 'invalid_client', 'the client or its secret is not known, or was sent in another way');
    }
    if (form.get('grant_type') !== 'client_credentials') return refuse(400, 'unsupported_grant_type', 'use client_credentials');
    const missing = Object.keys(auth.tokenParams ?? {}).find((name) => (form.get(name) ?? '') === '');
    if (missing !== undefined) return refuse(400, 'invalid_request', `${missing} is missing`);
    const scopes = asked(form);
    if (scopes.some((scope) => auth.scopes[scope] === undefined)) return refuse(400, 'invalid_scope', 'there is no such scope');
    return oauthAnswer({ owner: client.id, scopes });
  }

  /** RFC 7523 section 3, as a vendor with service accounts judges it. */
  function assertion(jwtAuth: JwtServiceAccountAuth, request: Incoming): Answer {
    const form = new URLSearchParams(request.body.toString('utf8'));
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      return refuse(400, 'unsupported_grant_type', 'use the JWT bearer grant');
    }
    const jwt = readJwt(form.get('assertion') ?? '');
    const owner = String(jwt?.claims.iss ?? '');
    const problem = jwt === undefined ? 'it is no JWT' : jwtProblem(jwt, 'RS256', keptOf(owner), 3_600);
    if (problem !== undefined) return refuse(400, 'invalid_grant', problem);
    const claims = (jwt as Jwt).claims;
    if (claims.aud !== jwtAuth.tokenUrl) return refuse(400, 'invalid_grant', 'the audience is another');
    const scopes = asked(new URLSearchParams({ scope: String(claims.scope ?? '') }));
    if (scopes.some((scope) => jwtAuth.scopes[scope] === undefined)) return refuse(400, 'invalid_scope', 'there is no such scope');
    if (claims.sub === undefined) return oauthAnswer({ owner, scopes, account: owner });
    const sub = String(claims.sub);
    if (!sub.endsWith(delegatedDomain)) return refuse(401, 'unauthorized_client', 'nothing was delegated for this person');
    return oauthAnswer({ owner, scopes, account: sub });
  }

  function mint(minted: MintedAuth, request: Incoming): Answer {
    const values = valuesOf(minted, path, request);
    if (values === undefined) return refuse(401, 'unauthorized', 'something is missing, or has another shape');
    const account = [...values].find(([name]) => path.includes(`{${name}}`))?.[1];
    let owner = values.get('client_id') ?? '';
    if (minted.mint.jwt !== undefined) {
      const jwt = readJwt(values.get('jwt') ?? '');
      owner = String(jwt?.claims.iss ?? '');
      const problem = jwt === undefined ? 'it is no JWT' : jwtProblem(jwt, minted.mint.jwt.algorithm, keptOf(owner), 600);
      if (problem !== undefined) return refuse(401, 'unauthorized', problem);
    } else if (minted.secretOf === 'connection') {
      const kept = keptOf(owner);
      if (kept === undefined || kept.revoked === true || kept.verifier !== sha256(values.get('client_secret') ?? '')) {
        return refuse(401, 'unauthorized', 'the app or its secret is not known');
      }
    } else {
      const secrets = minted.fields.filter((f) => f.secret).map((f) => values.get(f.name) ?? '');
      owner = sha256(JSON.stringify(secrets));
      const looksWrong = secrets.some((value) => value.length < 8 || /invalid|revoked/i.test(value));
      if (looksWrong || keptOf(owner)?.revoked === true) return refuse(401, 'unauthorized', 'the key is not known');
      state.set(keyOf(owner), { verifier: owner } satisfies Kept);
    }
    if (account !== undefined && state.get(`${id}/gone/${account}`) !== undefined) {
      return refuse(minted.goneStatuses?.[0] ?? 404, 'not_found', 'it is not installed there any more');
    }
    const { value, ttl } = issue({ owner, ...(account === undefined ? {} : { account: '' }) });
    const { slots, status } = minted.answer;
    const body = structuredClone(minted.answer.body);
    setAt(body, slots.token, value);
    if (slots.expires_at !== undefined) {
      const atMs = Date.now() + ttl * 1000;
      const isText = typeof valueAt(body, slots.expires_at) === 'string';
      setAt(body, slots.expires_at, isText ? new Date(atMs).toISOString() : Math.floor(atMs / 1000));
    }
    if (slots.expires_in !== undefined) setAt(body, slots.expires_in, ttl);
    return jsonAnswer(status ?? 201, body);
  }

  function tokenOf(request: Incoming): string | undefined {
    if (auth.kind !== 'minted') return /^Bearer ([\x21-\x7e]+)$/i.exec(headerOf(request.headers, 'authorization') ?? '')?.[1];
    return matched(Object.entries(auth.headers).map(([name, template]) => [template, headerOf(request.headers, name)]))?.get('token');
  }

  return {
    endpointOf: (request) =>
      request.method === method && matched([[path, decodeURI(request.path)]]) !== undefined && isOneSegmentEach(path, request.path)
        ? 'token'
        : undefined,
    answer(_endpoint, request) {
      if (auth.kind === 'minted') return mint(auth, request);
      if (!isForm(request)) return refuse(400, 'invalid_request', 'send a form');
      return auth.kind === 'jwt_service_account' ? assertion(auth, request) : clientCredentials(request);
    },
    register() {
      const given = issueSecret(auth, id);
      state.set(keyOf(given.client_id), { verifier: given.verifier } satisfies Kept);
      ledger.count('registrations');
      ledger.record('registration', {});
      return jsonAnswer(201, { client_id: given.client_id, client_secret: given.client_secret });
    },
    standing(request) {
      const value = tokenOf(request);
      const token = value === undefined ? undefined : (state.get(tokenKey(value)) as Token | undefined);
      if (value === undefined || token === undefined) return { kind: 'rejected' };
      if (token.revoked === true || keptOf(token.owner)?.revoked === true) return { kind: 'revoked' };
      return {
        kind: 'accepted',
        ...(token.scopes === undefined ? {} : { scopes: token.scopes }),
        account: token.account === '' ? undefined : token.account,
        end: () => {
          state.set(tokenKey(value), { ...token, revoked: true });
        },
      };
    },
    revoke(what, account) {
      if (account !== undefined) {
        state.set(`${id}/gone/${account}`, true);
        return 1;
      }
      const prefix = what === 'tokens' ? `${id}/issued/` : `${id}/secret/`;
      const live = state.entries(prefix).filter(([, value]) => (value as Kept | Token).revoked !== true);
      for (const [key, value] of live) state.set(key, { ...(value as Kept | Token), revoked: true });
      return live.length;
    },
  };
}

function issueSecret(auth: IssuedAuth, id: string): { client_id: string; client_secret: string; verifier: string } {
  const name = `${id}-${randomBytes(8).toString('hex')}`;
  const needsKey = auth.kind === 'jwt_service_account' || (auth.kind === 'minted' && auth.mint.jwt !== undefined);
  if (!needsKey) {
    const client_secret = randomBytes(32).toString('base64url');
    return { client_id: name, client_secret, verifier: sha256(client_secret) };
  }
  const isElliptic = auth.kind === 'minted' && auth.mint.jwt?.algorithm === 'ES256';
  const pair = isElliptic ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (auth.kind !== 'jwt_service_account') return { client_id: name, client_secret: privateKey, verifier: publicKey };
  const client_email = `${name}@project.iam.example.test`;
  const file = {
    type: 'service_account',
    project_id: 'project',
    private_key_id: randomBytes(20).toString('hex'),
    private_key: privateKey,
    client_email,
    client_id: String(randomBytes(6).readUIntBE(0, 6)),
    token_uri: auth.tokenUrl,
  };
  return { client_id: client_email, client_secret: JSON.stringify(file, null, 2), verifier: publicKey };
}

interface Jwt {
  alg: unknown;
  claims: Record<string, unknown>;
  signed: string;
  signature: Buffer;
}

function readJwt(text: string): Jwt | undefined {
  const [head = '', body = '', signature = '', ...more] = text.split('.');
  try {
    const [header, claims] = [head, body].map((part): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
    if (more.length > 0 || !isRecord(header) || !isRecord(claims)) return undefined;
    return { alg: header.alg, claims, signed: `${head}.${body}`, signature: Buffer.from(signature, 'base64url') };
  } catch {
    return undefined;
  }
}

function jwtProblem(jwt: Jwt, alg: 'RS256' | 'ES256', kept: Kept | undefined, longestSeconds: number): string | undefined {
  if (kept === undefined || kept.revoked === true) return 'the issuer is not known';
  if (jwt.alg !== alg) return 'it is signed in another way';
  const key = alg === 'ES256' ? { key: kept.verifier, dsaEncoding: 'ieee-p1363' as const } : kept.verifier;
  if (!verify('sha256', Buffer.from(jwt.signed), key, jwt.signature)) return 'the signature does not fit';
  const { iat, exp } = jwt.claims;
  const now = Date.now() / 1000;
  if (typeof iat !== 'number' || typeof exp !== 'number') return 'iat or exp is missing';
  if (iat > now + skewSeconds || exp <= now || exp - iat > longestSeconds) return 'its time is not now, or too long';
  return undefined;
}

/** The declared way and no other. RFC 6749 section 2.3.1 has id and secret form-encoded before they become HTTP Basic. */
function clientOf(how: string, request: Incoming, form: URLSearchParams): { id: string; secret: string } | undefined {
  const basic = /^Basic (\S+)$/i.exec(headerOf(request.headers, 'authorization') ?? '')?.[1];
  if (how === 'client_secret_post') {
    const [id, secret] = [form.get('client_id'), form.get('client_secret')];
    return basic !== undefined || id === null || secret === null ? undefined : { id, secret };
  }
  if (basic === undefined || form.has('client_secret')) return undefined;
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  const decoded = (text: string) => new URLSearchParams(`v=${text}`).get('v') ?? '';
  return { id: decoded(id), secret: decoded(secret) };
}

/** Every declared value of a mint request by name, or undefined when one is missing. */
function valuesOf({ mint }: MintedAuth, path: string, request: Incoming): Map<string, string> | undefined {
  const text = request.body.toString('utf8');
  const form = new URLSearchParams(mint.form === undefined ? '' : text);
  const basic = /^Basic (\S+)$/i.exec(headerOf(request.headers, 'authorization') ?? '')?.[1];
  const pair = /^([^:]*):(.*)$/s.exec(Buffer.from(basic ?? '', 'base64').toString('utf8'));
  let json: unknown;
  try {
    json = mint.json === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
  const shown = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return matched([
    [path, decodeURI(request.path)],
    ...Object.entries(mint.headers ?? {}).map(([name, template]): Place => [template, headerOf(request.headers, name)]),
    ...(mint.basic === undefined
      ? []
      : ([
          [mint.basic.username, pair?.[1]],
          [mint.basic.password, pair?.[2]],
        ] as Place[])),
    ...Object.entries(mint.form ?? {}).map(([name, template]): Place => [template, form.get(name) ?? undefined]),
    ...leavesOf(mint.json ?? {}).map(([pointer, template]): Place => [String(template), shown(valueAt(json, pointer))]),
  ]);
}

type Place = [template: string, given: string | undefined];

function isOneSegmentEach(template: string, path: string): boolean {
  return template.split('/').length === path.split('/').length;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
