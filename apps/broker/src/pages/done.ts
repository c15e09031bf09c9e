import { type FaultCode, faults } from '@grantway/contract';
import { type ChoiceView, type LinkView, viewLink } from '@grantway/core';
import { browserValues } from './browser-cookie.ts';
import { words, wordsOf } from './error-page.ts';
import { foreign, type Html, html } from './html.ts';
import { continueForm, expiredPage, providerFormAction, sandboxBanner, usedPage, whichAccount } from './landing.ts';
import { noticeOf, pageOf } from './layout.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { formTokenInput } from './same-site-form.ts';

/** How it ended. What is stored decides; `r` only chooses the words where nothing was connected. */
export const done: Page = {
  method: 'GET',
  path: '/connect/:token/done',
  changes: false,
  async run({ modules }, request) {
    const token = tokenOf(request);
    const view = await viewLink(modules, token, requestOf(request), browserValues(modules, request));
    const { r } = request.query as { r?: unknown };
    const shown = outcomeOf(view, faultCodeOf(r));
    if (view.state === 'live' && view.choice !== undefined) {
      return { page: choicePage(view, view.choice, token, await formTokenInput(modules, token)), formAction: ["'self'"] };
    }
    if (view.state === 'live' && view.replacement !== undefined) {
      return { page: replacementPage(view, view.replacement, token, await formTokenInput(modules, token)), formAction: ["'self'"] };
    }
    if (shown === 'connected') return { page: connectedPage(view) };
    if (shown === 'link_used') return { page: usedPage(view) };
    if (shown === 'link_expired') return { page: expiredPage() };
    return {
      page: unfinishedPage(view, shown, token, await formTokenInput(modules, token)),
      formAction: providerFormAction(modules, view),
    };
  },
};

function faultCodeOf(r: unknown): FaultCode | undefined {
  return typeof r === 'string' && Object.hasOwn(faults, r) && Object.hasOwn(words, r) ? (r as FaultCode) : undefined;
}

export function outcomeOf(view: Pick<LinkView, 'state' | 'account'>, r: FaultCode | undefined): FaultCode | 'connected' | 'unfinished' {
  if (view.state === 'used') return view.account.status === 'ACTIVE' && r !== 'link_used' ? 'connected' : 'link_used';
  // The link says for itself whether it is over.
  if (r !== undefined && r !== 'link_used' && r !== 'link_expired') return r;
  return view.state === 'expired' ? 'link_expired' : 'unfinished';
}

/** The second step of a re-authorization that landed on another account; saying nothing keeps the old one. */
export function replacementPage(view: LinkView, change: NonNullable<LinkView['replacement']>, token: string, tokenInput: Html): string {
  const { connector } = view;
  const title = change.mayAdd ? `Another ${connector.name} account?` : `Replace the ${connector.name} account?`;
  return pageOf({
    title,
    main: noticeOf({
      tone: 'warn',
      title,
      text: html`You signed in with another account than the one that is connected. Nothing was changed yet.`,
      extra: html`<dl class="facts">
<div><dt>Connected now</dt><dd>${foreign(change.from)}</dd></div>
<div><dt>${change.mayAdd ? 'Signed in as' : 'Would become'}</dt><dd><strong>${foreign(change.to)}</strong></dd></div>
<div><dt>Account</dt><dd>${whichAccount(view)}</dd></div>
<div><dt>${forWhom(view)}</dt><dd>${foreign(view.identifier)}</dd></div>
</dl>
${
  change.mayAdd &&
  html`<form method="post" action="${linkPath(token, '/replace')}">${tokenInput}<input type="hidden" name="as" value="another"><button class="button" type="submit">Keep both</button></form>
<p class="help">It is added as another account; the one from before stays what is used unless an agent names the new one.</p>`
}
<form method="post" action="${linkPath(token, '/replace')}">${tokenInput}<button class="${change.mayAdd ? 'button second' : 'button'}" type="submit">Replace it</button></form>
<p class="not-you">To keep the account from before, close this page. The new sign-in is then given back within ten minutes.</p>`,
    }),
  });
}

