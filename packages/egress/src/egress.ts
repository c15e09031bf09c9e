import { lookup } from 'node:dns/promises';
import type { ApiRequest, ApiResponse, Credential, FileDownload } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { Agent } from 'undici';
import { joinApiUrl } from './api-url.ts';
import { type DestinationPolicy, judgeDestination } from './destination.ts';
import { createDial, type Resolve } from './dial.ts';
import { blocked, EgressError, malformed } from './egress-error.ts';
import type { StreamedBody } from './file-body.ts';
import { checkedHeaders } from './headers.ts';
import { checkedExchange, exchange, type OutboundResponse } from './http-exchange.ts';
import { type FileHead, type FileRequest, fileExchange } from './http-file.ts';
import { streamExchange } from './http-stream.ts';
import { Http1Client } from './http1-client.ts';
import { fileInJson, maxRestBytes } from './json-file.ts';
import { loopbackWebhookException, webhookPort } from './loopback-webhooks.ts';
import type { OutboundFile } from './outbound-file.ts';
import { createPlainRequests } from './plain-request.ts';
import { type ApiTarget, createPreparation } from './preparation.ts';
import { parseBody } from './response-body.ts';
import { sandboxException } from './sandbox-exception.ts';
import { scrubResponse, scrubText } from './scrub.ts';

export interface OutboundRequest {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** From the look-up of the name to the last byte of the answer. Default 30 000. */
  timeoutMs?: number;
  /** Of the answer's body, before and after decompression. Default: `maxAnswerBytes`. */
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
  /** Of an answer's headers. Default 16 KiB. */
  maxHeaderBytes?: number;
  /** Of an answer's body, where a request names no bound of its own. Default 10 MiB. */
  maxAnswerBytes?: number;
  /** Where names are looked up. Default: the system's resolver. */
  resolve?: Resolve;
}

/** One event of a stream. */
export interface ServerEvent {
  data: unknown;
  id: string | undefined;
  /** How long the server wants to be left alone before its stream is taken up again. */
  retryMs: number | undefined;
}

export interface ConverseOptions {
  /** From one sign of life to the next. */
  timeoutMs: number;
  /** Of the answer, or of one event where the stream is long-lived. Default: `maxAnswerBytes`. */
  maxBytes?: number;
  /** A stream that is meant to stay open; it has a connection besides those of calls. */
  longLived?: boolean;
  signal?: AbortSignal;
  /** Whether silence is as it should be. Default: it never is. */
  isPatient?: () => boolean;
  onEvent(event: ServerEvent): void;
}

export interface Converse extends ApiResponse {
  streamed: boolean;
}

export interface CallOptions {
  timeoutMs?: number;
  /** What the request's `upload` names; several in its order. */
  file?: OutboundFile | readonly OutboundFile[] | undefined;
  /** Where a file is sent: from its first byte to the end of the answer; `timeoutMs` is then how long nothing may move. */
  totalMs?: number;
}

export interface DownloadOptions<T> {
  /** How long nothing may move. */
  timeoutMs: number;
  totalMs: number;
  maxFileBytes: number;
  /** Domains that a redirect or a link may lead to, without the credential. Without any, none is followed. */
  hostSuffixes?: readonly string[] | undefined;
  /** Of `download`: the answer is JSON, and the file is text in it. */
  inJson?: FileDownload['inJson'];
  /**
   * Takes the bytes, as fast as it can; what it throws ends the exchange and is thrown. `rest` is what stands around a file in
   * JSON, once the bytes have ended.
   */
  receive(head: FileHead, bytes: AsyncIterable<Buffer>, rest: () => unknown): Promise<T>;
}

/** `received` is what `receive` made of the file; undefined where the answer is none, which is then in `body`. */
export interface Downloaded<T> extends ApiResponse {
  received?: T;
}

