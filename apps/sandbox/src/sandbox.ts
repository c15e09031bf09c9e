import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type Connector, type OAuth2Auth, waysOf } from '@grantway/connector-kit';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { type ApiMatch, type ApiRoute, isBelowBase, matchApiRoute, routesOf, type Segment, urlSegments } from './api-routes.ts';
import { decideConsent, showConsent } from './consent.ts';
import { indexOf, putKnobs, readKnobs, readLedger, resetKnobs, revokeAll } from './controls.ts';
import { type Answer, headerOf, type Incoming, isForm, jsonAnswer } from './exchange.ts';
import { answerLink, isFile, type LinkedFile, linkedFilesOf } from './files.ts';
import { makeGrants } from './grants.ts';
import type { Issuer } from './issuer.ts';
import { type Failure, nextTrouble } from './knobs.ts';
import { authorize, refusal, register, resume, revoke, token } from './oauth-endpoints.ts';
import { indexPage, pageHeaders, stylesheetPath } from './pages.ts';
import { findStored } from './provider-adapter.ts';
import { openState } from './state.ts';
import { stylesheet } from './stylesheet.ts';
import { createCommon, createVendor, type OAuthVendor, type Vendor } from './vendor.ts';
import { answerApiCall, apiRefusal, isAskedByApp, knowsKey, knowsToken, notServed, servedBy, tokenOf, withoutKey } from './vendor-api.ts';

export interface SandboxOptions {
  connectors: Connector[];
  /** Default 0: a free one. */
  port?: number | undefined;
  /** Folder for what must outlive a restart; made with mode 0700 when missing. Default: memory only. */
  stateDir?: string | undefined;
  /** One line for each thing that happens. Never holds a token, a code, a key or a request's contents. */
  log?: ((line: string) => void) | undefined;
}

export interface Sandbox {
  /** `http://127.0.0.1:<port>` */
  origin: string;
  /** Ends running requests, also those that a knob holds open. */
  close(): Promise<void>;
}

type OAuthEndpoint = 'authorize' | 'token' | 'revoke';
type Reaction = Answer | 'timeout' | 'reset';

/** Bodies are held in memory: enough for a file of some size. */
const maxBodyBytes = 16_777_216;

