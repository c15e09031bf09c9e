import formbody from '@fastify/formbody';
import { Fault, TokenResponse } from '@grantway/contract';
import { issueAccessToken, type Log, type Modules } from '@grantway/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answerOtherMethods, problemOf, toFault } from '../http.ts';
import { answerGrant, authorizationServerMetadata, registerAuthorizationServer } from './authorization-server.ts';
import { formOf } from './oauth-form.ts';

/** The OAuth side of the API: its answers and refusals have the shapes of RFC 6749, not of the REST nouns. */
export function registerAccessTokens(app: FastifyInstance, modules: Modules): void {
  app.register(formbody);
  app.setErrorHandler((error, request, reply) => {
    const fault = toFault(error, request.log as unknown as Log);
    if (fault.status === 401) reply.header('www-authenticate', 'Basic realm="grantway"');
    if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(fault.retryAfterSeconds))));
    const { detail } = fault;
    return reply
      .status(fault.status)
      .header('cache-control', 'no-store')
      .send({ error: oauthError(fault), ...(detail === undefined ? {} : { error_description: detail }), ...problemOf(fault, request.id) });
  });

  app.post('/oauth/token', async (request, reply) => {
    const form = formOf(request.body);
    const granted = await answerGrant(modules, request, form);
    if (granted !== undefined) return reply.header('cache-control', 'no-store').header('pragma', 'no-cache').send(granted);
    if (form['grant_type'] !== 'client_credentials') {
      throw new Fault('unsupported_grant_type', 'grant_type must be client_credentials, authorization_code or refresh_token');
    }
    const { clientId, clientSecret } = clientOf(request, form);
    const { token } = await issueAccessToken(modules, {
      clientId,
      clientSecret,
      scope: form['scope'],
      requestId: request.id,
      log: request.log as unknown as Log,
    });
    return reply.header('cache-control', 'no-store').header('pragma', 'no-cache').send(TokenResponse.parse(token));
  });

  app.get('/.well-known/jwks.json', async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=300').send(modules.signer.jwks()),
  );

  // RFC 8414
  app.get('/.well-known/oauth-authorization-server', async () => authorizationServerMetadata(modules.baseUrl()));
  registerAuthorizationServer(app, modules);
  answerOtherMethods(app, [
    { method: 'POST', path: '/oauth/token' },
    { method: 'GET', path: '/.well-known/jwks.json' },
    { method: 'GET', path: '/.well-known/oauth-authorization-server' },
  ]);
}

function oauthError(fault: Fault): string {
  switch (fault.code) {
    case 'invalid_client':
    case 'client_suspended':
    case 'environment_suspended':
      return 'invalid_client';
    case 'unsupported_grant_type':
    case 'invalid_scope':
    case 'invalid_grant':
    case 'invalid_target':
    case 'invalid_redirect_uri':
    case 'invalid_client_metadata':
      return fault.code;
    case 'rate_limited':
      return 'temporarily_unavailable';
    default:
      return fault.status >= 500 ? 'server_error' : 'invalid_request';
  }
}

/** client_secret_basic or client_secret_post (RFC 6749 section 2.3.1), never both. */
function clientOf(request: FastifyRequest, form: Record<string, string>): { clientId: string; clientSecret: string } {
  const header = request.headers.authorization;
  const inForm = form['client_secret'] !== undefined;
  if (header !== undefined) {
    if (inForm) throw new Fault('invalid_request', 'use one way of client authentication, not two');
    const match = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(header);
    const text = match === null ? '' : Buffer.from(match[1] as string, 'base64').toString('utf8');
    const colon = text.indexOf(':');
    if (colon < 1) throw new Fault('invalid_client', 'the Authorization header is not HTTP Basic');
    return { clientId: formDecoded(text.slice(0, colon)), clientSecret: formDecoded(text.slice(colon + 1)) };
  }
  if (form['client_id'] === undefined || !inForm) throw new Fault('invalid_client', 'client_id and client_secret are required');
  return { clientId: form['client_id'], clientSecret: form['client_secret'] as string };
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Fault('invalid_client', 'the Authorization header is not HTTP Basic');
  }
}
