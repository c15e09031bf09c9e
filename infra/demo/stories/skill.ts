import { paint, short, wrapped } from '../paint.ts';
import { type Backend, hold, type Json, linkIn, newPerson, type Story, withoutSecret } from '../stage.ts';

const role = 'executor';
const page = ['notion_page_search', 'notion_page_get', 'notion_page_content_append', 'notion_user_get_self'];
const mappings = [
  { connection_name: 'notion', tools: page },
  { connection_name: 'exa', tools: ['exa_search'], account_owner: 'organization' },
  { connection_name: 'harvestapi', tools: ['harvestapi_people_search'], account_owner: 'organization' },
];
const [ada, grace] = [
  { user: 'slack:U0ADA', account: 'ada@example.test' },
  { user: 'slack:U0GRACE', account: 'grace.hopper@example.test' },
];

const skill: Story = {
  name: 'skill',
  title: 'The executor skill, brokered by Grantway',
  about: 'A personal assistant runs tools for whoever asks it, from a sandbox that holds no key of anybody and reaches one role alone.',
  async play({ operator, chapter, say, connections, backend, connect, agent: agentOn, ledger, calls }) {
    chapter('The operator makes three connections');
    await connections(mappings.map(({ connection_name }) => connection_name));

    chapter('... enters the company’s keys for two of them, once for everybody');
    for (const connection_name of ['exa', 'harvestapi']) {
      const body = { connection_name, identifier: 'operator', account_owner: 'organization', account_label: 'Acme' };
      const { link, connected_account_id } = await operator.api('POST', '/v1/connected-accounts/authorization-link', body);
      const opened = { connection_name, connector: connection_name, connected_account_id, authentication_link: link };
      await connect(newPerson(), ada.account, [opened]);
    }

    chapter('... and the role: a few of the tools that these connections have');
    await operator.api('POST', '/v1/mcp-configs', { name: role, connection_tool_mappings: mappings });
    const all = await Promise.all(
      mappings.map(async ({ connection_name }) => (await operator.api('GET', `/v1/tools?connector=${connection_name}&limit=100`)).items),
    );
    say(`of ${all.flat().length} tools: ${mappings.flatMap(({ tools }) => tools).join(', ')}`);

    chapter('The sandbox of the skill gets a client of its own, that can do this and nothing else');
    const scopes = ['mcp_instances:read', 'mcp_instances:write', 'tools:execute'];
    const sandboxed = await backend('skill sandbox', scopes, { configs: [role], identifier_prefixes: ['slack:'] });
    say(`${sandboxed.clientId} may: ${scopes.join(', ')}; with ${role} alone, for users whose identifier begins with slack:`);
    await isRefused(sandboxed, 'make a connection', 'insufficient_scope', 'POST', '/v1/connections', {
      name: 'mine',
      connector: 'exa',
      sandbox: true,
    });
    await isRefused(sandboxed, 'act for somebody else', 'not_found', 'PUT', '/v1/mcp-instances', {
      config_name: role,
      user_identifier: 'ceo',
    });
    const anyTool = { identifier: ada.user, mcp_config_name: role, arguments: { page_id: 'any' } };
    await isRefused(sandboxed, 'run a tool outside of the role', 'unknown_tool', 'POST', '/v1/tools/notion_page_archive/execute', anyTool);

    function instanceOf(user: string): Promise<Json> {
      return sandboxed.api('PUT', '/v1/mcp-instances', { config_name: role, user_identifier: user });
    }
    chapter('Ada asks the assistant for her page on Nordlicht, and has never connected anything');
    const hers = await instanceOf(ada.user);
    const agent = await agentOn(hers.url, 'executor');
    hold(
      agent.tools.join() ===
        mappings
          .flatMap(({ tools }) => tools)
          .toSorted()
          .join(),
      'the agent sees the tools of its role',
    );
    const search = { query: 'Nordlicht', limit: 2 };
    const missing = await agent.ask('notion_page_search', search);
    const link = linkIn(missing.text);
    hold(missing.code === 'authorization_required' && link !== undefined, 'a missing connection answers with a link');
    for (const line of withoutSecret(missing.text).split('\n')) say(paint.yellow(line));

    chapter('Ada opens the link from her chat, and the very same call works');
    await newPerson().consent(link, { account: ada.account });
    const { results } = await agent.call('notion_page_search', search);
    const found = results.find((one: Json) => one.object === 'page');
    const read = await agent.call('notion_page_get', { page_id: found.id });
    say(
      `${read.title}: ${Object.entries<Json>(read.properties)
        .filter(([, { type }]) => type !== 'title')
        .map(([name, { value }]) => `${name} ${shown(value)}`)
        .join(', ')}`,
    );

    chapter('It looks around: the web by Exa, people by HarvestAPI, with the company’s keys');
    const query = 'robotics companies that raise a seed round';
    const [hit] = (await agent.call('exa_search', { query, numResults: 1 })).results;
    say(`exa_search                “${hit.title}”, ${hit.url}`);
    // The name by which clients of other brokers know the tool.
    const { people, total } = await agent.call('harvestapi_search_people', {
      currentJobTitles: ['Head of Sales'],
      locations: ['Valencia'],
    });
    say(`harvestapi_search_people  ${people[0].name}, ${people[0].position}, and ${total - 1} more`);

    chapter('... and writes down what it found');
    const content = `- [ ] Talk to ${people[0].name} (${people[0].position})`;
    const { blocks } = await agent.call('notion_page_content_append', { block_id: found.id, content });
    hold(blocks[0].text === `Talk to ${people[0].name} (${people[0].position})`, 'the block holds what the agent wrote');
    say(`☐ ${blocks[0].text}`);

    chapter('What the role does not have does not exist for the agent');
    const outside = await agent.ask('notion_page_archive', { page_id: found.id }).catch((error: Error) => error);
    hold(outside instanceof Error && outside.message.includes('notion_page_archive'), 'a tool outside of the allow-list is refused');
    say(paint.yellow(outside.message));

    chapter('Grace asks the same assistant: the same role, an MCP URL and an account of her own');
    const other = await instanceOf(grace.user);
    hold(other.url !== hers.url, 'each user has a URL of her own');
    const hersToo = await agentOn(other.url, 'executor');
    hold((await hersToo.ask('notion_user_get_self')).code === 'authorization_required', 'Ada’s account is not Grace’s');
    say('before she connected: authorization_required, although Ada has');
    await connect(newPerson(), grace.account, (await instanceOf(grace.user)).connections);
    const [one, two] = [await agent.call('notion_user_get_self'), await hersToo.call('notion_user_get_self')];
    hold(one.owner_id !== two.owner_id, 'each of the two speaks to Notion as herself');
    say(`Ada is Notion’s user ${one.owner_id}`);
    say(`Grace is Notion’s user ${two.owner_id}`);
    await hersToo.call('exa_search', { query, numResults: 1 });
    say('... and Exa works for her at once: its key is the company’s');

    chapter('Ada disconnects her account; Grace is not touched');
    const [account] = (await operator.api('GET', `/v1/connected-accounts?connection_name=notion&identifier=${ada.user}`)).items;
    await operator.api('DELETE', `/v1/connected-accounts/${account.id}`);
    hold(
      (await agent.ask('notion_page_get', { page_id: found.id })).code === 'authorization_required',
      'Ada’s next call asks for an account',
    );
    await hersToo.call('notion_page_get', { page_id: found.id });
    const { counts } = await ledger('notion');
    hold(counts.consents_allowed === 2, 'Notion was asked for two consents');
    say('Ada’s next call: authorization_required; Grace’s: success');

    chapter('What happened, from the audit of calls');
    const rows = await calls(['time', 'on behalf of', 'connection', 'account', 'tool', 'outcome', 'ms']);
    hold(
      rows.some((row) => row.user_identifier === grace.user && row.account_label === 'Acme'),
      'calls with the company’s key name who asked',
    );
    for (const line of wrapped(
      [`${rows.length} calls,`, 'each with the user for whom it was made, also where the key is the company’s'],
      ' ',
    ))
      say(line);

    async function isRefused(who: Backend, what: string, why: string, ...request: [string, string, unknown]): Promise<void> {
      const code = await who.refused(...request);
      hold(code === why, `to ${what} is refused as ${why}, not as ${code}`);
      say(`to ${what}: ${paint.yellow(code)}`);
    }
  },
};

function shown(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'start' in value) return String(value.start);
  return short(Array.isArray(value) ? value.join(' + ') : String(value), 40);
}

export default skill;
