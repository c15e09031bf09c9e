import type { ApprovalView } from '@grantway/core';
import { foreign, type Html, html } from './html.ts';
import { sandboxBanner } from './landing.ts';
import { icon, momentOf, noticeOf, pageOf, type Tone } from './layout.ts';

export type Decision = 'approve' | 'deny';

export function approvalPath(token: string, rest: '' | '/decide' = ''): string {
  return `/approve/${encodeURIComponent(token)}${rest}`;
}

/** The call as it will be made, and the two buttons. */
export function renderApproval(view: ApprovalView, token: string, tokenInput: Html): string {
  const { connectorName, approveBy } = view;
  return pageOf({
    title: `Approve: ${view.toolTitle}`,
    main: html`<main class="card">
${view.sandbox && sandboxBanner(connectorName, 'No real account is touched.')}
${
  view.audience === 'user' &&
  approveBy.kind === 'page' &&
  html`<p class="banner">${icon('warn')}<span><strong>Development.</strong> Nobody checks who is at the keyboard: whoever has this link can approve, your agent too. This is possible on a local address only.</span></p>`
}
<h1>Approve this call?</h1>
<p class="lead">An agent of <strong>${foreign(view.workspaceName)}</strong> wants to run <strong>${foreign(view.toolTitle)}</strong> at ${foreign(connectorName)} on behalf of <strong>${foreign(view.userIdentifier)}</strong>.</p>
${effectOf(view)}
<section class="sent"><h2>What will be sent</h2>
${view.arguments === undefined || Object.keys(view.arguments).length === 0 ? html`<p class="help">No arguments.</p>` : argumentsOf(view.arguments)}
</section>
${factsOf(view)}
${
  approveBy.kind === 'nobody' &&
  html`<p class="note">${icon('warn')}<span>This link came from an agent, and nobody here can check who you are: it can say no, not yes. To approve, ask the people who run the agent.</span></p>`
}
<form method="post" action="${approvalPath(token, '/decide')}">${tokenInput}
<details class="more"><summary>Say why (optional)</summary>
<div class="field"><label for="reason">Your agent reads this, and it is kept with the decision.</label>
<textarea id="reason" name="reason" maxlength="500" rows="3"></textarea></div></details>
<div class="pair-of-buttons"><button class="button second" type="submit" name="decision" value="deny">Deny</button>
${approveBy.kind !== 'nobody' && html`<button class="button" type="submit" name="decision" value="approve">${approveBy.kind === 'app' ? html`Sign in to approve` : html`Approve once`}</button>`}</div>
</form>
<p class="not-you">${
      approveBy.kind === 'app'
        ? html`To approve you go to <strong>${foreign(new URL(approveBy.url).hostname)}</strong>, which knows who you are.`
        : html`Approved, it can be made once, with exactly this. If you close the page, nothing is sent.`
    }</p>
</main>`,
  });
}

function effectOf({ effect, connectorName }: ApprovalView): Html {
  const words = {
    read: ['info', html`<strong>It reads.</strong> Nothing is changed at ${foreign(connectorName)}; the agent sees what is found.`],
    write: ['info', html`<strong>It changes something</strong> at ${foreign(connectorName)}.`],
    destructive: [
      'warn',
      html`<strong>It can delete or overwrite</strong> something at ${foreign(connectorName)}, which may not be undone.`,
    ],
  } as const;
  const [tone, text] = words[effect];
  return html`<p class="${tone === 'warn' ? 'banner' : 'note'}">${icon(tone)}<span>${text}</span></p>`;
}

function factsOf(view: ApprovalView): Html {
  const whose = view.accountOwner === 'organization' ? 'The organization’s' : 'Personal';
  return html`<dl class="facts">
<div><dt>Tool</dt><dd><code>${foreign(view.toolName)}</code></dd></div>
<div><dt>Account</dt><dd>${whose}${view.accountLabel !== null && html`: <strong>${foreign(visible(view.accountLabel))}</strong>`}</dd></div>
<div><dt>Connection</dt><dd>${foreign(view.connectionName)}</dd></div>
${view.configName !== null && html`<div><dt>Agent’s role</dt><dd>${foreign(view.configName)}</dd></div>`}
${view.clientName !== null && html`<div><dt>Client</dt><dd>${foreign(view.clientName)}</dd></div>`}
<div><dt>Expires</dt><dd>${momentOf(view.expiresAt)}</dd></div>
</dl>`;
}

