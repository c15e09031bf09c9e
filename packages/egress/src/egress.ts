import { lookup } from 'node:dns/promises';
import {
  type ApiRequest,
  type ApiResponse,
  type AppCredentials,
  type Connector,
  type Credential,
  fieldsOf,
  fillText,
  parametersOf,
  sandboxUrl,
} from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { Agent } from 'undici';
import { fillBaseUrl, joinApiUrl } from './api-url.ts';
import { type DestinationPolicy, judgeDestination } from './destination.ts';
import { createDial, type Resolve } from './dial.ts';
import { blocked, EgressError, malformed } from './egress-error.ts';
import { checkedHeaders, connectorHeaders } from './headers.ts';
import { exchange, type OutboundResponse } from './http-exchange.ts';
import { loopbackWebhookException, webhookPort } from './loopback-webhooks.ts';
import { learnedWith } from './placement/oauth2.ts';
import type { Placement } from './placement/placed.ts';
import { place } from './placement/placement.ts';
import { parseBody } from './response-body.ts';
import { sandboxException } from './sandbox-exception.ts';
import { scrubResponse } from './scrub.ts';

export interface OutboundRequest {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** From the look-up of the name to the last byte of the answer. Default 30 000. */
  timeoutMs?: number;
  /** Of the answer's body, before and after decompression. Default 10 MiB. */
  maxBytes?: number;
  /** To the sandbox, and to nothing else. */
  sandbox?: boolean;
}

export interface EgressOptions {
  sandboxOrigin?: () => string | undefined;
  userAgent?: string;
  /** The operator's explicit exceptions to the private-address rule: exact `host:port`; http is allowed there too. */
  allowHosts?: string[];
  /** Whether webhooks may go to a receiver on this machine. Default: they may not. */
  loopbackWebhooks?: () => boolean;
  /** Where names are looked up. Default: the system's resolver. */
  resolve?: Resolve;
}

export interface ApiTarget {
  connector: Connector;
  /** Non-secret fields, fixed by the operator or entered by the person. */
  fields: Record<string, string>;
  sandbox: boolean;
  /** The connection's app, where requests are signed with it. */
  app?: Secret<AppCredentials> | undefined;
}

