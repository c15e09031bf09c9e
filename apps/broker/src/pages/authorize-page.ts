import type { AuthorizationRequest, OverviewConnection } from '@grantway/core';
import { isLoopbackRedirect } from '@grantway/oauth';
import { wordsOf } from './error-page.ts';
import { foreign, type Html, html } from './html.ts';
import { icon, noticeOf, pageOf } from './layout.ts';

export interface RequestForm {
  field: string;
  /** The client's request as it came. */
  query: string;
  /** The hidden field that binds the form. */
  token: Html;
}

export interface ConsentView {
  asked: AuthorizationRequest;
  identifier: string;
  connections: OverviewConnection[];
  /** What the person has allowed before, for this config. */
  grants: number;
  form: RequestForm;
}

/** Who asks, for what, and on whose behalf: everything that a person should know before saying yes. */
export function renderConsent({ asked, identifier, connections, grants, form }: ConsentView): string {
  const { config } = asked;
  return pageOf({
    title: `Allow an app to use ${config.name}?`,
    main: html`<main class="card">
${pairOf(asked)}
<h1>Allow this app to use <bdi>${config.name}</bdi>?</h1>
<p class="lead">${whoAsks(asked)} asks to act on behalf of <strong>${foreign(identifier)}</strong> at <strong>${foreign(config.workspaceName)}</strong>.</p>
${warningsOf(asked)}
<section><h2>It will be able to use</h2>
${connections.length === 0 ? html`<p class="help">Nothing yet: no connection is configured.</p>` : html`<ul class="scopes">${connections.map(connectionLine)}</ul>`}
<p class="help">${asked.scope === 'mcp:read' ? 'Reading only: tools that change something stay closed to it.' : 'What the people who run this server add later, it can use too.'}</p></section>
<form method="post" action="/oauth/authorize/decide">${form.token}<input type="hidden" name="${form.field}" value="${form.query}">
<button class="button" type="submit" name="decision" value="allow">Allow</button>
<button class="button second" type="submit" name="decision" value="deny">Deny</button></form>
<p class="not-you"><strong>Did you not just connect this app yourself?</strong> Then choose Deny, or close this page: somebody may have sent you here.</p>
${factsOf(asked, identifier)}
${grants > 0 && html`<p class="help">You allowed ${grants === 1 ? 'an app' : `${grants} apps`} before. <a href="/oauth/apps">See and remove what you allowed</a></p>`}
</main>`,
  });
}

/** Nobody is known in this browser yet. */
export function renderSignIn(view: {
  asked: AuthorizationRequest;
  form: RequestForm;
  here: string;
  signInHost: string | undefined;
}): string {
  const { asked, form, here, signInHost } = view;
  return pageOf({
    title: 'Sign in to allow an app something',
    main: html`<main class="card">
${pairOf(asked)}
<h1>First: show who you are</h1>
<p class="lead">${whoAsks(asked)} asks to use <strong>${foreign(asked.config.name)}</strong> of <strong>${foreign(asked.config.workspaceName)}</strong> on your behalf. Nothing is allowed before you say so.</p>
${warningsOf(asked)}
${
  signInHost === undefined
    ? html`<section><h2>What to do</h2><ol class="steps">
<li>Go to the application that gave you this server’s address, and ask it for a sign-in link.</li>
<li>Open the link in this browser. It works once, for a few minutes.</li>
<li>Come back to this page and go on.</li>
</ol></section>
<p class="actions"><a class="button" href="${here}">I have signed in</a></p>`
    : html`<form method="post" action="/oauth/authorize/sign-in">${form.token}<input type="hidden" name="${form.field}" value="${form.query}">
<button class="button" type="submit">Sign in with ${foreign(signInHost)}</button></form>
<p class="help">You come back here and decide then.</p>`
}
<p class="not-you"><strong>Did you not just connect this app yourself?</strong> Close this page. Nothing has happened yet.</p>
${factsOf(asked)}
</main>`,
  });
}

