import { type Html, html } from './html.ts';
import { pageOf } from './layout.ts';

export interface WelcomeState {
  baseUrl: string;
  version: string;
  mode: 'embedded' | 'server';
  connectors: number;
  connections: number;
  accountsActive: number;
  accountsWaiting: number;
  toolCalls24h: number;
  /** The sandbox's origin, where it is on. */
  sandbox: string | undefined;
  ready: boolean;
}

/** `GET /` in a browser: the state of the broker, and what to type next. */
export function renderWelcome(state: WelcomeState): string {
  const stat = (label: string, value: number): Html => html`<div><dt>${label}</dt><dd>${value.toLocaleString('en-US')}</dd></div>`;
  return pageOf({
    title: 'Your broker',
    layout: 'wide',
    main: html`<main>
<div class="hero">
<span class="pill ${state.ready ? 'good' : 'warn'}">${state.ready ? 'Ready' : 'Starting up'}</span>
<h1>Agents act for your users. The tokens stay here.</h1>
<p class="lead">This is the Grantway broker at <strong>${state.baseUrl}</strong>. It connects accounts, keeps their credentials sealed, and makes tool calls on users’ behalf.</p>
</div>
<dl class="stats">
${stat('Connectors', state.connectors)}
${stat('Connections', state.connections)}
${stat('Active accounts', state.accountsActive)}
${stat('Accounts waiting', state.accountsWaiting)}
${stat('Tool calls in 24 hours', state.toolCalls24h)}
</dl>
<p class="about">Version ${state.version}, ${state.mode} mode. ${
      state.sandbox === undefined ? 'The sandbox is off.' : html`The sandbox listens at <a href="${state.sandbox}">${state.sandbox}</a>.`
    }</p>
<ol class="welcome-steps">
<li><h2>Get an access token</h2>
<p>${
      state.mode === 'embedded'
        ? html`In the folder you started Grantway in. It reads the first client’s credentials from <code>.grantway/credentials.json</code>.`
        : html`With a client’s <code>GRANTWAY_CLIENT_ID</code> and <code>GRANTWAY_CLIENT_SECRET</code> in your shell.`
    }</p>
<pre tabindex="0"><code>${tokenCommand(state)}</code></pre></li>
<li><h2>Create a ${state.sandbox === undefined ? 'connection' : 'sandbox connection'}, and a config that offers its tools</h2>
<p>${
      state.sandbox === undefined
        ? 'With the OAuth app that you registered at the provider. The answer names the callback URL to register there.'
        : 'It talks to a built-in stand-in for Linear, so you need no account anywhere.'
    }</p>
<pre tabindex="0"><code>${connectionCommand(state)}</code></pre></li>
<li><h2>Ensure an instance for a user</h2>
<p>The answer holds the user’s own MCP URL for your agent, and the link where the user connects the account.</p>
<pre tabindex="0"><code>${instanceCommand()}</code></pre></li>
</ol>
<ul class="links">
<li><a href="/docs">API reference <span>Every call, field and fault</span></a></li>
<li><a href="/openapi.json">openapi.json <span>The same for machines, OpenAPI 3.1</span></a></li>
<li><a href="/healthz">Health <span>Is the process alive</span></a></li>
</ul>
</main>`,
  });
}

/** The secret goes through a pipe: a command line is visible to every process of the machine. */
function tokenCommand({ mode, baseUrl }: WelcomeState): string {
  const client =
    mode === 'embedded'
      ? `require("./.grantway/credentials.json")`
      : '{ client_id: process.env.GRANTWAY_CLIENT_ID, client_secret: process.env.GRANTWAY_CLIENT_SECRET }';
  return `export GRANTWAY=${baseUrl}
export TOKEN=$(
  node -p 'const { client_id, client_secret } = ${client};
    String(new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret }))' |
  curl -s $GRANTWAY/oauth/token -d @- |
  node -p 'JSON.parse(require("fs").readFileSync(0)).access_token'
)`;
}

function curl(method: 'POST' | 'PUT', path: string, body: Record<string, unknown>): string {
  return `curl -s -X ${method} $GRANTWAY${path} \\
  -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '${JSON.stringify(body)}'`;
}

function connectionCommand({ sandbox }: WelcomeState): string {
  const how = sandbox === undefined ? { auth: { client_id: 'YOUR_CLIENT_ID', client_secret: 'YOUR_CLIENT_SECRET' } } : { sandbox: true };
  return `${curl('POST', '/v1/connections', { name: 'linear', connector: 'linear', ...how })}

${curl('POST', '/v1/mcp-configs', { name: 'first-agent', connection_tool_mappings: [{ connection_name: 'linear' }] })}`;
}

function instanceCommand(): string {
  return curl('PUT', '/v1/mcp-instances', { config_name: 'first-agent', user_identifier: 'user_123' });
}
