import { Fault, type McpGrant } from '@grantway/contract';
import {
  findSignedIn,
  ownGrants,
  revokeOwnGrant,
  type SignedInBrowser,
  type SignInView,
  useSignInLink,
  viewSignInLink,
} from '@grantway/core';
import { browserValues, rememberBrowser } from './browser-cookie.ts';
import { foreign, type Html, html } from './html.ts';
import { momentOf, pageOf } from './layout.ts';
import { type Page, requestOf, tokenOf } from './page.ts';
import { readSubjectForm, subjectInput } from './same-site-form.ts';

const linkForm = (token: string) => ['sign-in link', token];
const appsForm = (browser: string) => ['MCP apps', browser];

/** What a one-time sign-in link opens: it says whom it signs in, and changes nothing yet. */
export const signInLink: Page = {
  method: 'GET',
  path: '/oauth/sign-in/:token',
  changes: false,
  async run({ modules }, request) {
    const token = tokenOf(request);
    const view = await viewSignInLink(modules, token, requestOf(request));
    return { page: renderSignInLink(view, token, await subjectInput(modules, linkForm(token))), formAction: ["'self'"] };
  },
};

/** The link is used up, and this browser is that person's for a few minutes. */
export const openSignInLink: Page = {
  method: 'POST',
  path: '/oauth/sign-in/:token/open',
  changes: true,
  async run({ modules }, request, reply) {
    const token = tokenOf(request);
    await readSubjectForm(modules, request, () => linkForm(token));
    const { browser } = await useSignInLink(modules, token, requestOf(request));
    rememberBrowser(modules, request, reply, browser);
    return { location: '/oauth/apps' };
  },
};

/** For whoever is signed in: how to go on, and what was allowed before. */
export const apps: Page = {
  method: 'GET',
  path: '/oauth/apps',
  changes: false,
  async run({ modules }, request) {
    const signIn = await findSignedIn(modules, browserValues(modules, request), requestOf(request));
    if (signIn === undefined) throw new Fault('sign_in_required');
    const token = await subjectInput(modules, appsForm(signIn.browser));
    return { page: renderApps(signIn, await ownGrants(signIn), token), formAction: ["'self'"] };
  },
};

/** The person ends what an app was allowed. */
export const removeApp: Page = {
  method: 'POST',
  path: '/oauth/apps/remove',
  changes: true,
  async run({ modules }, request) {
    let signIn: SignedInBrowser | undefined;
    const fields = await readSubjectForm(modules, request, async () => {
      signIn = await findSignedIn(modules, browserValues(modules, request), requestOf(request));
      if (signIn === undefined) throw new Fault('sign_in_required');
      return appsForm(signIn.browser);
    });
    if (signIn === undefined) throw new Fault('sign_in_required');
    await revokeOwnGrant(signIn, fields['grant'] ?? '');
    return { location: '/oauth/apps' };
  },
};

function renderSignInLink(view: SignInView, token: string, tokenInput: Html): string {
  return pageOf({
    title: 'Sign in',
    main: html`<main class="card">
<h1>Sign in as <bdi>${view.identifier}</bdi></h1>
<p class="lead">This link of <strong>${foreign(view.workspaceName)}</strong> signs you in, so that you can allow an app to use <strong>${foreign(view.configName)}</strong> on your behalf.</p>
<form method="post" action="/oauth/sign-in/${token}/open">${tokenInput}<button class="button" type="submit">Yes, that is me</button></form>
<p class="not-you"><strong>Not you?</strong> Close this page: what you allow would be allowed in another person’s name. Nothing has happened yet.</p>
<dl class="facts"><div><dt>Link expires</dt><dd>${momentOf(view.expiresAt)}</dd></div></dl>
</main>`,
  });
}

function renderApps({ view }: SignedInBrowser, grants: McpGrant[], tokenInput: Html): string {
  return pageOf({
    title: 'Apps you allowed',
    main: html`<main class="card">
<h1>You are signed in</h1>
<p class="lead">As <strong>${foreign(view.identifier)}</strong>, in this browser, for <strong>${foreign(view.configName)}</strong> of <strong>${foreign(view.workspaceName)}</strong>.</p>
<section><h2>To connect an app</h2><ol class="steps">
<li>Add this MCP server to it: <code>${view.resource}</code></li>
<li>It sends you to a page here that names the app. Say there whether you allow it.</li>
</ol><p class="help">Is such a page waiting in another tab? Go on there.</p></section>
<section><h2>Apps you allowed</h2>
${grants.length === 0 ? html`<p class="help">None.</p>` : html`<ul class="apps">${grants.map((grant) => appLine(grant, tokenInput))}</ul>`}</section>
<dl class="facts"><div><dt>Signed in until</dt><dd>${momentOf(view.expiresAt)}, or your next decision</dd></div></dl>
</main>`,
  });
}

function appLine(grant: McpGrant, tokenInput: Html): Html {
  const { client } = grant;
  const name = client.verified_host ?? client.name ?? 'An app without a name';
  const since = grant.created_at.slice(0, 10);
  return html`<li><span><strong>${foreign(name)}</strong><br><span class="quiet small">since <time datetime="${since}">${since}</time>${grant.scope === 'mcp:read' && ', reading only'}</span></span>
<form method="post" action="/oauth/apps/remove">${tokenInput}<input type="hidden" name="grant" value="${grant.id}"><button class="button second" type="submit">Remove</button></form></li>`;
}
