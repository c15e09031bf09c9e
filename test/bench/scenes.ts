import { Person } from '@grantway/sandbox/person';
import type { Started } from './processes.ts';
import type { Subject } from './rows.ts';

interface Tools {
  start<Ready>(file: string, input?: unknown): Promise<Started<Ready>>;
  secret(): string;
  say(line: string): void;
}

const monitorPath = '/api.datadoghq.com/api/v1/monitor/18342011';
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
/** A JSON-RPC error or a tool's. */
const bad = ['"isError":true', '"error":'];
const users = 100;

/** Starts every process and connects every account; the rows are ready to be measured. */
export async function scenes({ start, secret, say }: Tools): Promise<{ rows: Subject[]; stop(): Promise<void> }> {
  const started: Started<unknown>[] = [];
  const run = async <Ready>(file: string, input?: unknown): Promise<Started<Ready>> => {
    const one = await start<Ready>(file, input);
    started.unshift(one);
    return one;
  };
  const upstream = await run<{ origin: string }>('./servers/upstream.ts');
  const slow = await run<{ origin: string }>('./servers/upstream.ts', { delayMs: 20 });
  const constant = await run<{ url: string }>('./servers/constant.ts');
  const target = { upstream: upstream.ready.origin, path: monitorPath };
  const hop = await run<{ url: string }>('./servers/hop.ts', target);
  const sdkV1 = await run<{ url: string }>('./servers/sdk-v1.ts', target);
  const sdkV2 = await run<{ url: string }>('./servers/sdk-v2.ts', target);
  const postgres = await run<{ url: string; pid: number }>('./servers/postgres.ts');
  const broker = await run<Broker>('./servers/broker.ts', { databaseUrl: postgres.ready.url, upstream: upstream.ready.origin });
  const slowPostgres = await run<{ url: string; pid: number }>('./servers/postgres.ts');
  const slowBroker = await run<Broker>('./servers/broker.ts', { databaseUrl: slowPostgres.ready.url, upstream: slow.ready.origin });
  say(`${started.length} processes started`);

  const api = await signIn(broker.ready);
  const slowApi = await signIn(slowBroker.ready);
  const urls = await instancesOf(api, 'datadog', 'datadog', users, secret);
  const slowUrls = await instancesOf(slowApi, 'datadog', 'datadog', users, secret);
  const lists = new Map<number, string[]>();
  for (const count of [10, 100, 1000]) lists.set(count, await instancesOf(api, `many${count}`, `many${count}`, 1, secret));
  say(`${users} users connected`);

  const call = modern('tools/call', 'datadog_monitor_get', { monitor_id: 18342011 });
  const simple = modern('tools/call', 'monitor_get', { monitor_id: 18342011 });
  const list = modern('tools/list');
  const to = (all: string[], body: string) => all.map((url) => ({ path: new URL(url).pathname, body }));
  const ours = { pid: broker.pid, postgres: postgres.ready.pid };
  const bearer = { ...json, authorization: `Bearer ${await api.token()}` };
  const ensure = (user: string) => JSON.stringify({ config_name: 'datadog', user_identifier: user });
  const { baseUrl } = broker.ready;

  const rows: Subject[] = [
    {
      name: 'constant node:http',
      load: { url: constant.ready.url, method: 'POST', headers: { ...json, ...call.headers }, body: call.body, bad },
      pid: constant.pid,
      concurrency: [1, 16, 64],
    },
    {
      name: 'bare Fastify + undici hop',
      load: { url: hop.ready.url, method: 'POST', headers: json, body: call.body, bad },
      pid: hop.pid,
      concurrency: [1, 16, 64],
    },
    {
      name: 'tools/call, REST',
      load: { url: baseUrl, method: 'POST', headers: { ...json, ...call.headers }, targets: to(urls, call.body), bad },
      ...ours,
      concurrency: [1, 16, 64],
    },
    {
      name: 'SDK v1 server + hop',
      load: { url: sdkV1.ready.url, method: 'POST', headers: json, body: legacyCall, bad },
      pid: sdkV1.pid,
      concurrency: [1, 16],
    },
    {
      name: 'SDK v2 server + hop',
      load: { url: sdkV2.ready.url, method: 'POST', headers: { ...json, ...simple.headers }, body: simple.body, bad },
      pid: sdkV2.pid,
      concurrency: [1, 16],
    },
    {
      name: 'upstream of 20 ms, direct',
      load: { url: `${slow.ready.origin}${monitorPath}`, method: 'GET', headers: {}, bad },
      pid: slow.pid,
      concurrency: [16],
    },
    {
      name: 'tools/call, REST, upstream of 20 ms',
      load: { url: slowBroker.ready.baseUrl, method: 'POST', headers: { ...json, ...call.headers }, targets: to(slowUrls, call.body), bad },
      pid: slowBroker.pid,
      postgres: slowPostgres.ready.pid,
      concurrency: [16],
    },
    ...[10, 100, 1000].map(
      (count): Subject => ({
        name: `tools/list, ${count} tools`,
        load: { url: baseUrl, method: 'POST', headers: { ...json, ...list.headers }, targets: to(lists.get(count) ?? [], list.body), bad },
        ...ours,
        concurrency: [1, 16],
      }),
    ),
    {
      name: 'execute over REST',
      load: {
        url: baseUrl,
        method: 'POST',
        headers: bearer,
        targets: Array.from({ length: users }, (_, i) => ({
          path: '/v1/tools/datadog_monitor_get/execute',
          body: JSON.stringify({ identifier: `user-${i}`, arguments: { monitor_id: 18342011 } }),
        })),
        bad,
      },
      ...ours,
      concurrency: [1, 16],
    },
    {
      name: 'ensure_instance, repeated',
      load: {
        url: baseUrl,
        method: 'PUT',
        headers: bearer,
        targets: Array.from({ length: users }, (_, i) => ({ path: '/v1/mcp-instances', body: ensure(`user-${i}`) })),
        bad,
      },
      ...ours,
      concurrency: [1, 16],
    },
    {
      name: 'ensure_instance, first',
      load: { url: `${baseUrl}/v1/mcp-instances`, method: 'PUT', headers: bearer, body: ensure(`new-${secret()}-{id}`), bad },
      ...ours,
      concurrency: [1, 16],
    },
  ];
  const stop = async () => {
    for (const one of started) await one.stop();
  };
  return { rows, stop };
}

