import { z } from 'zod';
import { type ApiKeyAuth, type BasicAuth, type BearerAuth, type Field, fieldsOf, type NoAuth } from './auth.ts';
import { type ApiFault, type Connector, connector, faultByStatus } from './connector.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { type Effect, type Example, type Tool, tool } from './tool.ts';

/** What the sandbox and worked examples take for the operator's service: of each connector another one. */
export function exampleOperatorUrl({ id }: { id: string }): string {
  return `https://${id}.acme.example`;
}

const baseUrl = (id: string): Field => ({
  name: 'base_url',
  label: 'Base URL',
  help: 'Of the service, with the path that everything lies below, for example https://api.acme.example/v2.',
  secret: false,
  operatorUrl: true,
  setBy: 'operator',
  placeholder: exampleOperatorUrl({ id }),
});

/** Whether where the connector's service is, and so what it is, is the operator's to say. */
export function isOperatorService({ auth }: Pick<Connector, 'auth'>): boolean {
  return fieldsOf(auth).some((field) => field.operatorUrl === true);
}

/**
 * A connector for any REST service, by the way in which it is authorized. Where it is, the operator says once, on the connection:
 * agents say a path below it, and nothing they say reaches the host. Answers are given as they are, up to a bound.
 */
export function operatorService(of: {
  id: string;
  name: string;
  description: string;
  docs: string;
  auth: ApiKeyAuth | BasicAuth | BearerAuth | NoAuth;
}): Connector {
  const auth = { ...of.auth, fields: [baseUrl(of.id), ...of.auth.fields] };
  return connector({
    id: of.id,
    name: of.name,
    description: of.description,
    docs: of.docs,
    auth,
    api: {
      baseUrl: '{base_url}',
      fault,
      refusals: {
        rejected: { status: 401, headers: { 'www-authenticate': 'Bearer' }, body: { message: 'Unauthorized' } },
        rate_limited: { status: 429, headers: { 'retry-after': '5' }, body: { message: 'Too many requests' } },
        error: { status: 404, body: { message: 'No such order' } },
        unavailable: { status: 503, body: { message: 'Try again later' } },
      },
    },
    identify: {
      // Nothing needs to be at the root; only a refused key is told by it.
      request: { method: 'GET', path: '/' },
      fault: (response) => {
        const judged = fault(response);
        return judged?.kind === 'error' ? undefined : judged;
      },
      subject: () => ({ id: 'service', label: of.name }),
      example: { receives: { body: { name: 'Acme orders', version: '2' } }, gives: { id: 'service', label: of.name } },
    },
    tools: toolsOf(of.id.replaceAll('-', '_')),
  });
}

/** A redirect is never followed: it would take the key to where the operator did not point. */
function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const { status } = response;
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'the service did not accept the credential' };
  if (byStatus.kind !== 'error') return { ...byStatus, message: `the service: ${byStatus.message}` };
  if (status >= 300 && status < 400) return { kind: 'error', message: `the service redirects (HTTP ${status}), which is not followed` };
  const said = clean(messageOf(response.body));
  return { kind: 'error', message: said === '' ? `the service: HTTP ${status}` : `the service: HTTP ${status}: ${said}` };
}

/** Where most services say what was wrong: RFC 9457, `{ message }`, `{ error: { message } }`, `{ errors: [{ message }] }`. */
function messageOf(body: unknown): string {
  const { detail, message, error, errors, title } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const inner = (Array.isArray(errors) ? errors[0] : error) as unknown;
  const { message: deep, detail: deeper } = (typeof inner === 'object' && inner !== null ? inner : {}) as Record<string, unknown>;
  return (
    ([detail, message, inner, deep, deeper, title].find((text) => typeof text === 'string' && text !== '') as string | undefined) ?? ''
  );
}

/** Without what might be an echoed key, at most 140 characters. */
function clean(text: string): string {
  const safe = text
    .slice(0, 2000)
    .replace(/\b(bearer|basic)\s+\S+/gi, '[removed]')
    .replace(/[A-Za-z0-9_+/=.-]{32,}/g, '[removed]');
  return safe.length > 140 ? `${safe.slice(0, 139)}…` : safe;
}