/** `detail`: one of our own sentences. */
export function renderInvalidRequest(detail: string): string {
  const said = wordsOf('authorization_request_invalid');
  return pageOf({
    title: said.title,
    main: noticeOf({ ...said, extra: html`<p class="quiet small">For the people who make the app: ${detail}.</p>` }),
  });
}

function pairOf({ client, config }: AuthorizationRequest): Html {
  const letterOf = (text: string) => [...text.trim()][0]?.toUpperCase() ?? '?';
  return html`<div class="pair" aria-hidden="true">
<span class="tile letter">${letterOf(client.verifiedHost ?? client.name ?? '?')}</span>
<span class="dots"></span>
<span class="tile letter">${letterOf(config.workspaceName)}</span>
</div>`;
}

/** A host that vouches for the client goes before whatever it calls itself. */
function whoAsks({ client }: AuthorizationRequest): Html {
  const name = client.name === undefined ? undefined : html`“${foreign(client.name)}”`;
  if (client.verifiedHost !== undefined) {
    return html`An app of <strong>${foreign(client.verifiedHost)}</strong>${name !== undefined && html`, which calls itself ${name},`}`;
  }
  return name === undefined ? html`An app without a name` : html`An app that calls itself <strong>${name}</strong>`;
}

function warningsOf({ client, redirectUri }: AuthorizationRequest): Html | false {
  const isLocal = !redirectUri.startsWith('https:');
  if (client.verifiedHost !== undefined && !isLocal) return false;
  const name = client.verifiedHost === undefined && 'Nobody has checked the app’s name: anybody can choose any. ';
  const where = isLocal
    ? 'It runs on your own device, where another program could pretend to be it. Go on only if you have just started this from the app.'
    : html`What you allow goes to ${destinationOf(redirectUri)}. Go on only if you know that place.`;
  return html`<p class="banner">${icon('warn')}<span>${name}${where}</span></p>`;
}

function destinationOf(redirectUri: string): Html {
  const { protocol, host } = new URL(redirectUri);
  if (isLoopbackRedirect(redirectUri)) return html`this device (<code>${host}</code>)`;
  return protocol === 'https:' ? html`<strong>${foreign(host)}</strong>` : html`the app on this device that opens <code>${protocol}</code>`;
}

function factsOf(asked: AuthorizationRequest, identifier?: string): Html {
  const { client, redirectUri, config } = asked;
  return html`<dl class="facts">
<div><dt>App</dt><dd>${client.verifiedHost === undefined ? html`not verified` : html`verified: described at <strong>${foreign(client.verifiedHost)}</strong>`}</dd></div>
<div><dt>You return to</dt><dd>${destinationOf(redirectUri)}</dd></div>
<div><dt>Server</dt><dd>${foreign(config.name)}</dd></div>
${
  identifier !== undefined &&
  html`<div><dt>Signed in as</dt><dd>${foreign(identifier)}</dd></div>
<div><dt>Lasts</dt><dd>until you or the operator remove it, or 30 days without use</dd></div>`
}
</dl>`;
}

const effects = [
  ['read', 'reads', 'read'],
  ['write', 'changes things', 'change things'],
  ['destructive', 'can destroy things', 'can destroy things'],
] as const;

function connectionLine(connection: OverviewConnection): Html {
  const { tools, remoteHost, accountOwner } = connection;
  const counts = effects.flatMap(([effect, one, many]) => {
    const n = tools.filter((tool) => tool.effect === effect).length;
    return n === 0 ? [] : [`${n} ${n === 1 ? `tool ${one}` : `tools ${many}`}`];
  });
  const account = accountOwner === 'organization' ? 'the organization’s account' : 'your account';
  const what =
    remoteHost !== undefined
      ? html`the tools of <code>${remoteHost}</code>`
      : counts.length === 0
        ? html`no tool`
        : html`${counts.join(', ')}: ${tools.map((tool) => tool.title).join(', ')}`;
  return html`<li>${icon('good')}<span><strong>${foreign(connection.connectorName)}</strong> <code>${connection.connectionName}</code>, with ${account}<br><span class="quiet small">${what}</span></span></li>`;
}
