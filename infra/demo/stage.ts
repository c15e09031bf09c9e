import { Person } from '@grantway/sandbox/person';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type RunningBroker, startBroker } from './broker.ts';
import { someKeys } from './keys.ts';
import { paint, short, table } from './paint.ts';

// biome-ignore lint/suspicious/noExplicitAny: a story reads answers as they come
export type Json = any;

/** One story: what is told, and everything that happens in it, over HTTP and MCP alone. */
export interface Story {
  name: string;
  title: string;
  /** What Grantway is for in it, in one sentence. */
  about: string;
  play(stage: Stage): Promise<void>;
}

/** Whoever has a client of Grantway's API: the operator, or an agent's backend. */
export interface Backend {
  clientId: string;
  api(method: string, pathname: string, body?: unknown): Promise<Json>;
  /** The fault's code of a request that must be refused. */
  refused(method: string, pathname: string, body?: unknown): Promise<string>;
  upload(query: Record<string, string>, bytes: Uint8Array, contentType: string): Promise<Json>;
  download(pathname: string): Promise<Buffer>;
}

/** An MCP client on one user's URL. */
export interface Agent {
  tools: string[];
  /** A call that must succeed. */
  call(name: string, args?: Record<string, unknown>): Promise<Json>;
  /** Whatever the call answers. */
  ask(name: string, args?: Record<string, unknown>): Promise<{ text: string; code: string | undefined; meta: Json; output: Json }>;
  close(): Promise<void>;
}

export interface Stage {
  baseUrl: string;
  operator: Backend;
  chapter(title: string): void;
  say(line?: string): void;
  /** Connections to the sandbox's vendors, with the names of their connectors. */
  connections(connectors: string[]): Promise<void>;
  backend(name: string, scopes: string[], restrictions?: Json): Promise<Backend>;
  /** The person opens what links are still there, and consents or enters a key at each. */
  connect(person: Person, account: string, connections: Json[]): Promise<void>;
  agent(url: string, name: string): Promise<Agent>;
  /** What the vendor itself counted. */
  ledger(connector: string): Promise<Json>;
  /** What a person, or the vendor, does there behind everybody's back. */
  atVendor(connector: string, deed: string, body?: unknown): Promise<Json>;
  /** Asks again until the answer fits, for at most ten seconds. */
  until<T>(what: string, ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T>;
  calls(headings?: string[]): Promise<Json[]>;
}

/** What a chapter says must be so; the story breaks off where it is not. */
export function hold(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(`not as told: ${what}`);
}

/** MCP URLs and links are secrets: shown as far as they are none. */
export const withoutSecret = (text: string) => text.replace(/(gw[a-z]+_[0-9A-Za-z]{16})_[0-9A-Za-z]+/g, '$1_…');

/** The sentence in a refusal that came as an error of the protocol. */
export function messageOf(error: Error): string {
  return /"message":"([^"]+)"/.exec(error.message)?.[1] ?? error.message;
}

/** The link in an answer that asks the user to connect. */
export function linkIn(text: string): string | undefined {
  return /https?:\/\/\S+\/connect\/\w+/.exec(text)?.[0];
}

export const newPerson = () => new Person();

export async function perform(story: Story, write: (line: string) => void): Promise<void> {
  const began = performance.now();
  write(paint.bold(story.title));
  write(story.about);
  let chapters = 0;
  const chapter = (title: string) => write(`\n${paint.bold(`${++chapters}. ${title}`)}`);
  chapter('Start a broker on an empty data folder');
  const broker = await startBroker();
  const agents: Agent[] = [];
  try {
    const operator = await backendOf(broker, broker.credentials);
    write(`   ${broker.baseUrl} answers after ${seconds(began)}: its own PostgreSQL, its own master key, and stand-ins for the vendors`);
    await story.play(stageOf(broker, operator, { chapter, write, agents }));
    write(paint.dim(`\nDone in ${seconds(began)}. The broker is stopped and its data folder removed.`));
  } finally {
    await Promise.allSettled(agents.map((agent) => agent.close()));
    await broker.stop();
  }
}

