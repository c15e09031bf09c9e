import type { Tool } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';
import type { Pool } from 'undici';
import { monitorPath } from '../wire.ts';

const { tools } = await registry.datadog();
const tool = tools.find(({ name }) => name === 'datadog_monitor_get') as Tool;
const prefix = monitorPath.slice(0, monitorPath.indexOf('/api/'));

/** What a server of an SDK says of the tool that the broker calls: the very same schemas, both ways. */
export const described = {
  title: tool.title,
  description: tool.description,
  inputSchema: tool.input,
  outputSchema: tool.output,
  annotations: { readOnlyHint: true },
};

/** The same request and the same answer; without users, credentials, policy and audit. */
export async function called(pool: Pool, args: Record<string, unknown>) {
  const request = tool.request(args);
  const query = Object.fromEntries(Object.entries(request.query ?? {}).map(([name, value]) => [name, String(value)]));
  const answer = await pool.request({ path: prefix + request.path, query, method: 'GET', headers: { accept: 'application/json' } });
  const output = tool.respond(await answer.body.json(), { status: answer.statusCode, headers: {}, body: undefined }) as Record<
    string,
    unknown
  >;
  return { content: [{ type: 'text' as const, text: JSON.stringify(output) }], structuredContent: output };
}
