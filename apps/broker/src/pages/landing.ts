import type { LinkView, Modules } from '@grantway/core';
import { viewLink } from '@grantway/core';
import { browserValues } from './browser-cookie.ts';
import { wordsOf } from './error-page.ts';
import { foreign, type Html, html } from './html.ts';
import { beforeConsentForm, type FormProblem, keyForm } from './key-form.ts';
import { icon, momentOf, noticeOf, pageOf } from './layout.ts';
import { linkPath, type Page, type PageAnswer, requestOf, tokenOf } from './page.ts';
import { formTokenInput } from './same-site-form.ts';

/** What an authorization link opens. Looking changes nothing: previews and scanners look too (security.md A17). */
export const landing: Page = {
  method: 'GET',
  path: '/connect/:token',
  changes: false,
  async run({ modules }, request) {
    const token = tokenOf(request);
    const view = await viewLink(modules, token, requestOf(request), browserValues(modules, request));
    if (view.state === 'used') return { status: 410, page: usedPage(view) };
    if (view.state === 'expired') return { status: 410, page: expiredPage() };
    return landingPage(modules, token, view);
  },
};

/** The live link's page; after a key that was not accepted, with what is wrong. */
export async function landingPage(modules: Modules, token: string, view: LinkView, problem?: FormProblem): Promise<PageAnswer> {
  const isOAuth = view.hasConsentPage;
  const tokenInput = await formTokenInput(modules, token);
  return {
    status: problem?.status ?? 200,
    page: renderLanding(view, token, tokenInput, problem),
    formAction: isOAuth || view.verification.mode !== 'none' ? providerFormAction(modules, view) : ["'self'"],
  };
}

/**
 * Chromium holds the redirects that follow a form post to `form-action` as well, every hop of them: hence all of https and
 * not the provider's first host.
 */
export function providerFormAction(modules: Modules, view: LinkView): string[] {
  const sandboxOrigin = modules.sandboxOrigin();
  const more = [view.sandbox ? sandboxOrigin : undefined, ...view.verification.leadsTo]
    .filter((url) => url !== undefined)
    .map((url) => new URL(url).origin)
    .filter((origin) => !origin.startsWith('https:'));
  return ["'self'", 'https:', ...new Set(more)];
}

export function renderLanding(view: LinkView, token: string, tokenInput: Html, problem?: FormProblem): string {
  const { connector } = view;
  const { mode } = view.verification;
  const asked =
    (mode === 'app' || mode === 'session') &&
    html`<li>The app that your agent belongs to says whether it is you. Until it has, nothing is used.</li>`;
  const isAgain = view.account.status === 'ACTIVE' && view.account.label !== null;
  return pageOf({
    title: `${problem === undefined ? '' : 'Problem: '}Connect ${connector.name}`,
    main: html`<main class="card">
${view.sandbox && sandboxBanner(connector.name, 'Enter no real password or key.')}
${view.verification.mode === 'none' && developmentBanner()}
<div class="pair" aria-hidden="true">
<span class="tile letter">${[...view.workspaceName.trim()][0]?.toUpperCase() ?? '?'}</span>
<span class="dots"></span>
<span class="tile"><img src="/pages/logos/${connector.id}.svg" alt="" width="36" height="36"></span>
</div>
<h1>Connect ${connector.name}</h1>
${
  view.account.owner === 'organization'
    ? html`<p class="lead">Agents of <strong>${foreign(view.workspaceName)}</strong> ask for a ${connector.name} account of the whole organization, connected by <strong>${foreign(view.identifier)}</strong>.</p>
<p class="note">${icon('warn')}<span>What you connect here works for others too: everybody whom the organization lets use it. It goes on when you leave.</span></p>`
    : html`<p class="lead">An agent of <strong>${foreign(view.workspaceName)}</strong> asks to use ${connector.name} on behalf of <strong>${foreign(view.identifier)}</strong>.</p>`
}
${isAgain && html`<p class="note">${icon('info')}<span>Connected now as <strong>${foreign(view.account.label ?? '')}</strong>. Going on renews this connection.</span></p>`}
${scopesOf(view)}
${beforeTheProvider(view, token, tokenInput) ?? (view.hasConsentPage ? beforeConsentForm(view, token, tokenInput, `Continue to ${connector.name}`, problem) : keyForm(view, token, tokenInput, problem))}
<p class="not-you"><strong>Not you?</strong> Close this page. Nothing has happened yet.</p>
<section><h2>What happens next</h2>
<ol class="steps">
${
  view.hasConsentPage
    ? html`<li>You sign in at ${connector.name}. Your password stays there.</li>
<li>${connector.name} asks whether you agree.</li>
${asked}
<li>You come back here, and your agent can go on. It never sees your sign-in.</li>`
    : view.fields.length === 0
      ? html`${asked}
<li>We look once whether ${connector.name} answers. It asks you for no sign-in and no key.</li>
<li>Your agent can go on.</li>`
      : html`${asked}
<li>We try the key once at ${connector.name}, to see that it works.</li>
<li>It is sealed and kept for this connection only.</li>
<li>Your agent can go on. It uses the key through us and never sees it.</li>`
}
</ol></section>
<dl class="facts">
<div><dt>Connection</dt><dd>${foreign(view.connectionName)}</dd></div>
<div><dt>Account</dt><dd>${whichAccount(view)}</dd></div>
<div><dt>Link expires</dt><dd>${momentOf(view.expiresAt)}</dd></div>
</dl>
</main>`,
  });
}

