import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import { Fault, parseBearer } from '@grantway/contract';
import type { Log, Modules } from '@grantway/core';
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { toFault } from '../http.ts';
import { approval, approvalDecision } from './approval.ts';
import { authorize, authorizeSignIn, decide, signedIn } from './authorize.ts';
import { callback } from './callback.ts';
import { choose } from './choose.ts';
import { done } from './done.ts';
import { errorPage } from './error-page.ts';
import { go } from './go.ts';
import { pageHeaders } from './headers.ts';
import { identity } from './identity.ts';
import { key } from './key.ts';
import { landing } from './landing.ts';
import { iconPath, iconSvg } from './layout.ts';
import { createLogos, logoHeaders } from './logos.ts';
import { linkPath, type Page, type PageAnswer, type PageDeps } from './page.ts';
import { ready } from './ready.ts';
import { replace } from './replace.ts';
import { signIn } from './sign-in.ts';
import { apps, openSignInLink, removeApp, signInLink } from './signed-in-apps.ts';
import { styleHeaders, stylePath, styleText } from './style.ts';

export { errorPage } from './error-page.ts';
export { pageHeaders } from './headers.ts';
export { renderReference } from './reference.ts';
export { renderWelcome, type WelcomeState } from './welcome.ts';

const stylesheet: Page = {
  method: 'GET',
  path: stylePath,
  changes: false,
  run: async () => ({ file: styleText, headers: styleHeaders }),
};

const icon: Page = { method: 'GET', path: iconPath, changes: false, run: async () => ({ file: iconSvg, headers: logoHeaders }) };

const logo: Page = {
  method: 'GET',
  path: '/pages/logos/:connector.svg',
  changes: false,
  async run({ logos }, request) {
    const svg = await logos((request.params as { connector: string }).connector);
    if (svg === undefined) throw new Fault('not_found');
    return { file: svg, headers: logoHeaders };
  },
};

const pages: readonly Page[] = [
  landing,
  ready,
  signIn,
  go,
  key,
  choose,
  replace,
  done,
  callback,
  identity,
  approval,
  approvalDecision,
  authorize,
  decide,
  authorizeSignIn,
  signedIn,
  signInLink,
  openSignInLink,
  apps,
  removeApp,
  stylesheet,
  icon,
  logo,
];

/** Everything under these is ours to answer, also where there is no page. */
const elsewhere: readonly { path: string; code: 'link_invalid' | 'sign_in_link_invalid' | 'not_found' }[] = [
  { path: '/connect', code: 'link_invalid' },
  { path: '/connect/*', code: 'link_invalid' },
  { path: '/approve', code: 'link_invalid' },
  { path: '/approve/*', code: 'link_invalid' },
  { path: '/oauth/callback', code: 'not_found' },
  { path: '/oauth/callback/*', code: 'not_found' },
  { path: '/oauth/identity', code: 'not_found' },
  { path: '/oauth/identity/*', code: 'not_found' },
  { path: '/oauth/authorize/*', code: 'not_found' },
  { path: '/oauth/signed-in', code: 'not_found' },
  { path: '/oauth/signed-in/*', code: 'not_found' },
  { path: '/oauth/sign-in', code: 'sign_in_link_invalid' },
  { path: '/oauth/sign-in/*', code: 'sign_in_link_invalid' },
  { path: '/oauth/apps/*', code: 'not_found' },
  { path: '/pages/*', code: 'not_found' },
];

/** HEAD works wherever GET does. */
export const pageRoutes: readonly { method: 'GET' | 'POST'; path: string; changes: boolean }[] = pages.map(({ method, path, changes }) => ({
  method,
  path,
  changes,
}));

const formLimitBytes = 64 * 1024;

/**
 * The hosted pages, in a scope of their own: cookies, forms and errors told as pages belong to it.
 * `connectorsDir` holds `<id>/logo.svg`.
 */
export function registerPages(app: FastifyInstance, modules: Modules, options: { connectorsDir: string }): void {
  const deps: PageDeps = { modules, logos: createLogos(modules.catalogue, options.connectorsDir) };
  app.register(async (scope) => {
    // Forms only: what is not a form is refused before anything reads it.
    scope.removeAllContentTypeParsers();
    await scope.register(cookie);
    await scope.register(formbody, { bodyLimit: formLimitBytes });
    scope.setErrorHandler((error, request, reply) => sendError(request, reply, toFault(error, request.log as unknown as Log)));

    for (const page of pages) {
      scope.route({
        method: page.method === 'GET' ? ['GET', 'HEAD'] : page.method,
        url: page.path,
        bodyLimit: formLimitBytes,
        handler: async (request, reply) => send(reply, await page.run(deps, request, reply)),
      });
      const allowed: HTTPMethods[] = page.method === 'GET' ? ['GET', 'HEAD'] : ['POST'];
      scope.route({
        method: methods.filter((m) => !allowed.includes(m)),
        url: page.path,
        // Before the body is read.
        onRequest: async (_request, reply) => {
          reply.header('allow', allowed.join(', '));
          throw new Fault('method_not_allowed');
        },
        handler: neverReached,
      });
    }
    for (const { path, code } of elsewhere) {
      scope.route({
        method: [...methods],
        url: path,
        onRequest: async () => {
          throw new Fault(code);
        },
        handler: neverReached,
      });
    }
  });
}

const methods: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function neverReached(): never {
  throw new Error('the hook before answers');
}

function send(reply: FastifyReply, answer: PageAnswer): FastifyReply {
  if ('file' in answer) return reply.headers(answer.headers).send(answer.file);
  if ('location' in answer) return reply.headers(pageHeaders()).redirect(answer.location, 303);
  return reply
    .status(answer.status ?? 200)
    .headers(pageHeaders({ ...(answer.formAction === undefined ? {} : { formAction: answer.formAction }) }))
    .send(answer.page);
}

function sendError(request: FastifyRequest, reply: FastifyReply, fault: Fault): FastifyReply {
  const { token } = (request.params ?? {}) as { token?: string };
  // Only where something was wrong with the request, not with the link.
  const again =
    token !== undefined && parseBearer('link', token) !== undefined && fault.code !== 'link_invalid' ? linkPath(token) : undefined;
  if (fault.retryAfterSeconds !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(fault.retryAfterSeconds))));
  return reply
    .status(fault.status)
    .headers(pageHeaders())
    .send(errorPage(fault, { requestId: request.id, linkPath: again }));
}