const forWhom = (view: LinkView) => (view.account.owner === 'organization' ? 'Connected by' : 'On behalf of');
/** One sign-in, several sites: which of them the agent works in. Radio buttons, so that keyboard and phone need no script. */
export function choicePage(view: LinkView, choice: ChoiceView, token: string, tokenInput: Html): string {
  const { connector } = view;
  const title = `Choose the ${connector.name} ${choice.noun}`;
  const known = choice.options.findIndex((option) => option.current);
  return pageOf({
    title,
    main: html`<main class="card">
<h1>${title}</h1>
<p class="lead">You signed in, and have ${choice.options.length} to choose from. The agent works for <strong>${foreign(view.identifier)}</strong> in the one that you choose.</p>
<form method="post" action="${linkPath(token, '/choose')}">${tokenInput}<input type="hidden" name="question" value="${choice.id}">
<fieldset class="choices"><legend>${choice.noun[0]?.toUpperCase()}${choice.noun.slice(1)}</legend>
${choice.options.map(
  (option, i) => html`<label class="choice"><input type="radio" name="choice" value="${i}" required${i === known && html` checked`}>
<span><strong>${foreign(option.label)}</strong>${option.detail !== undefined && html`<span class="help">${foreign(option.detail)}</span>`}</span></label>`,
)}
</fieldset>
<button class="button" type="submit">Connect</button></form>
<p class="not-you">Nothing is connected yet. If you close this page, the sign-in is given back within ten minutes.</p>
</main>`,
  });
}

export function connectedPage(view: LinkView): string {
  const { connector, account } = view;
  const title = `${connector.name} is connected`;
  return pageOf({
    title,
    main: noticeOf({
      tone: 'good',
      title,
      text: html`Connected as <strong>${foreign(account.label ?? view.identifier)}</strong>. You can close this page and go back to your agent.`,
      extra: html`${view.sandbox && sandboxBanner(connector.name, 'No real account was touched.')}
${
  view.missingScopes.length > 0 &&
  html`<div class="next"><h2>Not everything was granted</h2><p>The agent works with what you allowed. It cannot do these, until you connect again and allow them:</p>
<ul>${view.missingScopes.map((s) => html`<li>${s.description}</li>`)}</ul></div>`
}
<dl class="facts">
<div><dt>Workspace</dt><dd>${foreign(view.workspaceName)}</dd></div>
<div><dt>Account</dt><dd>${whichAccount(view)}</dd></div>
<div><dt>${forWhom(view)}</dt><dd>${foreign(view.identifier)}</dd></div>
</dl>`,
    }),
  });
}

export function unfinishedPage(view: LinkView, shown: FaultCode | 'unfinished', token: string, tokenInput: Html): string {
  const { connector } = view;
  const said =
    shown === 'unfinished'
      ? ({
          tone: 'info',
          title: `${connector.name} is not connected yet`,
          text: 'The sign-in was not finished.',
          next: 'Go on whenever you like while the link lives.',
        } as const)
      : wordsOf(shown);
  const label = shown === 'unfinished' ? `Continue to ${connector.name}` : 'Try again';
  const again =
    view.hasConsentPage && view.verification.ready && view.fields.length === 0
      ? continueForm(token, tokenInput, label)
      : html`<p class="actions"><a class="button" href="${linkPath(token)}">${label}</a></p>`;
  return pageOf({
    title: said.title,
    main: noticeOf({
      ...said,
      next: view.state === 'live' ? said.next : 'Go back to your agent and ask it for a new link.',
      extra: html`${shown === 'account_changed' && view.account.label !== null && html`<p class="note"><span>The account from before is <strong>${foreign(view.account.label)}</strong>.</span></p>`}
${view.state === 'live' && again}`,
    }),
  });
}