/** Starts the stand-ins for these connectors' vendors on the loopback address. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const log = options.log ?? (() => {});
  const state = openState(options.stateDir);
  const closing = new AbortController();
  const app = fastify({ bodyLimit: maxBodyBytes, exposeHeadRoutes: false, forceCloseConnections: true });
  let vendors: { vendor: Vendor; routes(): ApiRoute[]; links: LinkedFile[] }[] = [];
  let origin = '';
  /** Several connectors may share one vendor's endpoints. */
  const endpoints: { vendor: Vendor; oauth: OAuthVendor; endpoint: OAuthEndpoint; segments: Segment[] }[] = [];

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log(`${request.method} failed: ${error.name}: ${error.message}`);
    return send(reply, jsonAnswer(status, { error: status >= 500 ? 'sandbox_failure' : 'invalid_request', message: error.message }));
  });
  app.addHook('onRequest', async (request, reply) => {
    // Another name for this address means that a web page elsewhere is asking (DNS rebinding)
    const host = (headerOf(request.headers, 'host') ?? '').replace(/:\d+$/, '');
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(host)) {
      return send(reply, jsonAnswer(421, { error: 'misdirected', message: 'the sandbox answers to its loopback address only' }));
    }
  });

  const vendorOf = (request: FastifyRequest): Vendor | undefined =>
    vendors.find(({ vendor }) => vendor.controlId === (request.params as { connector: string }).connector)?.vendor;
  const control =
    (work: (vendor: Vendor, incoming: Incoming) => Answer | Promise<Answer>) => async (request: FastifyRequest, reply: FastifyReply) => {
      // Programs send no Origin; a web page that does is not meant to turn knobs
      if (request.method !== 'GET' && request.headers.origin !== undefined) {
        return send(reply, jsonAnswer(403, { error: 'forbidden', message: 'the controls are not for web pages' }));
      }
      const vendor = vendorOf(request);
      if (vendor === undefined) return send(reply, unknownConnector());
      return send(reply, await work(vendor, incomingOf(request)));
    };
  const withOAuth =
    (work: (vendor: Vendor, oauth: OAuthVendor, incoming: Incoming) => Promise<Answer>) => (vendor: Vendor, incoming: Incoming) =>
      vendor.oauth === undefined
        ? jsonAnswer(404, { error: 'not_found', message: `${vendor.connector.name} uses keys, not OAuth` })
        : work(vendor, vendor.oauth, incoming);
  const unknownConnector = () =>
    jsonAnswer(404, {
      error: 'not_found',
      message: `no such connector; there are ${vendors.map(({ vendor }) => vendor.controlId).join(', ')}`,
    });

  app.get('/', async (_request, reply) => reply.redirect('/_sandbox', 303));
  app.get('/_sandbox', async (request, reply) => {
    const view = indexOf(origin, vendors);
    const wantsPage = (headerOf(request.headers, 'accept') ?? '').includes('text/html');
    return send(reply, wantsPage ? { status: 200, headers: pageHeaders, body: indexPage(view) } : jsonAnswer(200, view));
  });
  app.get(stylesheetPath, async (_request, reply) =>
    send(reply, { status: 200, headers: { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'no-cache' }, body: stylesheet }),
  );
  app.get('/_sandbox/:connector/knobs', control(readKnobs));
  app.put('/_sandbox/:connector/knobs', control(putKnobs));
  app.delete('/_sandbox/:connector/knobs', control(resetKnobs));
  app.post('/_sandbox/:connector/revoke', control(revokeAll));
  app.get('/_sandbox/:connector/ledger', control(readLedger));
  app.post(
    '/_sandbox/:connector/register',
    control((vendor, incoming) => vendor.issuer?.register(incoming) ?? withOAuth(register)(vendor, incoming)),
  );
  app.post('/_sandbox/:connector/grants', control(withOAuth(makeGrants)));

  const browser =
    (work: (vendor: Vendor, oauth: OAuthVendor, request: FastifyRequest, reply: FastifyReply, uid: string) => Promise<Answer>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const vendor = vendorOf(request);
      if (vendor?.oauth === undefined) return send(reply, unknownConnector());
      return send(reply, await work(vendor, vendor.oauth, request, reply, (request.params as { uid: string }).uid));
    };
  app.get(
    '/_sandbox/:connector/consent/:uid',
    browser((vendor, oauth, request, reply, uid) => showConsent(vendor, oauth, { request: request.raw, response: reply.raw }, uid)),
  );
  app.post(
    '/_sandbox/:connector/consent/:uid',
    browser((vendor, oauth, request, reply, uid) => {
      const form = new URLSearchParams(incomingOf(request).body.toString('utf8'));
      return decideConsent(vendor, oauth, { request: request.raw, response: reply.raw }, uid, form);
    }),
  );
  app.get(
    '/_sandbox/:connector/authorize/:uid',
    browser((vendor, oauth, request, _reply, uid) => resume(vendor, oauth, incomingOf(request), uid)),
  );

  /** Waits and fails as the knobs say; undefined: go on. */
  async function suffer(vendor: Vendor, where: 'api' | 'token' | 'revocation'): Promise<Failure | undefined> {
    const { slowMs, fail } = nextTrouble(vendor.knobs, where);
    if (slowMs === 0) return fail;
    log(`${vendor.id} ${where}: waits ${slowMs} ms by knob`);
    return wait(slowMs, fail, { signal: closing.signal }).catch(() => 'reset' as const);
  }

  async function answerOAuth(
    incoming: Incoming,
    candidates: { vendor: Vendor; oauth: OAuthVendor; endpoint: OAuthEndpoint }[],
  ): Promise<Reaction> {
    const clientId = clientIdOf(incoming);
    const owner = candidates.find(({ vendor }) => clientId !== undefined && findStored(state, vendor.id, 'Client', clientId) !== undefined);
    const chosen = owner ?? candidates[0];
    if (chosen === undefined) return notServed(incoming, []);
    const { vendor, oauth, endpoint } = chosen;
    const method = endpoint === 'authorize' ? 'GET' : 'POST';
    if (incoming.method !== method) return jsonAnswer(405, { error: 'method_not_allowed', message: `use ${method}` }, { allow: method });
    if (endpoint === 'authorize') return authorize(vendor, oauth, incoming);
    if (endpoint === 'revoke') {
      const trouble = await suffer(vendor, 'revocation');
      return trouble === undefined ? oauth.inTurn(() => revoke(vendor, oauth, incoming)) : failedToken(oauth.auth, trouble);
    }
    const decide = () => oauth.inTurn(() => token(vendor, oauth, incoming));
    const decided = vendor.knobs.when === 'after' ? await decide() : undefined;
    const fail = await suffer(vendor, 'token');
    if (fail === undefined) return decided ?? decide();
    vendor.ledger.record('token', { knob: fail });
    vendor.log(`${vendor.id} token: ${fail} by knob`);
    return failedToken(oauth.auth, fail);
  }

  /** An endpoint of a vendor that gives out credentials in another way than by OAuth 2's authorization code. */
  async function answerIssuer(vendor: Vendor, issuer: Issuer, endpoint: string, incoming: Incoming): Promise<Reaction> {
    const decided = vendor.knobs.when === 'after' ? issuer.answer(endpoint, incoming) : undefined;
    const fail = endpoint === 'authorize' ? undefined : await suffer(vendor, 'token');
    vendor.log(`${vendor.id} ${endpoint}${fail === undefined ? '' : `: ${fail} by knob`}`);
    if (fail === undefined) return decided ?? issuer.answer(endpoint, incoming);
    vendor.ledger.record('token', { knob: fail });
    return failedToken({}, fail);
  }

  function issuerOf(incoming: Incoming): { vendor: Vendor; issuer: Issuer; endpoint: string } | undefined {
    for (const { vendor } of vendors) {
      const { issuer } = vendor;
      const endpoint = issuer?.endpointOf(incoming);
      if (issuer !== undefined && endpoint !== undefined) return { vendor, issuer, endpoint };
    }
    return undefined;
  }

  /** A file at an address that an answer gave; not below the vendor's API, and without its credential. */
  function answerLinked(incoming: Incoming): Answer | undefined {
    for (const { vendor, links } of vendors) {
      const linked = incoming.method === 'GET' ? links.find(({ path }) => path === incoming.path) : undefined;
      if (linked === undefined) continue;
      const answer = answerLink(vendor, linked, incoming);
      vendor.log(`${vendor.id} link: ${answer.status}`);
      vendor.ledger.record('link', {
        path: incoming.path,
        status: answer.status,
        credential: headerOf(incoming.headers, 'authorization') !== undefined,
      });
      return answer;
    }
    return undefined;
  }

  async function answerApi(incoming: Incoming): Promise<Reaction> {
    const linked = answerLinked(incoming);
    if (linked !== undefined) return linked;
    const near = vendors.filter(({ vendor }) => isBelowBase(vendor.connector, incoming.path));
    const found: { vendor: Vendor; match: ApiMatch }[] = [];
    for (const { vendor, routes } of near) {
      const match = matchApiRoute(routes(), withoutKey(vendor, incoming));
      if (match !== undefined) found.push({ vendor, match });
    }
    const chosen =
      found.find(({ vendor }) => knowsToken(vendor, tokenOf(vendor, incoming))) ??
      found.find(({ vendor }) => vendor.connector.variant !== undefined && knowsKey(vendor, incoming)) ??
      found[0];
    if (chosen === undefined)
      return notServed(
        incoming,
        (near.length > 0 ? near : vendors).map(({ vendor, routes }) => servedBy(vendor, routes())),
      );
    const { vendor, match } = chosen;
    const done = vendor.knobs.when === 'after' ? answerApiCall(vendor, match, incoming) : undefined;
    const fail = await suffer(vendor, isAskedByApp(vendor, match.route) ? 'revocation' : 'api');
    const reaction = fail === undefined ? (done ?? answerApiCall(vendor, match, incoming)) : failedCall(vendor, fail);
    const status = typeof reaction === 'string' ? 0 : reaction.status;
    const { name, receives } = match.route;
    const isGood = fail === undefined && status === (receives.status ?? 200) && (isFile(match.route) || isGoodAnswer(vendor, reaction));
    vendor.ledger.count('api_calls');
    if (!isGood) vendor.ledger.count('api_refusals');
    vendor.ledger.record('api_call', {
      tool: name,
      method: incoming.method,
      // Some vendors take their key in the path.
      path: withoutKey(vendor, incoming).path,
      status,
      ok: isGood,
      ...(fail ? { knob: fail } : {}),
    });
    vendor.log(`${vendor.id} ${name}: ${fail === undefined ? status : `${fail} by knob`}`);
    return reaction;
  }

  app.all('/*', async (request, reply) => {
    const incoming = incomingOf(request);
    const given = incoming.path
      .split('/')
      .slice(1)
      .filter((part) => part !== '');
    const candidates = endpoints.filter(
      ({ segments }) => segments.length === given.length && segments.every((segment, i) => segment.fit(given[i] as string) !== undefined),
    );
    const issued = candidates.length === 0 ? issuerOf(incoming) : undefined;
    const reaction =
      candidates.length > 0
        ? await answerOAuth(incoming, candidates)
        : issued !== undefined
          ? await answerIssuer(issued.vendor, issued.issuer, issued.endpoint, incoming)
          : await answerApi(incoming);
    if (typeof reaction !== 'string') return send(reply, reaction);
    reply.hijack();
    if (reaction === 'reset') reply.raw.socket?.resetAndDestroy();
    // 'timeout': the socket stays open until the caller, or close(), ends it
  });

  try {
    await app.listen({ host: '127.0.0.1', port: options.port ?? 0 });
    origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    vendors = options.connectors.flatMap((connector) => {
      const common = createCommon();
      return waysOf(connector).map((way) => ({
        vendor: createVendor({ connector: way, origin, state, common, log }),
        routes: () => routesOf(way),
        links: way.variant === undefined ? way.tools.flatMap(linkedFilesOf) : [],
      }));
    });
  } catch (error) {
    await app.close();
    state.close();
    throw error;
  }
  for (const { vendor } of vendors) {
    if (vendor.oauth === undefined) continue;
    const { authorizeUrl, tokenUrl, revokeUrl } = vendor.oauth.auth;
    for (const [endpoint, url] of Object.entries({ authorize: authorizeUrl, token: tokenUrl, revoke: revokeUrl })) {
      if (url === undefined) continue;
      const segments = urlSegments(vendor.connector, url);
      endpoints.push({ vendor, oauth: vendor.oauth, endpoint: endpoint as OAuthEndpoint, segments });
    }
  }
  log(`the sandbox stands in for ${options.connectors.map(({ id }) => id).join(', ')} at ${origin}`);

  return {
    origin,
    async close() {
      closing.abort();
      await app.close();
      await Promise.all(vendors.map(({ vendor }) => vendor.close()));
      state.close();
    },
  };
}

