import { Fault, isId, mcpScopes } from '@grantway/contract';
import { type GrantTokens, type Modules, redeemAuthorizationCode, refreshMcpGrant, resourceOf, revokeMcpToken } from '@grantway/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answerOtherMethods } from '../http.ts';
import { requestOf } from '../pages/page.ts';
import { formOf } from './oauth-form.ts';

/*
 * Grantway as the authorization server of its MCP clients. The page where a person decides is in ../pages; what a client's
 * program asks for is here, in the shapes of OAuth.
 */

/** RFC 8414 section 2. One issuer for machine clients and MCP clients: audiences keep their tokens apart. */
export function authorizationServerMetadata(base: string): Record<string, unknown> {
  return {
    issuer: base,
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/token`,
    registration_endpoint: `${base}/oauth/register`,
    revocation_endpoint: `${base}/oauth/revoke`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    scopes_supported: Object.keys(mcpScopes),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    // MCP clients are public; the others belong to client_credentials.
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'client_secret_post'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    service_documentation: `${base}/docs`,
  };
}

export const protectedResourcePath = '/.well-known/oauth-protected-resource/mcp/';

/** What a client without a token is told (RFC 9728 section 5.1; the scope as MCP wants it). */
export function resourceChallenge(base: string, configId: string, error?: 'invalid_token'): string {
  const parts = [`resource_metadata="${base}${protectedResourcePath}${configId}"`, 'scope="mcp"'];
  return `Bearer ${(error === undefined ? parts : [`error="${error}"`, ...parts]).join(', ')}`;
}

const metadataHeaders = { 'cache-control': 'public, max-age=300' };

/** Metadata of the resources, registration and revocation. Errors are told by the scope that this is registered in. */
export function registerAuthorizationServer(app: FastifyInstance, modules: Modules): void {
  // RFC 9728. For every id that a config could have: strangers do not learn which there are.
  app.get(`${protectedResourcePath}:configId`, async (request, reply) => {
    const { configId } = request.params as { configId: string };
    if (!isId('mcpConfig', configId)) throw new Fault('not_found', 'there is no MCP server at this address');
    const base = modules.baseUrl();
    return reply.headers(metadataHeaders).send({
      resource: resourceOf(base, configId),
      authorization_servers: [base],
      scopes_supported: Object.keys(mcpScopes),
      bearer_methods_supported: ['header'],
      resource_documentation: `${base}/docs`,
    });
  });

  // RFC 7591
  app.post('/oauth/register', { bodyLimit: 32 * 1024 }, async (request, reply) => {
    if (request.headers['content-type']?.startsWith('application/json') !== true)
      throw new Fault('unsupported_media_type', 'send application/json');
    const { id, name, redirectUris, createdAt } = await modules.oauthClients.register(request.body, {
      address: request.ip,
      requestId: request.id,
    });
    return reply
      .status(201)
      .header('cache-control', 'no-store')
      .send({
        client_id: id,
        client_id_issued_at: Math.floor(createdAt.getTime() / 1000),
        ...(name === undefined ? {} : { client_name: name }),
        redirect_uris: redirectUris,
        // Whatever was asked for: there are no secrets for programs on other people's machines.
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      });
  });

  // RFC 7009
  app.post('/oauth/revoke', async (request, reply) => {
    const form = formOf(request.body);
    await revokeMcpToken(modules, { token: needed(form, 'token'), clientId: publicClientOf(request, form) }, requestOf(request));
    return reply.header('cache-control', 'no-store').send();
  });

  answerOtherMethods(app, [
    { method: 'GET', path: `${protectedResourcePath}{configId}` },
    { method: 'POST', path: '/oauth/register' },
    { method: 'POST', path: '/oauth/revoke' },
  ]);
}

/** The two grants of MCP clients at the token endpoint; undefined for any other. */
export async function answerGrant(
  modules: Modules,
  request: FastifyRequest,
  form: Record<string, string>,
): Promise<GrantTokens | undefined> {
  switch (form['grant_type']) {
    case 'authorization_code':
      return redeemAuthorizationCode(
        modules,
        {
          clientId: publicClientOf(request, form),
          code: needed(form, 'code'),
          redirectUri: needed(form, 'redirect_uri'),
          codeVerifier: needed(form, 'code_verifier'),
          resource: resourceIn(form),
        },
        requestOf(request),
      );
    case 'refresh_token':
      return refreshMcpGrant(
        modules,
        {
          clientId: publicClientOf(request, form),
          refreshToken: needed(form, 'refresh_token'),
          resource: resourceIn(form),
          scope: form['scope'],
        },
        requestOf(request),
      );
    default:
      return undefined;
  }
}

/** @throws Fault invalid_client where a secret comes along: an MCP client has none, so that it was made up or is another's */
function publicClientOf(request: FastifyRequest, form: Record<string, string>): string {
  if (request.headers.authorization !== undefined || form['client_secret'] !== undefined) {
    throw new Fault('invalid_client', 'MCP clients are public: send client_id alone');
  }
  return needed(form, 'client_id');
}

function resourceIn(form: Record<string, string>): string {
  if (form['resource'] === undefined) throw new Fault('invalid_target', 'the parameter resource is required (RFC 8707)');
  return form['resource'];
}

function needed(form: Record<string, string>, name: string): string {
  const value = form[name];
  if (value === undefined || value === '') throw new Fault('invalid_request', `the parameter ${name} is missing`);
  return value;
}