// Segments of RFC 3986 section 3.3; no empty or dot segment in any spelling, and nothing that is a separator once decoded.
const pathShape =
  /^(?!.*\/\/)(?!.*\/\.{1,2}(?:[;/]|$))(?!.*%(?:2[ef5]|5c|[01][0-9a-f]|7f))\/(?:[a-z0-9._~!$&'()*+,;=:@/-]|%[0-9a-f]{2}){1,500}$/i;
const path = z.string().regex(pathShape).describe('Below the base URL, with a slash in front and without a query: /orders/7');
const query = z
  .record(z.string().min(1).max(100), z.union([z.string().max(4000), z.number(), z.boolean()]))
  .optional()
  .describe('Query parameters, not encoded');
const body = z
  .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
  .optional()
  .describe('Sent as JSON');

const Answer = z.object({
  status: z.int(),
  /** JSON that is short enough. */
  body: z.unknown(),
  /** What is no JSON, or too long. */
  text: z.string().nullable(),
  truncated: z.boolean(),
});

const longest = 40_000;

function answerOf(said: unknown, { status }: ApiResponse): z.input<typeof Answer> {
  if (said === undefined || said === null || said === '') return { status, body: null, text: null, truncated: false };
  const isText = typeof said === 'string';
  const text = isText ? said : JSON.stringify(said);
  if (text.length > longest) return { status, body: null, text: text.slice(0, longest), truncated: true };
  return isText ? { status, body: null, text, truncated: false } : { status, body: said, text: null, truncated: false };
}

type Method = ApiRequest['method'];

function toolsOf(prefix: string): Tool[] {
  const names = (method: Method) => `${prefix}_${method.toLowerCase()}`;
  const order = { id: 7, state: 'open', lines: [{ sku: 'gnome', count: 2 }] };
  const made = (
    method: Method,
    effect: Effect,
    title: string,
    description: string,
    takesBody: boolean,
    example: Pick<Example<Record<string, unknown>, never>, 'input'> & { status: number; body: unknown },
  ): Tool =>
    tool({
      name: names(method),
      title,
      description,
      effect,
      ...(method === 'PUT' || method === 'DELETE' ? { idempotent: true } : {}),
      scopes: [],
      input: takesBody ? z.object({ path, query, body }) : z.object({ path, query }),
      output: Answer,
      request: (input: { path: string; query?: Record<string, string | number | boolean> | undefined; body?: unknown }) => ({
        method,
        path: input.path,
        ...(input.query === undefined ? {} : { query: input.query }),
        ...(input.body === undefined ? {} : { json: input.body }),
      }),
      respond: (said: unknown, response) => answerOf(said, response),
      docs: 'https://www.rfc-editor.org/rfc/rfc9110#section-9.3',
      provenance: { specification: 'RFC 9110', version: '2022-06', operation: method },
      examples: [
        {
          input: example.input as never,
          receives: { status: example.status, body: example.body },
          gives: { status: example.status, body: example.body ?? null, text: null, truncated: false },
        },
      ],
    });
  return [
    made(
      'GET',
      'read',
      'Read from the service',
      `Send a GET to a path of the service that the operator connected, and get its answer: JSON in body, other text in text. Changes go through ${names('POST')}, ${names('PUT')}, ${names('PATCH')} and ${names('DELETE')}.`,
      false,
      { input: { path: '/orders/7', query: { expand: 'lines' } }, status: 200, body: order },
    ),
    made(
      'POST',
      'write',
      'Post to the service',
      `Send a POST with a JSON body to a path of the service that the operator connected, as a rule to make something; a repetition may make it twice. To read use ${names('GET')}, to change what exists ${names('PATCH')}.`,
      true,
      { input: { path: '/orders', body: { lines: [{ sku: 'gnome', count: 2 }] } }, status: 201, body: order },
    ),
    made(
      'PUT',
      'destructive',
      'Put to the service',
      `Send a PUT with a JSON body to a path of the service that the operator connected: what is there is replaced as a whole. To change parts use ${names('PATCH')}, to make something new ${names('POST')}.`,
      true,
      { input: { path: '/orders/7', body: { ...order, state: 'paid' } }, status: 200, body: { ...order, state: 'paid' } },
    ),
    made(
      'PATCH',
      'write',
      'Patch at the service',
      `Send a PATCH with a JSON body to a path of the service that the operator connected: the members given are changed, the others stay. To replace all of it use ${names('PUT')}, to read it first ${names('GET')}.`,
      true,
      { input: { path: '/orders/7', body: { state: 'sent' } }, status: 200, body: { ...order, state: 'sent' } },
    ),
    made(
      'DELETE',
      'destructive',
      'Delete at the service',
      `Send a DELETE to a path of the service that the operator connected; what is there is gone, as a rule for good. Look at it first with ${names('GET')}. To change it instead use ${names('PATCH')}.`,
      false,
      { input: { path: '/orders/7' }, status: 200, body: { id: 7, deleted: true } },
    ),
  ];
}