/** Whose account it is, and which of them where it has a name. */
export function whichAccount({ account }: Pick<LinkView, 'account'>): Html {
  const whose = account.owner === 'organization' ? 'The organization’s' : 'Personal';
  return account.name === null ? html`${whose}` : html`${whose}: <strong>${foreign(account.name)}</strong>`;
}

function scopesOf(view: LinkView): Html | undefined {
  if (view.scopes.length === 0) return undefined;
  return html`<section><h2>The agent will be able to</h2>
<ul class="scopes">${view.scopes.map((s) => html`<li>${icon('good')}<span>${s.description}${s.description === s.name ? undefined : html` <code>${s.name}</code>`}</span></li>`)}</ul></section>`;
}

export function continueForm(token: string, tokenInput: Html, label: string): Html {
  return html`<form method="post" action="${linkPath(token, '/go')}">${tokenInput}<button class="button" type="submit">${label}</button></form>`;
}

/** The step that proves who is here, where it comes before the provider; undefined once this browser may go on. */
function beforeTheProvider(view: LinkView, token: string, tokenInput: Html): Html | undefined {
  const { mode, ready, unusable, chatCode, chatRefused, signInHost } = view.verification;
  if (ready) return undefined;
  if (unusable) {
    return html`<p class="note">${icon('warn')}<span>${
      mode === 'session'
        ? 'This link alone is not enough. Sign in to your agent’s own app and connect from there.'
        : 'The people who run your agent have not finished setting this up. There is nothing you can do here; please tell them.'
    }</span></p>`;
  }
  if (mode === 'oidc') {
    return html`<section><h2>First: show that it is you</h2>
<p class="help">Sign in with your organization’s account. Only <strong>${foreign(view.identifier)}</strong> can go on.</p>
<form method="post" action="${linkPath(token, '/sign-in')}">${tokenInput}<button class="button" type="submit">Sign in with ${foreign(signInHost ?? 'your organization')}</button></form></section>`;
  }
  if (chatCode === undefined) {
    return html`<section><h2>First: show that it is you</h2>
${chatRefused && html`<div class="alert" role="alert"><strong>Too many wrong codes came</strong><p>That code no longer works. Begin again for a new one.</p></div>`}
<p class="help">You get a code here and send it in the chat in which <em>you</em> talk to your agent. Did somebody else send you this link, or ask you for a code? Close this page.</p>
<form method="post" action="${linkPath(token, '/ready')}">${tokenInput}<button class="button" type="submit">I am ready</button></form></section>`;
  }
  return html`<section class="proof"><h2>Send this code to your agent</h2>
<p class="code" aria-label="${[...chatCode].join(' ')}">${chatCode.slice(0, 3)} ${chatCode.slice(3)}</p>
<p class="help">Send it in your own chat with your agent, and nowhere else. Whoever gets it can use your ${view.connector.name} account. It works for 5 minutes, and for this browser only.</p>
<p class="actions"><a class="button" href="${linkPath(token)}">I have sent it</a></p></section>`;
}

function developmentBanner(): Html {
  return html`<p class="banner">${icon('warn')}<span><strong>Development.</strong> Nobody checks who is at the keyboard: whoever has this link can use it. This is possible on a local address only.</span></p>`;
}

export function sandboxBanner(connectorName: string, advice: string): Html {
  return html`<p class="banner">${icon('warn')}<span><strong>Sandbox.</strong> This is a stand-in for ${connectorName}, for trying things out. ${advice}</span></p>`;
}

/** Also the answer to a second look, a double click and the back button. */
export function usedPage(view: LinkView): string {
  if (view.account.status !== 'ACTIVE') return noticePage('link_used');
  const label = view.account.label;
  return pageOf({
    title: `${view.connector.name} is connected`,
    main: noticeOf({
      tone: 'good',
      title: `${view.connector.name} is already connected`,
      text: html`This link was used${label === null ? undefined : html` to connect <strong>${foreign(label)}</strong>`}. You can close this page and go back to your agent.`,
      next: 'Nothing more is needed. If your agent still asks you to connect, ask it for a new link.',
    }),
  });
}

export function expiredPage(): string {
  return noticePage('link_expired');
}

function noticePage(code: 'link_used' | 'link_expired'): string {
  const said = wordsOf(code);
  return pageOf({ title: said.title, main: noticeOf(said) });
}
