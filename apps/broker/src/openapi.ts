import { allPermissions, type FaultCode, faults, Problem, permissions, TokenResponse } from '@grantway/contract';
import { z } from 'zod';
import type { AnyRoute } from './http.ts';

type Json = Record<string, unknown>;

const anyRoute: FaultCode[] = ['invalid_request', 'unauthorized', 'insufficient_scope', 'internal'];

/** The OpenAPI 3.1 document of the routes: committed, served at /openapi.json, and what the reference page is made from. */
export function openApiDocument(routes: readonly AnyRoute[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const r of routes) {
    const parameters = [
      ...Object.entries(r.params ?? {}).map(([name, description]) => ({
        name,
        in: 'path',
        required: true,
        description,
        schema: { type: 'string' },
      })),
      ...queryParameters(r.query),
      ...Object.entries(r.headers ?? {}).map(([name, description]) => ({
        name,
        in: 'header',
        required: false,
        description,
        schema: { type: 'string' },
      })),
    ];
    const codes = [...new Set<FaultCode>([...anyRoute, ...(r.params === undefined ? [] : (['not_found'] as const)), ...(r.faults ?? [])])];
    paths[r.path] = {
      ...paths[r.path],
      [r.method.toLowerCase()]: {
        operationId: operationId(r),
        tags: [r.path.split('/')[2]],
        summary: r.summary,
        ...(r.description === undefined ? {} : { description: r.description }),
        security: [{ oauth2: [r.permission] }],
        ...(r.audit === undefined ? {} : { 'x-audit-event': r.audit }),
        ...(parameters.length === 0 ? {} : { parameters }),
        ...(r.upload === true ? { requestBody: { required: true, content: { '*/*': { schema: anyBytes } } } } : {}),
        ...(r.body === undefined
          ? {}
          : { requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(r.body, 'input') } } } }),
        responses: {
          [r.status]:
            r.download !== undefined
              ? { description: 'The bytes', content: { '*/*': { schema: anyBytes } } }
              : r.reply === undefined
                ? { description: 'Done' }
                : { description: 'The answer', content: { 'application/json': { schema: jsonSchema(r.reply, 'output') } } },
          ...problemResponses(codes),
        },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Grantway API',
      version,
      description: 'The open agent-auth broker: agents act on behalf of users without ever holding a user’s token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((r) => r.path.split('/')[2]))].map((name) => ({ name })),
    paths: {
      '/oauth/token': tokenPath,
      ...paths,
    },
    components: {
      securitySchemes: {
        oauth2: {
          type: 'oauth2',
          flows: {
            clientCredentials: { tokenUrl: '/oauth/token', scopes: Object.fromEntries(allPermissions.map((p) => [p, permissions[p]])) },
          },
        },
      },
      schemas: { Problem: jsonSchema(Problem, 'output') },
    },
    'x-faults': faults,
  };
}

/** OpenAPI 3.1: bytes have no schema. */
const anyBytes: Json = {};

const tokenPath: Json = {
  post: {
    operationId: 'issueAccessToken',
    tags: ['oauth'],
    summary: 'Get an access token',
    description:
      'The client credentials grant (RFC 6749 section 4.4). Authenticate with HTTP Basic or with client_id and client_secret in the form. MCP clients use the same address with authorization_code and refresh_token; their tokens are for one MCP server and open nothing here.',
    security: [],
    'x-audit-event': 'access_token.issued',
    requestBody: {
      required: true,
      content: {
        'application/x-www-form-urlencoded': {
          schema: {
            type: 'object',
            required: ['grant_type'],
            properties: {
              grant_type: { const: 'client_credentials' },
              client_id: { type: 'string' },
              client_secret: { type: 'string' },
              scope: { type: 'string', description: 'Space-separated; default: all scopes of the client' },
            },
          },
        },
      },
    },
    responses: {
      200: { description: 'The token', content: { 'application/json': { schema: jsonSchema(TokenResponse, 'output') } } },
      400: { description: 'invalid_request, unsupported_grant_type, invalid_scope' },
      401: { description: 'invalid_client' },
    },
  },
};

function operationId(r: AnyRoute): string {
  return r.summary
    .replace(/\b(an|a|the|of)\b/gi, ' ')
    .trim()
    .split(/\s+/)
    .map((word, i) => (i === 0 ? word.toLowerCase() : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}

function problemResponses(codes: FaultCode[]): Json {
  const byStatus = new Map<number, FaultCode[]>();
  for (const code of codes) byStatus.set(faults[code].status, [...(byStatus.get(faults[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus]
      .sort(([a], [b]) => a - b)
      .map(([status, list]) => [
        status,
        { description: list.join(', '), content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
      ]),
  );
}

function queryParameters(query: z.ZodObject | undefined): Json[] {
  if (query === undefined) return [];
  const schema = jsonSchema(query, 'input') as { properties: Record<string, Json>; required?: string[] };
  return Object.entries(schema.properties).map(([name, { description, ...property }]) => ({
    name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    ...(description === undefined ? {} : { description }),
    schema: property,
  }));
}

function jsonSchema(type: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { target: 'draft-2020-12', io }) as Json;
  return schema;
}
