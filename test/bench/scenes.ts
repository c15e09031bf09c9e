import { randomBytes } from 'node:crypto';
import { connectByKey, ensureInstance, offer } from './operator.ts';
import type { Subject } from './rows.ts';
import type { BrokerCrew, Crew } from './starting.ts';
import { call, failures, json, legacyCall, modern, monitorId, monitorPath } from './wire.ts';

const users = 100;
const every = [1, 16, 64];
const secret = () => randomBytes(20).toString('hex');
const datadogKeys = () => ({ api_key: secret(), application_key: secret() });
const pathOf = (url: string) => ({ path: new URL(url).pathname });

/** Names that the ratios and the goals are made of. */
export const rowNames = {
  constant: 'constant node:http',
  hop: 'bare Fastify + undici hop',
  rest: 'tools/call, REST connector',
  sdkV1: 'SDK v1 server + hop',
  sdkV2: 'SDK v2 server + hop',
  found: 'tools/call, REST, by call_tool',
  local: 'tools/call, local tool',
  refused: 'tools/call, refused argument (no hop)',
  remote: 'tools/call, remote MCP',
  slowDirect: 'upstream of 20 ms, direct',
  slowRest: 'tools/call, REST, upstream of 20 ms',
  execute: 'execute (REST API)',
  ensureFirst: 'ensure_instance, first',
  ensureAgain: 'ensure_instance, repeated',
  consent: 'authorize and callback, one consent',
  list: (tools: number) => `tools/list, ${tools} tools`,
} as const;

export interface Scene {
  subjects: Subject[];
  /** The broker of the REST row. */
  broker: BrokerCrew;
}

