import type { LinkView, Modules } from '@grantway/core';
import { viewLink } from '@grantway/core';
import { wordsOf } from './error-page.ts';
import { foreign, type Html, html } from './html.ts';
import { type FormProblem, keyForm } from './key-form.ts';
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
    const view = await viewLink(modules, token, requestOf(request));
    if (view.state === 'used') return { status: 410, page: usedPage(view) };
    if (view.state === 'expired') return { status: 410, page: expiredPage() };
    return landingPage(modules, token, view);
  },
};

/** The live link's page; after a key that was not accepted, with what is wrong. */
export async function landingPage(modules: Modules, token: string, view: LinkView, problem?: FormProblem): Promise<PageAnswer> {
  const isOAuth = view.kind === 'oauth2';
  const tokenInput = await formTokenInput(modules, token);
  return {
    status: problem?.status ?? 200,
    page: renderLanding(view, token, tokenInput, problem),
    formAction: isOAuth ? providerFormAction(modules, view) : ["'self'"],
  };
}

/**
 * Chromium holds the redirects that follow a form post to `form-action` as well, every hop of them: hence all of https and
 * not the provider's first host.
 */
export function providerFormAction(modules: Modules, view: LinkView): string[] {
  const sandboxOrigin = modules.sandboxOrigin();
  if (view.sandbox && sandboxOrigin !== undefined) return ["'self'", 'https:', new URL(sandboxOrigin).origin];
  return ["'self'", 'https:'];
}

export function renderLanding(view: LinkView, token: string, tokenInput: Html, problem?: FormProblem): string {
  const { connector } = view;
  const isAgain = view.account.status === 'ACTIVE' && view.account.label !== null;
  return pageOf({
    title: `${problem === undefined ? '' : 'Problem: '}Connect ${connector.name}`,
    main: html`<main class="card">
${view.sandbox && sandboxBanner(connector.name, 'Enter no real password or key.')}
<div class="pair" aria-hidden="true">
<span class="tile letter">${[...view.workspaceName.trim()][0]?.toUpperCase() ?? '?'}</span>
<span class="dots"></span>
<span class="tile"><img src="/pages/logos/${connector.id}.svg" alt="" width="36" height="36"></span>
</div>
<h1>Connect ${connector.name}</h1>
<p class="lead">An agent of <strong>${foreign(view.workspaceName)}</strong> asks to use ${connector.name} on behalf of <strong>${foreign(view.identifier)}</strong>.</p>
${isAgain && html`<p class="note">${icon('info')}<span>Connected now as <strong>${foreign(view.account.label ?? '')}</strong>. Going on renews this connection.</span></p>`}
${view.kind === 'oauth2' ? scopesOf(view) : undefined}
${view.kind === 'oauth2' ? continueForm(token, tokenInput, `Continue to ${connector.name}`) : keyForm(view, token, tokenInput, problem)}
<p class="not-you"><strong>Not you?</strong> Close this page. Nothing has happened yet.</p>
<section><h2>What happens next</h2>
<ol class="steps">
${
  view.kind === 'oauth2'
    ? html`<li>You sign in at ${connector.name}. Your password stays there.</li>
<li>${connector.name} asks whether you agree.</li>
<li>You come back here, and your agent can go on. It never sees your sign-in.</li>`
    : view.kind === 'none'
      ? html`<li>We look once whether ${connector.name} answers. It asks for no sign-in and no key.</li>
<li>Your agent can go on.</li>`
      : html`<li>We try the key once at ${connector.name}, to see that it works.</li>
<li>It is sealed and kept for this connection only.</li>
<li>Your agent can go on. It uses the key through us and never sees it.</li>`
}
</ol></section>
<dl class="facts">
<div><dt>Connection</dt><dd>${foreign(view.connectionName)}</dd></div>
<div><dt>Link expires</dt><dd>${momentOf(view.expiresAt)}</dd></div>
</dl>
</main>`,
  });
}

function scopesOf(view: LinkView): Html | undefined {
  if (view.scopes.length === 0) return undefined;
  return html`<section><h2>The agent will be able to</h2>
<ul class="scopes">${view.scopes.map((s) => html`<li>${icon('good')}<span>${s.description}${s.description === s.name ? undefined : html` <code>${s.name}</code>`}</span></li>`)}</ul></section>`;
}

export function continueForm(token: string, tokenInput: Html, label: string): Html {
  return html`<form method="post" action="${linkPath(token, '/go')}">${tokenInput}<button class="button" type="submit">${label}</button></form>`;
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
