// `npm run demo`: the incident-response story against the sandbox. Nothing is staged: a broker is started on an empty
// data folder, and everything below goes over HTTP, so ids and times differ on each run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Person } from '@grantway/sandbox/person';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { someKeys } from './keys.ts';
import { paint, table } from './paint.ts';

// biome-ignore lint/suspicious/noExplicitAny: a story reads answers as they come
type Json = any;

const root = fileURLToPath(new URL('../../', import.meta.url));
const dataDir = mkdtempSync(path.join(tmpdir(), 'grantway-demo-'));
const say = (line = '') => void process.stdout.write(`${line}\n`);
let chapter = 0;
const tell = (title: string) => say(`\n${paint.bold(`${++chapter}. ${title}`)}`);
const secondsSince = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`;

const tools = {
  datadog: ['datadog_monitors_list', 'datadog_monitor_get', 'datadog_incidents_list'],
  linear: ['linear_issue_create', 'linear_issue_update', 'linear_comment_create'],
  slack: ['slack_post_message', 'slack_reply_to_thread', 'slack_list_channels'],
};
const user = 'user_123';

async function startBroker(): Promise<{ baseUrl: string; sandbox: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [path.join(root, 'infra/start.mjs')], {
    cwd: root,
    env: { ...process.env, GRANTWAY_PORT: '0', GRANTWAY_DATA_DIR: dataDir, GRANTWAY_LOG_LEVEL: 'error', DATABASE_URL: '', REDIS_URL: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (chunk) => {
    printed += chunk;
  });
  const stop = async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('listening on ')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the broker ended with ${code}:\n${printed}`)));
  });
  const at = (what: string) => new RegExp(`${what} on (\\S+)`).exec(printed)?.[1] ?? '';
  return { baseUrl: at('listening'), sandbox: at('sandbox'), stop };
}

function apiOf(baseUrl: string, token: string) {
  return async (method: string, pathname: string, body?: unknown): Promise<Json> => {
    const response = await fetch(`${baseUrl}${pathname}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${method} ${pathname}: ${answer.code}: ${answer.detail}`);
    return answer;
  };
}

const withoutSecret = (url: string) => url.replace(/(gw[a-z]+_[0-9A-Za-z]{16})_[0-9A-Za-z]+/, '$1_…');