interface Broker {
  baseUrl: string;
  clientId: string;
  clientSecret: string;
}

interface Api {
  <T>(method: string, path: string, body: unknown): Promise<T>;
  token(): Promise<string>;
}

async function signIn({ baseUrl, clientId, clientSecret }: Broker): Promise<Api> {
  const token = async () => {
    const granted = await fetch(`${baseUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }),
    });
    return ((await granted.json()) as { access_token: string }).access_token;
  };
  const own = await token();
  const call = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${own}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  return Object.assign(call, { token });
}

/** A connection, a config of all its tools, and so many users who have connected it; their URLs. */
async function instancesOf(api: Api, name: string, connector: string, count: number, secret: () => string): Promise<string[]> {
  await api('POST', '/v1/connections', { name, connector, sandbox: true });
  await api('POST', '/v1/mcp-configs', { name, connection_tool_mappings: [{ connection_name: name }] });
  const urls: string[] = [];
  for (let i = 0; i < count; i++) {
    const instance = await api<{ url: string; connections: { authentication_link: string }[] }>('PUT', '/v1/mcp-instances', {
      config_name: name,
      user_identifier: `user-${i}`,
    });
    const link = instance.connections[0]?.authentication_link as string;
    const fields: Record<string, string> = connector === 'datadog' ? { api_key: secret(), application_key: secret() } : { token: secret() };
    const page = await new Person().enterKey(link, fields);
    if (page.status !== 200) throw new Error(`${connector}: the page answered ${page.status}`);
    urls.push(instance.url);
  }
  return urls;
}

/** A stateless request of protocol 2026-07-28. */
function modern(method: string, name?: string, args?: unknown): { headers: Record<string, string>; body: string } {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  };
  const params = name === undefined ? { _meta } : { name, arguments: args, _meta };
  return {
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...(name === undefined ? {} : { 'mcp-name': name }) },
    body: JSON.stringify({ jsonrpc: '2.0', id: '{id}', method, params }),
  };
}

const legacyCall = JSON.stringify({
  jsonrpc: '2.0',
  id: '{id}',
  method: 'tools/call',
  params: { name: 'monitor_get', arguments: { monitor_id: 18342011 } },
});
