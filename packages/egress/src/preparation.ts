import {
  type ApiRequest,
  type AppCredentials,
  type Connector,
  type Credential,
  fieldsOf,
  fillText,
  parametersOf,
  sandboxUrl,
} from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { fillBaseUrl, joinApiUrl } from './api-url.ts';
import { blocked, malformed } from './egress-error.ts';
import { fileBody } from './file-body.ts';
import { connectorHeaders } from './headers.ts';
import type { OutboundFile } from './outbound-file.ts';
import { learnedWith } from './placement/oauth2.ts';
import { sealedUrlOf } from './placement/operator-url.ts';
import type { Placement } from './placement/placed.ts';
import { place } from './placement/placement.ts';
import type { SandboxException } from './sandbox-exception.ts';

export interface ApiTarget {
  connector: Connector;
  /** Non-secret fields, fixed by the operator or entered by the person. */
  fields: Record<string, string>;
  sandbox: boolean;
  /** The connection's app, where requests are signed with it. */
  app?: Secret<AppCredentials> | undefined;
}

/** Any request of a connector, made ready to be judged and sent. `plain-request.ts` does the same for most of them at less cost. */
export function createPreparation(sandbox: SandboxException) {
  function prepare(
    target: ApiTarget,
    request: ApiRequest,
    credential: Secret<Credential>,
    given?: OutboundFile | readonly OutboundFile[] | undefined,
  ) {
    const files = given === undefined ? undefined : [given].flat();
    const { connector } = target;
    const fields = { ...target.fields, ...learnedWith(credential), ...sealedUrlOf(connector, credential) };
    const base = fillBaseUrl(connector, request, fields);
    const url = joinApiUrl(base, request.path, request.query, reservedNamesOf(connector));
    if ((request.upload === undefined) !== (files === undefined)) throw malformed('a request carries a file exactly where it says so');
    const streamed = files === undefined ? undefined : fileBody(request, files);
    const payload: Payload = streamed === undefined ? encoded(request) : { contentType: streamed.contentType };
    // A signature is over bytes: a space that some servers read as a plus must not be in doubt.
    if (connector.auth.kind === 'aws_sigv4' || connector.auth.kind === 'oauth1') url.search = url.search.replaceAll('+', '%20');
    const unsigned = {
      method: request.method,
      url,
      body: payload.body,
      ...(files === undefined ? {} : { bodyHash: request.upload?.as === 'body' ? (files[0]?.sha256 ?? null) : null }),
      contentType: payload.contentType,
      nowMs: Date.now(),
      token: request.token,
    };
    const placement = place(connector, credential, fields, unsigned, target.app);
    addPlaced(url, base, placement);
    const headers = connectorHeaders(
      askedHeaders(payload.contentType, constantHeaders(connector, fields), request.headers),
      placement.headers,
    );
    const prepared = {
      method: request.method,
      url: target.sandbox ? inSandbox(url.href) : url.href,
      headers,
      sandbox: target.sandbox,
      ...(payload.body === undefined ? {} : { body: payload.body }),
    };
    return { prepared, port: base.port, secrets: placement.secrets, streamed };
  }

  function inSandbox(url: string): string {
    const origin = sandbox.origin();
    if (origin === undefined) throw blocked('there is no sandbox here');
    return sandboxUrl(url, origin);
  }

  return { prepare, inSandbox };
}

/** Names in a query that are the credential's: the connector's own, and those of its secret fields. */
export function reservedNamesOf({ auth }: Connector): string[] {
  const ofCredential = auth.kind === 'api_key' ? Object.keys(auth.query ?? {}) : [];
  const secrets = fieldsOf(auth).filter((f) => f.secret);
  return [...ofCredential, ...secrets.map((f) => f.name)];
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

/** What a request's headers are before the credential; the later layer wins. */
export function askedHeaders(
  contentType: string | undefined,
  constant: Record<string, string> | undefined,
  own: Record<string, string> | undefined,
): Record<string, string> {
  return mergedHeaders(
    { accept: 'application/json', ...(contentType === undefined ? {} : { 'content-type': contentType }) },
    constant,
    own,
  );
}

function mergedHeaders(...layers: (Record<string, string> | undefined)[]): Record<string, string> {
  return Object.fromEntries(layers.flatMap((layer) => Object.entries(layer ?? {}).map(([name, value]) => [name.toLowerCase(), value])));
}

interface Payload {
  contentType?: string;
  body?: string;
}

export const contentTypes = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const;
const noPayload: Payload = {};

export function encoded(request: ApiRequest): Payload {
  if (request.json !== undefined && request.form !== undefined) throw malformed('a request has either json or form');
  if (request.json !== undefined) return { contentType: contentTypes.json, body: JSON.stringify(request.json) };
  if (request.form !== undefined) {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(request.form)) {
      if (value !== undefined) form.append(name, String(value));
    }
    return { contentType: contentTypes.form, body: form.toString() };
  }
  return noPayload;
}