async function story(): Promise<void> {
  const began = performance.now();
  say(paint.bold('Incident response, brokered by Grantway'));
  say('An agent reads monitors, files issues and posts to Slack as one user, and never holds that user’s tokens.');

  tell('Start a broker on an empty data folder');
  const { baseUrl, sandbox, stop } = await startBroker();
  try {
    const { client_id, client_secret } = JSON.parse(readFileSync(path.join(dataDir, 'credentials.json'), 'utf8')) as Record<string, string>;
    say(`   ${baseUrl} answers after ${secondsSince(began)}: its own PostgreSQL, its own master key, first client ${client_id}`);
    const granted = await fetch(`${baseUrl}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const api = apiOf(baseUrl, ((await granted.json()) as { access_token: string }).access_token);

    tell('The operator creates three connections');
    for (const connector of Object.keys(tools)) {
      const made = await api('POST', '/v1/connections', { name: connector, connector, sandbox: true });
      say(`   ${made.name.padEnd(8)} ${made.status}  ${made.scopes.join(', ') || 'authorized by key'}`);
    }

    tell('... and the role: which tools an agent may use');
    const config = await api('POST', '/v1/mcp-configs', {
      name: 'incident-responder',
      description: 'Finds what is failing, files it, and tells the team.',
      connection_tool_mappings: Object.entries(tools).map(([connection_name, names]) => ({ connection_name, tools: names })),
    });
    for (const mapping of config.connection_tool_mappings) say(`   ${mapping.connection_name.padEnd(8)} ${mapping.tools.join(', ')}`);

    tell(`The agent’s backend ensures an instance for ${user}`);
    const ensure = () => api('PUT', '/v1/mcp-instances', { config_name: 'incident-responder', user_identifier: user });
    const instance = await ensure();
    say(`   MCP URL  ${withoutSecret(instance.url)}`);
    say(`   asked again: ${(await ensure()).url === instance.url ? 'the same URL' : 'ANOTHER URL'}`);

    tell(`${user} opens the three links and connects`);
    const person = new Person();
    for (const connection of instance.connections) {
      const page =
        connection.connector === 'datadog'
          ? await person.enterKey(connection.authentication_link, someKeys())
          : await person.consent(connection.authentication_link, { account: 'ada@example.test' });
      if (page.status !== 200) throw new Error(`${connection.connection_name}: the page answered ${page.status}`);
      const { items } = await api('GET', `/v1/connected-accounts?connection_name=${connection.connection_name}&identifier=${user}`);
      say(`   ${connection.connection_name.padEnd(8)} ${items[0].status} as ${items[0].provider_account.label}`);
    }

    tell('The agent connects to the MCP URL');
    const client = new Client({ name: 'incident-agent', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(new URL(instance.url)));
    const listed = await client.listTools();
    say(`   ${listed.tools.length} tools: ${listed.tools.map((t) => t.name).join(', ')}`);
    const call = async (name: string, args: Record<string, unknown>): Promise<Json> => {
      const result: Json = await client.callTool({ name, arguments: args });
      if (result.isError) throw new Error(result.content[0].text);
      return result.structuredContent;
    };

    tell('It looks at the monitors');
    const { monitors } = await call('datadog_monitors_list', {});
    for (const monitor of monitors) {
      const failing = monitor.overall_state === 'Alert';
      say(`   ${failing ? paint.red('●') : paint.green('●')} ${String(monitor.overall_state).padEnd(8)} ${monitor.name}`);
    }

    tell('It files an issue for each that fails');
    const filed: Json[] = [];
    const teams = await api('POST', '/v1/tools/linear_teams_list/execute', { identifier: user, connection_name: 'linear' });
    for (const monitor of monitors.filter((m: Json) => m.overall_state === 'Alert')) {
      const made = await call('linear_issue_create', {
        teamId: teams.output.teams[0].id,
        title: `${monitor.name} is alerting`,
        description: `Monitor ${monitor.id} went to ${monitor.overall_state}.`,
      });
      filed.push(made);
      say(`   ${made.identifier}  ${made.title}`);
    }

    tell('It tells the team');
    const { channels } = await call('slack_list_channels', {});
    const channel = channels.find((c: Json) => c.name === 'incidents') ?? channels[0];
    const text = `${filed.length} monitors are alerting: ${filed.map((f) => f.identifier).join(', ')}`;
    const posted = await call('slack_post_message', { channel: channel.id, text });
    say(`   #${channel.name}  “${text}”  (message ${posted.ts})`);

    tell(`${user} removes the app in Slack’s settings, behind everybody’s back`);
    const revoked = await fetch(`${sandbox}/_sandbox/slack/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    say(`   grants revoked at the provider: ${((await revoked.json()) as Json).revoked}`);
    const refused: Json = await client.callTool({ name: 'slack_post_message', arguments: { channel: channel.id, text: 'Recovering.' } });
    say(`   the agent’s next call answers: ${paint.yellow(withoutSecret(refused.content[0].text))}`);
    const link = /https?:\/\/\S+\/connect\/\w+/.exec(refused.content[0].text)?.[0];
    if (link === undefined) throw new Error('the answer carries no link');

    tell(`${user} opens that link, and the very same call works`);
    await person.consent(link, { account: 'ada@example.test' });
    const again = await call('slack_post_message', { channel: channel.id, text: 'Recovering.' });
    say(`   posted: message ${again.ts}, same MCP URL, nothing restarted`);
    await client.close();

    tell('What happened, from the audit of calls');
    const { items } = await api('GET', '/v1/tool-calls?limit=100');
    say(
      table(
        ['time', 'on behalf of', 'connection', 'tool', 'outcome', 'ms', 'id'],
        items
          .toReversed()
          .map((row: Json) => [
            row.created_at.slice(11, 23),
            row.user_identifier,
            row.connection_name,
            row.tool_name,
            row.fault_code ?? row.outcome,
            String(row.duration_ms),
            row.id,
          ]),
      ),
    );
    say(`\nDone in ${secondsSince(began)}. The broker is stopped and its data folder removed.`);
  } finally {
    await stop();
  }
}

try {
  await story();
} catch (error) {
  process.stderr.write(`\nThe story broke off: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