function failedCall(vendor: Vendor, fail: Failure): Reaction {
  switch (fail) {
    case '401':
      return apiRefusal(vendor, 'rejected');
    case '429':
      return apiRefusal(vendor, 'rate_limited');
    case '500':
      return apiRefusal(vendor, 'unavailable');
    case '200_with_error': {
      const declared = Object.values(vendor.connector.api.refusals ?? {}).find((refusal) => refusal.status === 200);
      return jsonAnswer(200, declared?.body ?? { error: 'internal_error', message: 'It did not work.' });
    }
    case 'html':
      return htmlInstead();
    default:
      return fail;
  }
}

function failedToken(auth: Pick<OAuth2Auth, 'tokenExample'>, fail: Failure): Reaction {
  switch (fail) {
    case '401':
      return refusal(auth, 401, 'invalid_client');
    case '429':
      return jsonAnswer(429, { error: 'temporarily_unavailable' }, { 'retry-after': '2' });
    case '500':
      return jsonAnswer(500, { error: 'server_error' });
    case '200_with_error':
      return { ...refusal(auth, 200, 'temporarily_unavailable'), status: 200 };
    case 'html':
      return htmlInstead();
    default:
      return fail;
  }
}

/** What a proxy or a maintenance page puts in the place of an answer. */
function htmlInstead(): Answer {
  const body = '<!doctype html><title>Be right back</title><h1>We are down for maintenance</h1>';
  return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

function isGoodAnswer(vendor: Vendor, reaction: Reaction): boolean {
  if (typeof reaction === 'string') return false;
  const body: unknown = String(reaction.headers['content-type'] ?? '').includes('json') ? JSON.parse(reaction.body) : reaction.body;
  return vendor.connector.api.fault?.({ status: reaction.status, headers: reaction.headers as Record<string, string>, body }) === undefined;
}

/** RFC 6749 section 2.3.1: in the query, the body or the Authorization header. */
function clientIdOf(incoming: Incoming): string | undefined {
  const asked =
    incoming.query.get('client_id') ??
    jsonMember(incoming, 'client_id') ??
    (isForm(incoming) ? new URLSearchParams(incoming.body.toString('utf8')).get('client_id') : null);
  if (asked !== null) return asked;
  const basic = /^Basic (\S+)$/i.exec(headerOf(incoming.headers, 'authorization') ?? '')?.[1];
  return basic === undefined ? undefined : Buffer.from(basic, 'base64').toString('utf8').split(':')[0];
}

function jsonMember(incoming: Incoming, name: string): string | null {
  if (!(headerOf(incoming.headers, 'content-type') ?? '').includes('json')) return null;
  try {
    const value = (JSON.parse(incoming.body.toString('utf8')) as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

function incomingOf(request: FastifyRequest): Incoming {
  const { pathname, searchParams } = new URL(request.raw.url ?? '/', 'http://sandbox.invalid');
  return {
    method: request.method,
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply
    .code(answer.status)
    .headers(answer.headers)
    .send(answer.bytes ?? answer.body);
}