export interface Egress {
  /** One request to a judged destination. A 3xx is returned as it is. Throws EgressError. */
  send(request: OutboundRequest): Promise<OutboundResponse>;
  /**
   * One API call of a connector: joins the path below the base URL, places the credential, sends, removes echoes of the
   * credential, parses. Any status is an answer; throws EgressError where there is none.
   */
  call(target: ApiTarget, request: ApiRequest, credential: Secret<Credential>, options?: { timeoutMs?: number }): Promise<ApiResponse>;
  /** One delivery to an operator's own receiver: POST, a public host, any port of a web server. Throws EgressError. */
  sendWebhook(webhook: { url: string; headers: Record<string, string>; body: string; timeoutMs: number }): Promise<OutboundResponse>;
  /** Why `sendWebhook` would refuse the URL, as far as that is known without the network. */
  webhookRefusal(url: string): string | undefined;
  /** Waits for what is under way, then closes every connection. */
  close(): Promise<void>;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const defaultTimeoutMs = 30_000;
const defaultMaxBytes = 10 * 1024 * 1024;

export function createEgress(options: EgressOptions): Egress {
  const sandbox = sandboxException(options.sandboxOrigin ?? (() => undefined));
  const policy: DestinationPolicy = {
    sandbox,
    allowHosts: new Set(options.allowHosts),
    loopbackWebhooks: loopbackWebhookException(options.loopbackWebhooks ?? (() => false)),
  };
  // An explicit Agent of our own: a proxy named in the environment is never consulted.
  const dial = createDial(options.resolve ?? systemResolve, policy);
  const agent = new Agent({ connect: dial.connect, connections: 64, pipelining: 1 });
  const underWay = new Set<Promise<unknown>>();
  let closing = false;

  async function deliver(request: OutboundRequest, port?: string, webhook = false): Promise<OutboundResponse> {
    const { method, timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = request;
    if (!methods.has(method)) throw malformed('the method is not allowed');
    const mark = { sandbox: request.sandbox === true, webhook, ...(port === undefined ? {} : { port }) };
    const url = judgeDestination(request.url, policy, mark);
    const headers = {
      'user-agent': options.userAgent ?? 'grantway',
      ...checkedHeaders(request.headers ?? {}),
      'accept-encoding': 'gzip, br',
    };
    if (closing) throw new EgressError('unreachable', false, 'the way out is closed');
    const answer = exchange(agent, { method, url, headers, body: request.body, timeoutMs, maxBytes });
    underWay.add(answer);
    return answer.finally(() => underWay.delete(answer));
  }

  return {
    send: (request) => deliver(request),

    async call(target, request, credential, { timeoutMs } = {}) {
      const { connector } = target;
      const fields = { ...target.fields, ...learnedWith(credential) };
      const base = fillBaseUrl(connector, fields);
      const ofCredential = connector.auth.kind === 'api_key' ? Object.keys(connector.auth.query ?? {}) : [];
      const reserved = [
        ...ofCredential,
        ...fieldsOf(connector.auth)
          .filter((f) => f.secret)
          .map((f) => f.name),
      ];
      const url = joinApiUrl(base, request.path, request.query, reserved);
      const payload = encoded(request);
      // A signature is over bytes: a space that some servers read as a plus must not be in doubt.
      if (connector.auth.kind === 'aws_sigv4' || connector.auth.kind === 'oauth1') url.search = url.search.replaceAll('+', '%20');
      const unsigned = {
        method: request.method,
        url,
        body: payload.body,
        contentType: payload.headers['content-type'],
        nowMs: Date.now(),
        token: request.token,
      };
      const placement = place(connector, credential, fields, unsigned, target.app);
      addPlaced(url, base, placement);
      const headers = connectorHeaders(
        mergedHeaders({ accept: 'application/json', ...payload.headers }, constantHeaders(connector, fields), request.headers),
        placement.headers,
      );
      const response = await deliver(
        {
          method: request.method,
          url: target.sandbox ? inSandbox(url.href) : url.href,
          headers,
          sandbox: target.sandbox,
          ...(payload.body === undefined ? {} : { body: payload.body }),
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        },
        base.port,
      );
      const clean = scrubResponse(response, placement.secrets);
      return {
        status: clean.status,
        headers: clean.headers,
        body: parseBody(clean.body, clean.headers['content-type'], placement.secrets),
      };
    },

    async sendWebhook(webhook) {
      const port = webhookPort(judgeWebhook(webhook.url));
      return deliver({ ...webhook, method: 'POST', maxBytes: 1024 * 1024 }, port, true);
    },

    webhookRefusal(text) {
      try {
        webhookPort(judgeWebhook(text));
        return undefined;
      } catch (error) {
        if (error instanceof EgressError) return error.message;
        throw error;
      }
    },

    async close() {
      closing = true;
      await Promise.allSettled(underWay);
      dial.abandon();
      await agent.destroy();
    },
  };

  function judgeWebhook(text: string): URL {
    const port = URL.canParse(text) ? new URL(text).port : '';
    return judgeDestination(text, policy, { sandbox: false, webhook: true, port });
  }

  function inSandbox(url: string): string {
    const origin = sandbox.origin();
    if (origin === undefined) throw blocked('there is no sandbox here');
    return sandboxUrl(url, origin);
  }
}

async function systemResolve(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true, verbatim: true })).map((answer) => answer.address);
}

/** After everything that the connector says was judged: what stands in the URL from here on is secret. */
function addPlaced(url: URL, base: URL, { pathPrefix, query }: Placement): void {
  if (pathPrefix !== undefined) {
    const below = base.pathname.replace(/\/$/, '');
    url.pathname = `${below}${pathPrefix}${url.pathname.slice(below.length)}`;
  }
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
}

function constantHeaders(connector: Connector, fields: Record<string, string>): Record<string, string> {
  const parameters = parametersOf(connector.auth);
  try {
    return Object.fromEntries(
      Object.entries(connector.api.headers ?? {}).map(([name, template]) => [
        name,
        template.includes('{') ? fillText(template, parameters, fields) : template,
      ]),
    );
  } catch (error) {
    throw error instanceof RangeError ? blocked(error.message) : error;
  }
}

function mergedHeaders(...layers: (Record<string, string> | undefined)[]): Record<string, string> {
  return Object.fromEntries(layers.flatMap((layer) => Object.entries(layer ?? {}).map(([name, value]) => [name.toLowerCase(), value])));
}

function encoded(request: ApiRequest): { headers: Record<string, string>; body?: string } {
  if (request.json !== undefined && request.form !== undefined) throw malformed('a request has either json or form');
  if (request.json !== undefined) return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(request.json) };
  if (request.form !== undefined) {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(request.form)) {
      if (value !== undefined) form.append(name, String(value));
    }
    return { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() };
  }
  return { headers: {} };
}