/** Longer values show how they begin, and all of themselves when unfolded; the length is always said. */
const foldedFrom = 1200;
const beginning = 400;

/** Each argument by its name, in the order they were sent; text as text, everything else as JSON. */
export function argumentsOf(values: Record<string, unknown>): Html {
  return html`<dl class="arguments">${Object.entries(values).map(
    ([name, value]) => html`<div><dt><code>${foreign(visible(name))}</code></dt><dd>${shownValue(value)}</dd></div>`,
  )}</dl>`;
}

function shownValue(value: unknown): Html {
  const text = visible(typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'null'));
  if (text === '') return html`<span class="quiet">(empty text)</span>`;
  if (text.length <= foldedFrom) return html`<pre>${foreign(text)}</pre>`;
  return html`<pre>${foreign(`${[...text.slice(0, beginning)].slice(0, -1).join('')}…`)}</pre>
<details class="more"><summary>Long: show all ${text.length} characters</summary><pre>${foreign(text)}</pre></details>`;
}

/** F06: what cannot be seen, or turns the writing around, is named instead. Tabs and line ends are what they are. */
function visible(text: string): string {
  return text.replace(/[^\P{C}\t\n]|[\u2028\u2029\u00ad\u115f\u1160\u3164\uffa0]/gu, (c) => {
    if (c === '\r') return '';
    return `⟦U+${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟧`;
  });
}

/** What became of it; also what a second press of a button, and the back button, arrive at. */
export function renderDecided(view: ApprovalView, pressed?: Decision): string {
  const said = outcomeOf(view);
  const decision = view.status === 'denied' ? 'deny' : 'approve';
  const tooLate = pressed !== undefined && (view.decidedAt === null || pressed !== decision);
  return pageOf({
    title: said.title,
    main: noticeOf({
      ...said,
      extra: html`${
        tooLate &&
        html`<p class="note">${icon('warn')}<span>It was over before you pressed “${pressed === 'approve' ? 'Approve' : 'Deny'}”, which changed nothing.</span></p>`
      }
${view.reason !== null && html`<div class="next"><h2>What was said</h2><p>${foreign(visible(view.reason))}</p></div>`}
<dl class="facts">
<div><dt>Call</dt><dd>${foreign(view.toolTitle)}</dd></div>
<div><dt>On behalf of</dt><dd>${foreign(view.userIdentifier)}</dd></div>
<div><dt>Account</dt><dd>${foreign(view.accountLabel === null ? view.connectionName : visible(view.accountLabel))}</dd></div>
</dl>`,
    }),
  });
}

function outcomeOf(view: ApprovalView): { tone: Tone; title: string; text: Html | string; next?: Html | string } {
  switch (view.isOver ? 'expired' : view.status) {
    case 'approved':
      return {
        tone: 'good',
        title: 'Approved',
        text: 'The agent may make this call once, with exactly what was shown.',
        next: html`It is made when the agent asks again, ${momentOf(view.expiresAt)} at the latest. You can close this page.`,
      };
    case 'running':
      return { tone: 'info', title: 'The call is being made', text: 'It was approved, and is on its way.' };
    case 'succeeded':
      return { tone: 'good', title: 'The call was made', text: 'It was approved, and was made once.' };
    case 'failed':
      return {
        tone: 'bad',
        title: 'The call was made, and failed',
        text: 'It was approved, but it did not work. It is not made again by itself.',
      };
    case 'outcome_unknown':
      return {
        tone: 'warn',
        title: 'It may have been made',
        text: 'It was approved, but its answer was lost. It is not made again by itself.',
        next: html`Look at ${foreign(view.connectorName)} whether it happened.`,
      };
    case 'denied':
      return { tone: 'info', title: 'Denied', text: 'The call is not made, and the agent is told so.' };
    case 'cancelled':
      return { tone: 'info', title: 'No longer asked for', text: 'The call was given up before it was made. Nothing was sent.' };
    default:
      return {
        tone: 'clock',
        title: 'This approval has expired',
        text: 'Nobody decided in time, or the agent did not come back in time. Nothing was sent.',
        next: 'If it is still wanted, the agent asks again, and you get a new link.',
      };
  }
}