/** Starts every process and connects every account; the rows are ready to be measured. */
export async function scenes(crew: Crew, say: (line: string) => void): Promise<Scene> {
  const upstream = await crew.run<{ origin: string }>('./servers/upstream.ts');
  const slow = await crew.run<{ origin: string }>('./servers/upstream.ts', { delayMs: 20 });
  const constant = await crew.run<{ url: string }>('./servers/constant.ts');
  const remote = await crew.run<{ host: string; url: string }>('./servers/remote.ts');
  const target = { upstream: upstream.ready.origin, path: monitorPath };
  const hop = await crew.run<{ url: string }>('./servers/hop.ts', target);
  const sdkV1 = await crew.run<{ url: string }>('./servers/sdk-v1.ts', target);
  const sdkV2 = await crew.run<{ url: string }>('./servers/sdk-v2.ts', target);
  const broker = await crew.broker({ upstream: upstream.ready.origin, allowHosts: [remote.ready.host] });
  const slowBroker = await crew.broker({ upstream: slow.ready.origin });
  say('processes started');

  await offer(broker.api, 'datadog', { connector: 'datadog', sandbox: true });
  await offer(slowBroker.api, 'datadog', { connector: 'datadog', sandbox: true });
  await offer(broker.api, 'docs', { connector: 'mcp', mcp: { url: remote.ready.url } });
  const urls = await connectByKey(broker.api, 'datadog', users, datadogKeys);
  const slowUrls = await connectByKey(slowBroker.api, 'datadog', users, datadogKeys);
  const remoteUrls = await Promise.all(urls.map(async (_, i) => (await ensureInstance(broker.api, 'docs', `user-${i}`)).url));
  // In search mode Grantway has tools of its own.
  await broker.api('POST', '/v1/mcp-configs', {
    name: 'found',
    connection_tool_mappings: [{ connection_name: 'datadog' }],
    policy: { tools_mode: 'search' },
  });
  const searchUrls = await Promise.all(urls.map(async (_, i) => (await ensureInstance(broker.api, 'found', `user-${i}`)).url));
  const lists = new Map<number, string[]>();
  for (const count of [10, 100, 1000]) {
    const name = `many${count}`;
    await offer(broker.api, name, { connector: name, sandbox: true });
    lists.set(count, await connectByKey(broker.api, name, 1, () => ({ token: secret() })));
  }
  say(`${users} users connected`);

  const restCall = call('datadog_monitor_get');
  const ours = { pid: broker.pid, postgres: broker.postgres.ready.pid, concurrency: every };
  const through = (all: string[], request: { headers: Record<string, string>; body: string }, url = broker.baseUrl) => ({
    url,
    method: 'POST' as const,
    ...request,
    targets: all.map(pathOf),
    bad: failures,
  });
  const bearer = { ...json, authorization: `Bearer ${await broker.api.token()}` };
  const ensuring = (user: string) => JSON.stringify({ config_name: 'datadog', user_identifier: user });
  const direct = (url: string, request: { headers: Record<string, string>; body: string }) => ({
    url,
    method: 'POST' as const,
    ...request,
    bad: failures,
  });

  const subjects: Subject[] = [
    { name: rowNames.constant, load: direct(constant.ready.url, restCall), pid: constant.pid, concurrency: every },
    { name: rowNames.hop, load: direct(hop.ready.url, restCall), pid: hop.pid, concurrency: every },
    { name: rowNames.rest, load: { ...through(urls, restCall), good: 'Error rate of checkout' }, ...ours },
    {
      name: rowNames.local,
      load: { ...through(searchUrls, call('describe_tool', { name: 'datadog_monitor_get' })), good: 'inputSchema' },
      ...ours,
    },
    {
      name: rowNames.found,
      load: {
        ...through(searchUrls, call('call_tool', { name: 'datadog_monitor_get', arguments: { monitor_id: monitorId } })),
        good: 'Error rate of checkout',
      },
      ...ours,
    },
    {
      name: rowNames.refused,
      // An argument that the tool does not have: let in, judged, recorded, answered; no credential, no hop.
      load: { ...through(urls, call('datadog_monitor_get', { monitor: 1 })), bad: ['"error":'], good: 'argument_invalid' },
      ...ours,
    },
    { name: rowNames.remote, load: { ...through(remoteUrls, call('docs_monitor_get')), good: 'Error rate of checkout' }, ...ours },
    {
      name: rowNames.sdkV1,
      load: direct(sdkV1.ready.url, { headers: json, body: legacyCall('monitor_get') }),
      pid: sdkV1.pid,
      concurrency: every,
    },
    { name: rowNames.sdkV2, load: direct(sdkV2.ready.url, call('monitor_get')), pid: sdkV2.pid, concurrency: every },
    {
      name: rowNames.slowDirect,
      load: { url: `${slow.ready.origin}${monitorPath}`, method: 'GET', headers: {}, bad: failures },
      pid: slow.pid,
      concurrency: every,
    },
    {
      name: rowNames.slowRest,
      load: through(slowUrls, restCall, slowBroker.baseUrl),
      pid: slowBroker.pid,
      postgres: slowBroker.postgres.ready.pid,
      concurrency: every,
    },
    ...[...lists].map(
      ([count, of]): Subject => ({
        name: rowNames.list(count),
        load: { ...through(of, modern('tools/list')), bad: ['"error":'] },
        ...ours,
      }),
    ),
    {
      name: rowNames.execute,
      load: {
        url: broker.baseUrl,
        method: 'POST',
        headers: bearer,
        targets: urls.map((_, i) => ({
          path: '/v1/tools/datadog_monitor_get/execute',
          body: JSON.stringify({ identifier: `user-${i}`, arguments: { monitor_id: 18342011 } }),
        })),
        bad: failures,
      },
      ...ours,
    },
    {
      name: rowNames.ensureAgain,
      load: {
        url: broker.baseUrl,
        method: 'PUT',
        headers: bearer,
        targets: urls.map((_, i) => ({ path: '/v1/mcp-instances', body: ensuring(`user-${i}`) })),
        bad: failures,
      },
      ...ours,
    },
    {
      name: rowNames.ensureFirst,
      load: { url: `${broker.baseUrl}/v1/mcp-instances`, method: 'PUT', headers: bearer, bad: failures },
      prepare: async () => ({ body: ensuring(`new-${secret()}-{id}`) }),
      ...ours,
    },
    await consentSubject(crew),
  ];
  return { subjects, broker };
}

/** Links made and not opened yet; each is good for one consent. */
const linksAtOnce = 150;

/**
 * A person who connects an account: landing page, the provider's own consent page, back through the callback (exchange of the
 * code, whose account it is, sealed and stored) to the last page. The provider is the sandbox, in a process of its own.
 */
async function consentSubject(crew: Crew): Promise<Subject> {
  const sandbox = await crew.run<{ origin: string }>('./servers/sandbox.ts');
  const broker = await crew.broker({ upstream: sandbox.ready.origin });
  await offer(broker.api, 'linear', { connector: 'linear', sandbox: true });
  return {
    name: rowNames.consent,
    load: { url: broker.baseUrl, method: 'GET', headers: {}, bad: [] },
    pid: broker.pid,
    postgres: broker.postgres.ready.pid,
    concurrency: every,
    async prepare(concurrency) {
      const prefix = secret();
      const links: string[] = [];
      while (links.length < Math.max(linksAtOnce, concurrency)) {
        const some = Array.from({ length: 10 }, (_, i) => ensureInstance(broker.api, 'linear', `${prefix}-${links.length + i}`));
        links.push(...(await Promise.all(some)).map(({ connections }) => connections[0]?.authentication_link as string));
      }
      return { links };
    },
  };
}