function stageOf(
  broker: RunningBroker,
  operator: Backend,
  { chapter, write, agents }: { chapter: Stage['chapter']; write: (line: string) => void; agents: Agent[] },
): Stage {
  const say = (line = '') => write(`   ${line}`.trimEnd());
  return {
    baseUrl: broker.baseUrl,
    operator,
    chapter,
    say,
    async connections(connectors) {
      for (const connector of connectors) {
        const made = await operator.api('POST', '/v1/connections', { name: connector, connector, sandbox: true });
        hold(made.status === 'COMPLETED', `the connection ${connector} is complete`);
        const asks = made.scopes.length === 0 ? 'scopes are those of the app' : short(made.scopes.map(lastOf).join(', '), 80);
        say(`${connector.padEnd(13)} ${made.auth.kind === 'oauth2' ? asks : 'by key'}`);
      }
    },
    async backend(name, scopes, restrictions) {
      const made = await operator.api('POST', '/v1/clients', { name, scopes, ...(restrictions === undefined ? {} : { restrictions }) });
      return backendOf(broker, made);
    },
    async connect(person, account, connections) {
      for (const { connection_name, connector, connected_account_id: id, authentication_link: link } of connections) {
        if (link === null) continue;
        const page = await person.open(link);
        const end = page.html.includes('/key"')
          ? await person.submit(page, someKeys(connector), '/key')
          : await person.consent(link, { account });
        hold(end.status === 200, `the page of ${connection_name} ends well (HTTP ${end.status})`);
        const connected = await operator.api('GET', `/v1/connected-accounts/${id}`);
        hold(connected.status === 'ACTIVE', `the account on ${connection_name} is connected`);
        say(`${connection_name.padEnd(13)} ${connected.status} as ${connected.provider_account.label}`);
      }
    },
    async agent(url, name) {
      const agent = await agentOn(url, name);
      agents.push(agent);
      return agent;
    },
    ledger: (connector) => sandbox(broker, 'GET', `${connector}/ledger`),
    atVendor: (connector, deed, body = {}) => sandbox(broker, 'POST', `${connector}/${deed}`, body),
    async until(what, ask, fits) {
      for (const end = performance.now() + 10_000; performance.now() < end; await new Promise((go) => setTimeout(go, 50))) {
        const answer = await ask();
        if (fits(answer)) return answer;
      }
      throw new Error(`not as told: ${what}, after ten seconds`);
    },
    async calls(headings = ['time', 'on behalf of', 'connection', 'tool', 'outcome', 'ms', 'id']) {
      const { items } = await operator.api('GET', '/v1/tool-calls?limit=100');
      const rows: Json[] = items.toReversed();
      const cells: Record<string, (row: Json) => string> = {
        time: (row) => row.created_at.slice(11, 23),
        'on behalf of': (row) => row.user_identifier,
        config: (row) => row.mcp_config_name ?? '',
        connection: (row) => row.connection_name ?? '',
        account: (row) => row.account_label ?? '',
        tool: (row) => row.tool_name,
        outcome: (row) => row.fault_code ?? row.outcome,
        ms: (row) => String(row.duration_ms ?? ''),
        id: (row) => row.id,
      };
      write(
        table(
          headings,
          rows.map((row) => headings.map((heading) => cells[heading]?.(row) ?? '')),
        ),
      );
      return rows;
    },
  };
}

async function backendOf(broker: RunningBroker, { client_id, client_secret }: RunningBroker['credentials']): Promise<Backend> {
  const granted = await fetch(`${broker.baseUrl}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  const authorization = `Bearer ${((await granted.json()) as Json).access_token}`;
  const send = async (method: string, pathname: string, body?: unknown) => {
    const response = await fetch(`${broker.baseUrl}${pathname}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { ok: response.ok, status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Json) };
  };
  return {
    clientId: client_id,
    async api(method, pathname, body) {
      const answer = await send(method, pathname, body);
      if (!answer.ok) throw new Error(`${method} ${pathname}: ${answer.body.code}: ${answer.body.detail}`);
      return answer.body;
    },
    async refused(method, pathname, body) {
      const answer = await send(method, pathname, body);
      if (answer.ok) throw new Error(`not as told: ${method} ${pathname} was to be refused`);
      return answer.body.code;
    },
    async upload(query, bytes, contentType) {
      const response = await fetch(`${broker.baseUrl}/v1/files?${new URLSearchParams(query)}`, {
        method: 'POST',
        headers: { authorization, 'content-type': contentType },
        body: new Blob([new Uint8Array(bytes)]),
      });
      const answer = (await response.json()) as Json;
      if (!response.ok) throw new Error(`POST /v1/files: ${answer.code}: ${answer.detail}`);
      return answer;
    },
    async download(pathname) {
      const response = await fetch(`${broker.baseUrl}${pathname}`, { headers: { authorization } });
      if (!response.ok) throw new Error(`GET ${pathname}: HTTP ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
  };
}

async function agentOn(url: string, name: string): Promise<Agent> {
  const client = new Client({ name, version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const ask: Agent['ask'] = async (tool, args = {}) => {
    const result: Json = await client.callTool({ name: tool, arguments: args });
    const meta = result._meta ?? {};
    return {
      text: result.content?.[0]?.text ?? '',
      code: result.isError === true ? meta['grantway/code'] : undefined,
      meta,
      output: result.isError === true ? undefined : result.structuredContent,
    };
  };
  return {
    tools: (await client.listTools()).tools.map((tool) => tool.name),
    ask,
    async call(tool, args) {
      const { text, output } = await ask(tool, args);
      if (output === undefined) throw new Error(`${tool}: ${text}`);
      return output;
    },
    close: () => client.close(),
  };
}

async function sandbox(broker: RunningBroker, method: string, pathname: string, body?: unknown): Promise<Json> {
  const response = await fetch(`${broker.sandbox}/_sandbox/${pathname}`, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as Json;
  if (!response.ok) throw new Error(`the sandbox: ${answer.message}`);
  return answer;
}

const seconds = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`;
/** `https://www.googleapis.com/auth/gmail.modify` -> `gmail.modify` */
const lastOf = (scope: string) => scope.split('/').at(-1) ?? scope;
