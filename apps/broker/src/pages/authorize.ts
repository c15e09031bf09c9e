import { Fault, isFault } from '@grantway/contract';
import {
  type AuthorizationRequest,
  allowClient,
  configOverview,
  denyClient,
  findIdentityProvider,
  findSignedIn,
  finishProviderSignIn,
  type Modules,
  ownGrants,
  readAuthorizationRequest,
  type SignedInBrowser,
  startProviderSignIn,
} from '@grantway/core';
import type { FastifyRequest } from 'fastify';
import { renderConsent, renderInvalidRequest, renderSignIn } from './authorize-page.ts';
import { browserValues, forgetBrowser, rememberBrowser } from './browser-cookie.ts';
import { type Page, type PageAnswer, requestOf } from './page.ts';
import { readSubjectForm, subjectInput } from './same-site-form.ts';

/*
 * Where an MCP client sends a person (RFC 6749 section 3.1). Everything that the client asks for travels in the page's own
 * form and is read again with each step, so that looking writes no row. The browser leaves for the client's address only
 * after a person has pressed a button on a page that names the client (security.md A25).
 */
const path = '/oauth/authorize';
const maxQueryLength = 8192;

/** The field of our forms that holds the request, as it came. */
const requestField = 'request';

const signInForm = (query: string) => ['MCP sign-in', query];
const decisionForm = (browser: string, query: string) => ['MCP decision', browser, query];

export const authorize: Page = {
  method: 'GET',
  path,
  changes: false,
  async run({ modules }, request) {
    const query = queryOf(request);
    return orInvalidRequest(async () => {
      const asked = await readRequest(modules, query);
      const signIn = await findSignedIn(modules, browserValues(modules, request), requestOf(request), asked.config.id);
      return signIn === undefined ? signInPage(modules, asked, query) : consentPage(modules, asked, query, signIn);
    });
  },
};

/** Allow or Deny. */
export const decide: Page = {
  method: 'POST',
  path: `${path}/decide`,
  changes: true,
  async run({ modules }, request, reply) {
    let signIn: SignedInBrowser | undefined;
    let asked: AuthorizationRequest | undefined;
    const fields = await readSubjectForm(modules, request, async (sent) => {
      asked = await readRequest(modules, sent[requestField] ?? '');
      signIn = await findSignedIn(modules, browserValues(modules, request), requestOf(request), asked.config.id);
      if (signIn === undefined) throw new Fault('sign_in_required');
      return decisionForm(signIn.browser, sent[requestField] ?? '');
    });
    if (asked === undefined || signIn === undefined) throw new Fault('sign_in_required');
    if (fields['decision'] !== 'allow' && fields['decision'] !== 'deny') throw new Fault('invalid_request');
    let answer: { code: string } | { error: string } = { error: 'access_denied' };
    if (fields['decision'] === 'allow') answer = await allowClient(modules, asked, signIn);
    else await denyClient(asked, signIn);
    forgetBrowser(modules, request, reply, signIn.browser);
    return { location: backToClient(modules, asked, answer) };
  },
};

/** To the operator's identity provider; from a page that names the client. */
export const authorizeSignIn: Page = {
  method: 'POST',
  path: `${path}/sign-in`,
  changes: true,
  async run({ modules }, request, reply) {
    const fields = await readSubjectForm(modules, request, (sent) => signInForm(sent[requestField] ?? ''));
    const query = fields[requestField] ?? '';
    const { location, browser } = await startProviderSignIn(modules, await readRequest(modules, query), query, requestOf(request));
    rememberBrowser(modules, request, reply, browser);
    return { location };
  },
};

/** The way back from the identity provider: used up by its single-use `state`, in the browser that began. */
export const signedIn: Page = {
  method: 'GET',
  path: '/oauth/signed-in/:environmentId',
  changes: true,
  async run({ modules }, request) {
    const { environmentId } = request.params as { environmentId: string };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
      if (typeof value !== 'string') throw new Fault('state_invalid', { internal: 'a parameter came twice' });
      query.set(name, value);
    }
    // HEAD comes from previews and proxies, never from the redirect.
    const browsers = request.method === 'HEAD' ? [] : browserValues(modules, request);
    const { query: asked, outcome } = await finishProviderSignIn(modules, { environmentId, query, browsers }, requestOf(request));
    if (outcome !== 'proven') throw new Fault(outcome);
    return { location: `${path}?${asked}` };
  },
};

function queryOf(request: FastifyRequest): string {
  const at = request.url.indexOf('?');
  return at < 0 ? '' : request.url.slice(at + 1);
}

async function readRequest(modules: Modules, query: string): Promise<AuthorizationRequest> {
  if (query.length > maxQueryLength) throw new Fault('authorization_request_invalid', 'the request is too long');
  return readAuthorizationRequest(modules, new URLSearchParams(query));
}

/** Developers are told what is wrong, in our own words: nothing of the request is repeated. */
async function orInvalidRequest(work: () => Promise<PageAnswer>): Promise<PageAnswer> {
  try {
    return await work();
  } catch (error) {
    if (!isFault(error, 'authorization_request_invalid') || error.detail === undefined) throw error;
    return { status: error.status, page: renderInvalidRequest(error.detail) };
  }
}

async function signInPage(modules: Modules, asked: AuthorizationRequest, query: string): Promise<PageAnswer> {
  const idp = await findIdentityProvider(modules, asked.config.environmentId, asked.config.id);
  const form = { field: requestField, query, token: await subjectInput(modules, signInForm(query)) };
  const issuer = idp === undefined ? undefined : new URL(idp.issuer);
  return {
    status: 200,
    page: renderSignIn({ asked, form, here: `${path}?${query}`, signInHost: issuer?.host }),
    // As for providers: every hop of the redirects counts.
    formAction: issuer === undefined ? [] : ["'self'", 'https:', ...(issuer.protocol === 'https:' ? [] : [issuer.origin])],
  };
}

async function consentPage(modules: Modules, asked: AuthorizationRequest, query: string, signIn: SignedInBrowser): Promise<PageAnswer> {
  const [connections, grants] = await Promise.all([configOverview(modules, asked), ownGrants(signIn)]);
  return {
    page: renderConsent({
      asked,
      identifier: signIn.view.identifier,
      connections,
      grants: grants.length,
      form: { field: requestField, query, token: await subjectInput(modules, decisionForm(signIn.browser, query)) },
    }),
    formAction: ["'self'", ...clientSources(asked.redirectUri)],
  };
}

/** Where the answer may lead the browser: a web client may send it on across its own hosts, an app's page on loopback too. */
function clientSources(redirectUri: string): string[] {
  const { protocol, origin, hostname } = new URL(redirectUri);
  if (protocol === 'https:') return ['https:'];
  if (protocol !== 'http:') return [protocol];
  // A source cannot name an IPv6 address (CSP level 3, host-source).
  return ['https:', hostname.startsWith('[') ? 'http:' : origin];
}

/** RFC 6749 sections 4.1.2 and 4.1.2.1, with `iss` (RFC 9207). The client's own text is left as it is. */
function backToClient(
  modules: Modules,
  { redirectUri, state }: AuthorizationRequest,
  answer: { code: string } | { error: string },
): string {
  const parameters = new URLSearchParams({ ...answer, ...(state === undefined ? {} : { state }), iss: modules.baseUrl() });
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${parameters}`;
}
