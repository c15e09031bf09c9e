import type { Knobs } from './knobs.ts';

export const stylesheetPath = '/_sandbox/style.css';

/**
 * No script, nothing from elsewhere. `form-action` names schemes, not this origin: browsers apply it to each redirect
 * after a form as well, and where those lead is up to the one who asked.
 */
export const pageHeaders: Record<string, string> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'self'; form-action 'self' http: https:; frame-ancestors 'none'; base-uri 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

export interface ConsentView {
  vendor: string;
  app: string;
  /** Where the form goes. */
  action: string;
  /** Scope name and what it allows, in plain words. */
  scopes: [name: string, words: string][];
  account: string;
  problem?: string | undefined;
  /** Host to which the browser returns. */
  returnsTo: string;
}

const tick =
  '<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M4 10.5l4 4 8-9"/></svg>';

export function consentPage(view: ConsentView): string {
  // Allow stands first: the Enter key in the field presses a form's first button
  const scopes = view.scopes.map(([name, words]) => `<li>${tick}<span>${safe(words)}<small>${safe(name)}</small></span></li>`).join('\n');
  return page(
    `${view.app} asks for access to ${view.vendor}`,
    `${banner(view.vendor)}
<main>
<form class="sheet" method="post" action="${safe(view.action)}">
<div class="pair" aria-hidden="true"><span class="tile">${initial(view.app)}</span><span class="dots"><i></i><i></i><i></i></span><span class="tile vendor">${initial(view.vendor)}</span></div>
<h1>${safe(view.app)} asks for access to your ${safe(view.vendor)} account</h1>
${view.scopes.length === 0 ? '' : `<p class="ask">It would be able to:</p>\n<ul class="scopes">\n${scopes}\n</ul>`}
<label for="account">Sign in as</label>
<input type="text" id="account" name="account" value="${safe(view.account)}" maxlength="100" autocomplete="off" autocapitalize="none" spellcheck="false" inputmode="email">
${view.problem === undefined ? '' : `<p class="problem" role="alert">${safe(view.problem)}</p>`}
<p class="hint">Any name will do; each name is an account of its own. There is no password.</p>
<div class="choices">
<button class="yes" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</div>
<p class="after">You then return to ${safe(view.returnsTo)}.</p>
</form>
</main>`,
  );
}

export function errorPage(vendor: string, error: string, description: string | undefined): string {
  return page(
    `${vendor}: the request was refused`,
    `${banner(vendor)}
<main>
<div class="sheet">
<h1>This request cannot go on</h1>
<p>${safe(description ?? 'The sandbox could not match this sign-in to a request.')}</p>
<p class="hint"><code>${safe(error)}</code></p>
<p class="hint">Go back to the app that sent you here and start again.</p>
</div>
</main>`,
  );
}

export interface IndexView {
  origin: string;
  vendors: { id: string; name: string; auth: string; routes: string[]; oauth: [label: string, url: string][] }[];
  knobs: Record<keyof Knobs, string>;
  controls: [call: string, words: string][];
}

export function indexPage(view: IndexView): string {
  const vendors = view.vendors
    .map(
      (vendor) => `<section class="card">
<h3>${safe(vendor.name)}</h3>
<p>${safe(vendor.auth)}</p>
<details><summary>Served calls: ${vendor.routes.length}</summary>
<pre>${safe([...vendor.oauth.map(([label, url]) => `${label}: ${url}`), ...vendor.routes].join('\n'))}</pre></details>
</section>`,
    )
    .join('\n');
  const terms = (rows: [string, string][]) =>
    `<dl>${rows.map(([term, words]) => `<dt>${safe(term)}</dt><dd>${safe(words)}</dd>`).join('\n')}</dl>`;
  const first = view.vendors[0]?.id ?? 'linear';
  return page(
    'Sandbox',
    `<p class="banner">Sandbox: these pages and answers stand in for real vendors. Nothing here touches a real account.</p>
<main class="wide">
<h1>The sandbox is running</h1>
<p>A vendor’s URL <code>https://host/path</code> is answered at <code>${safe(view.origin)}/host/path</code>. Answers come from the connectors’ worked examples.</p>
<h2>Vendors</h2>
${vendors}
<h2>Make it misbehave</h2>
<pre>curl -X PUT ${safe(view.origin)}/_sandbox/${safe(first)}/knobs -d '{"fail":"500","fail_times":2}'
curl -X POST ${safe(view.origin)}/_sandbox/${safe(first)}/revoke</pre>
<h2>Controls</h2>
<div class="card">${terms(view.controls)}</div>
<h2>Knobs</h2>
<div class="card">${terms(Object.entries(view.knobs))}</div>
</main>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${safe(title)}</title>
<link rel="stylesheet" href="${stylesheetPath}">
</head>
<body>
${body}
</body>
</html>
`;
}

function banner(vendor: string): string {
  return `<p class="banner">Sandbox: this page stands in for ${safe(vendor)}. Nothing here touches a real account.</p>`;
}

function initial(name: string): string {
  return safe(/\p{L}|\p{N}/u.exec(name)?.[0]?.toUpperCase() ?? '•');
}

function safe(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