export interface Egress {
  /** One request to a judged destination. A 3xx is returned as it is. Throws EgressError. */
  send(request: OutboundRequest): Promise<OutboundResponse>;
  /**
   * One API call of a connector: joins the path below the base URL, places the credential, sends, removes echoes of the
   * credential, parses. Any status is an answer; throws EgressError where there is none.
   */
  call(target: ApiTarget, request: ApiRequest, credential: Secret<Credential>, options?: CallOptions): Promise<ApiResponse>;
  /**
   * As `call`, for answers that are files: a good one's bytes go to `receive` while they come. A redirect to one of the
   * domains is followed without the credential; any other one is the answer.
   */
  download<T>(target: ApiTarget, request: ApiRequest, credential: Secret<Credential>, options: DownloadOptions<T>): Promise<Downloaded<T>>;
  /** The file at an address that a provider gave, without a credential. Any other answer is an EgressError, like a host that was not named. */
  fetchLink<T>(link: string, sandbox: boolean, options: DownloadOptions<T>): Promise<T>;
  /**
   * As `call`, for servers whose answer may be a stream of events: each goes to `onEvent` as it comes, clean of the
   * credential and parsed, and the body stays undefined. Throws EgressError.
   */
  converse(target: ApiTarget, request: ApiRequest, credential: Secret<Credential>, options: ConverseOptions): Promise<Converse>;
  /** Why `converse` would refuse a server's URL or the header of its credential, as far as that is known without the network. */
  serverRefusal(url: string, header: string): string | undefined;
  /** One delivery to an operator's own receiver: POST, a public host, any port of a web server. Throws EgressError. */
  sendWebhook(webhook: { url: string; headers: Record<string, string>; body: string; timeoutMs: number }): Promise<OutboundResponse>;
  /** Why `sendWebhook` would refuse the URL, as far as that is known without the network. */
  webhookRefusal(url: string): string | undefined;
  /** Waits for what is under way, then closes every connection. */
  close(): Promise<void>;
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const coded = { 'accept-encoding': 'gzip, br' };
const defaultTimeoutMs = 30_000;

export function createEgress(options: EgressOptions): Egress {
  const sandbox = sandboxException(options.sandboxOrigin ?? (() => undefined));
  const policy: DestinationPolicy = {
    sandbox,
    allowHosts: new Set(options.allowHosts),
    loopbackWebhooks: loopbackWebhookException(options.loopbackWebhooks ?? (() => false)),
  };
  // An explicit Agent of our own: a proxy named in the environment is never consulted.
  const dial = createDial(options.resolve ?? systemResolve, policy);
  const { maxHeaderBytes = 16_384, maxAnswerBytes: defaultMaxBytes = 10 * 1024 * 1024 } = options;
  const client = new Http1Client({ connect: dial.connect, connections: 64, maxHeaderBytes });
  const agent = new Agent({ connect: dial.connect, connections: 64, pipelining: 1, maxHeaderSize: maxHeaderBytes });
  // Streams that stay open would take the connections of calls.
  const listeners = new Agent({ connect: dial.connect, connections: 256, pipelining: 1, maxHeaderSize: maxHeaderBytes });
  const stopped = new AbortController();
  const userAgent = options.userAgent ?? 'grantway';
  const { prepare, inSandbox } = createPreparation(sandbox);
  const plainRequest = createPlainRequests(policy, { before: { 'user-agent': userAgent }, after: coded });
  const underWay = new Set<Promise<unknown>>();
  let closing = false;

  async function deliver(request: OutboundRequest, port?: string, webhook = false): Promise<OutboundResponse> {
    const { method, timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = request;
    if (!methods.has(method)) throw malformed('the method is not allowed');
    const mark = { sandbox: request.sandbox === true, webhook, ...(port === undefined ? {} : { port }) };
    const url = judgeDestination(request.url, policy, mark);
    const headers = { 'user-agent': userAgent, ...checkedHeaders(request.headers ?? {}), ...coded };
    const to = { origin: url.origin, host: url.host, path: url.pathname + url.search };
    mustBeOpen();
    const answer = exchange(agent, { method, to, headers, body: request.body, timeoutMs, maxBytes });
    underWay.add(answer);
    try {
      return await answer;
    } finally {
      underWay.delete(answer);
    }
  }

  function mustBeOpen(): void {
    if (closing) throw new EgressError('unreachable', false, 'the way out is closed');
  }

  return {
    send: (request) => deliver(request),

    async call(target, request, credential, { timeoutMs, file, totalMs } = {}) {
      const plain = file === undefined ? plainRequest(target, request, credential) : undefined;
      if (plain !== undefined) {
        const { to, headers, body, secrets } = plain;
        const { method } = request;
        mustBeOpen();
        const limits = { timeoutMs: timeoutMs ?? defaultTimeoutMs, maxBytes: defaultMaxBytes };
        const answer = checkedExchange(client, { method, to, headers, body, ...limits });
        underWay.add(answer);
        try {
          return answered(await answer, secrets);
        } finally {
          underWay.delete(answer);
        }
      }
      const { prepared, port, secrets, streamed } = prepare(target, request, credential, file);
      if (streamed !== undefined) {
        const idleMs = timeoutMs ?? defaultTimeoutMs;
        return answered(await move<never>(prepared, port, secrets, { idleMs, totalMs: totalMs ?? idleMs, body: streamed }), secrets);
      }
      return answered(await deliver({ ...prepared, ...(timeoutMs === undefined ? {} : { timeoutMs }) }, port), secrets);
    },

    async download(target, request, credential, options) {
      const { prepared, port, secrets } = prepare(target, request, credential);
      const { timeoutMs: idleMs, totalMs, hostSuffixes = [], maxFileBytes, inJson } = options;
      let read: () => unknown = () => undefined;
      const receive: typeof options.receive = (head, bytes) => options.receive(head, bytes, read);
      const held = (document: AsyncIterable<Buffer>) => {
        const { bytes, rest } = fileInJson(document, inJson as NonNullable<typeof inJson>, {
          host: new URL(prepared.url).host,
          maxFileBytes,
        });
        read = () => parseBody(scrubResponse({ headers: {}, body: rest() }, secrets).body, 'application/json', secrets);
        return bytes;
      };
      const unwrap = inJson === undefined ? undefined : { file: held, maxBytes: 2 * maxFileBytes + maxRestBytes };
      const answer = await move(prepared, port, secrets, { idleMs, totalMs, body: prepared.body, maxFileBytes, receive, unwrap });
      const { status, headers, body } = scrubResponse(answer, secrets);
      if ('received' in answer) return { status, headers, body: read(), received: answer.received };
      const location = answer.headers['location'];
      if (isRedirect(status) && location !== undefined && hostSuffixes.length > 0) {
        return { status: 200, headers: {}, body: undefined, received: await follow(location, target.sandbox, options) };
      }
      return { status, headers, body: parseBody(body, headers['content-type'], secrets) };
    },

    fetchLink: (link, sandbox, options) => follow(link, sandbox, options),

    async converse(target, request, credential, options) {
      const { timeoutMs, maxBytes = defaultMaxBytes, longLived = false, signal, isPatient = () => false } = options;
      const { prepared, port, secrets } = prepare(target, request, credential);
      const url = judgeDestination(prepared.url, policy, { sandbox: prepared.sandbox, ...(port === undefined ? {} : { port }) });
      const headers = {
        'user-agent': userAgent,
        ...checkedHeaders(prepared.headers),
        // A compressed stream would be held back until a block of it is full.
        'accept-encoding': 'identity',
      };
      mustBeOpen();
      const ending = longLived ? stopped.signal : undefined;
      const answer = streamExchange(longLived ? listeners : agent, {
        method: prepared.method,
        url,
        headers,
        body: prepared.body,
        timeoutMs,
        maxBytes,
        longLived,
        signal: ending === undefined ? signal : signal === undefined ? ending : AbortSignal.any([ending, signal]),
        isPatient,
        onEvent: ({ data, id, retryMs }) =>
          options.onEvent({ data: parseBody(Buffer.from(scrubText(data, secrets)), undefined, secrets), id, retryMs }),
      });
      underWay.add(answer);
      const response = await answer.finally(() => underWay.delete(answer));
      const clean = scrubResponse(response, secrets);
      const body = response.streamed ? undefined : parseBody(clean.body, clean.headers['content-type'], secrets);
      return { status: clean.status, headers: clean.headers, body, streamed: response.streamed };
    },

    serverRefusal(text, header) {
      try {
        const port = URL.canParse(text) ? new URL(text).port : '';
        const url = judgeDestination(text, policy, { sandbox: false, port });
        if (url.hash !== '') throw malformed('the URL has a fragment');
        const names = [...url.searchParams.keys()];
        if (new Set(names).size < names.length) throw malformed('a query parameter is named twice');
        joinApiUrl(new URL(url.origin), url.pathname, Object.fromEntries(url.searchParams));
        checkedHeaders({ [header]: 'value' });
        return undefined;
      } catch (error) {
        if (error instanceof EgressError) return error.message;
        throw error;
      }
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
      stopped.abort();
      await Promise.allSettled(underWay);
      dial.abandon();
      client.destroy();
      await Promise.all([agent.destroy(), listeners.destroy()]);
    },
  };

  /** One exchange with a file on its way. */
  async function move<T>(
    prepared: { method: string; url: string; headers: Record<string, string>; sandbox: boolean },
    port: string | undefined,
    secrets: string[],
    of: {
      idleMs: number;
      totalMs: number;
      body?: StreamedBody | string | undefined;
      maxFileBytes?: number;
      receive?: DownloadOptions<T>['receive'];
      unwrap?: FileRequest<T>['unwrap'];
    },
  ): Promise<OutboundResponse & { received?: T }> {
    const { idleMs, totalMs, body, maxFileBytes = 0, receive, unwrap } = of;
    const url = judgeDestination(prepared.url, policy, { sandbox: prepared.sandbox, ...(port === undefined ? {} : { port }) });
    // What is stored is the file and not a coding of it.
    const coding = receive === undefined ? 'gzip, br' : 'identity';
    const headers = { 'user-agent': userAgent, ...checkedHeaders(prepared.headers), 'accept-encoding': coding };
    mustBeOpen();
    const { method } = prepared;
    const answer = fileExchange<T>(agent, {
      method,
      url,
      headers,
      body,
      idleMs,
      totalMs,
      maxBytes: defaultMaxBytes,
      maxFileBytes,
      receive: receive === undefined ? undefined : (head, bytes) => receive(head, bytes, () => undefined),
      unwrap,
      secrets,
    });
    underWay.add(answer);
    return answer.finally(() => underWay.delete(answer));
  }

  /** From one address to the next, each below a domain that the connector names; none of them gets the credential. */
  async function follow<T>(link: string, isSandbox: boolean, options: DownloadOptions<T>): Promise<T> {
    const { timeoutMs: idleMs, totalMs, hostSuffixes = [], maxFileBytes, receive } = options;
    let next = link;
    for (let hops = 0; hops < maxHops; hops++) {
      const url = linkOf(next, hostSuffixes);
      const prepared = { method: 'GET', url: isSandbox ? inSandbox(url.href) : url.href, headers: {}, sandbox: isSandbox };
      const answer = await move(prepared, undefined, [], { idleMs, totalMs, maxFileBytes, receive });
      if ('received' in answer) return answer.received as T;
      const { location } = answer.headers;
      if (!isRedirect(answer.status) || location === undefined) {
        throw new EgressError('invalid', true, `${url.host} answered ${answer.status} instead of the file`);
      }
      next = URL.canParse(location, url.href) ? new URL(location, url.href).href : location;
    }
    throw new EgressError('invalid', true, 'the file is behind too many redirects');
  }

  function judgeWebhook(text: string): URL {
    const port = URL.canParse(text) ? new URL(text).port : '';
    return judgeDestination(text, policy, { sandbox: false, webhook: true, port });
  }
}

/** Clean of the credential, and parsed. */
function answered(response: OutboundResponse, secrets: string[]): ApiResponse {
  const { status, headers, body } = scrubResponse(response, secrets);
  return { status, headers, body: parseBody(body, headers['content-type'], secrets) };
}

const maxHops = 4;
const isRedirect = (status: number) => [301, 302, 303, 307, 308].includes(status);

/** An address that came from outside: https, a plain port, and a host below one of the domains. */
function linkOf(text: string, hostSuffixes: readonly string[]): URL {
  if (text.length > 8192 || !URL.canParse(text)) throw new EgressError('invalid', true, 'the address of the file cannot be read');
  const url = new URL(text);
  const isNamed = hostSuffixes.some((suffix) => url.hostname === suffix || url.hostname.endsWith(`.${suffix}`));
  if (url.protocol !== 'https:' || url.port !== '' || !isNamed) throw blocked(`a file at ${url.host}, which the connector does not name`);
  url.hash = '';
  return url;
}

async function systemResolve(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true, verbatim: true })).map((answer) => answer.address);
}
