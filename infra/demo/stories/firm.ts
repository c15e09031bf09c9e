import { createHash } from 'node:crypto';
import { paint, short, wrapped } from '../paint.ts';
import { hold, type Json, messageOf, newPerson, type Story } from '../stage.ts';

const own = {
  attio: ['attio_list_lists', 'attio_list_entries', 'attio_get_record', 'attio_create_note'],
  affinity: ['affinity_search_organizations', 'affinity_list_notes', 'affinity_list_interactions'],
  gmail: ['gmail_fetch_mails', 'gmail_get_message_by_id', 'gmail_send_message'],
  outlook: ['outlook_messages_search', 'outlook_message_send'],
  notion: [
    'notion_page_search',
    'notion_page_create',
    'notion_page_content_append',
    'notion_file_upload_create',
    'notion_file_upload_send',
    'notion_file_attach',
    'notion_file_download',
  ],
  granola: ['granola_notes_list', 'granola_note_get'],
  'google-sheets': ['google_sheets_values_get', 'google_sheets_values_append'],
};
const firms = {
  brave: ['brave_news_search'],
  phantombuster: ['phantombuster_agents_fetch_all', 'phantombuster_agent_launch', 'phantombuster_container_fetch_result'],
};
const mapped = (connections: Record<string, string[]>, more: Json = {}) =>
  Object.entries(connections).map(([connection_name, tools]) => ({ connection_name, tools, ...more }));
const ofFirm = { account_owner: 'organization' };

const [partner, associate] = [
  { user: 'partner-mira', account: 'mira@northern.example.test' },
  { user: 'associate-noor', account: 'noor@northern.example.test' },
];
/** The one spreadsheet of the firm: set by the role, so that no agent chooses another. */
const sheet = { spreadsheetId: '1mAdeUp-Sheet-Id_of_the_Pipeline_0001' };

const firm: Story = {
  name: 'firm',
  title: 'A venture firm, brokered by Grantway',
  about: 'One agent prepares a partner’s Monday over nine services and two mailboxes; mail leaves only when a person says yes.',
  async play({ operator, chapter, say, connections, backend, connect, agent: agentOn, ledger, calls }) {
    const all = { ...own, ...firms };
    chapter('The operator makes nine connections');
    await connections(Object.keys(all));

    chapter('... enters the firm’s own keys for two of them');
    for (const connection_name of Object.keys(firms)) {
      const body = { connection_name, identifier: 'operations', account_owner: 'organization', account_label: 'the firm' };
      const { link, connected_account_id } = await operator.api('POST', '/v1/connected-accounts/authorization-link', body);
      await connect(newPerson(), '', [{ connection_name, connector: connection_name, connected_account_id, authentication_link: link }]);
    }

    chapter('Two roles: what a partner’s agent may do, and what an associate’s may');
    const asked = ['gmail_send_message', 'outlook_message_send'].map((tool) => ({ tool, approval: 'always_ask' }));
    const fixed = own['google-sheets'].map((tool) => ({ tool, fixed_arguments: sheet }));
    await operator.api('POST', '/v1/mcp-configs', {
      name: 'partner',
      connection_tool_mappings: [...mapped(own), ...mapped(firms, ofFirm)],
      policy: { tools: [...asked, ...fixed] },
    });
    const { attio, brave } = all;
    await operator.api('POST', '/v1/mcp-configs', {
      name: 'associate',
      connection_tool_mappings: [...mapped({ attio, 'google-sheets': own['google-sheets'] }), ...mapped({ brave }, ofFirm)],
      policy: { read_only: true, tools: fixed },
    });
    say(`partner    ${Object.values(all).flat().length} tools of nine connections; mail waits for a yes; one spreadsheet, set by the role`);
    say('associate  three connections, only to read');

    chapter('Two agents, each with a client of its own');
    const scopes = ['mcp_instances:write', 'tools:execute', 'files:write', 'files:read'];
    const desk = await backend('deal desk', scopes, { configs: ['partner'] });
    const research = await backend('research', scopes, { configs: ['associate'] });
    say(`deal desk  ${desk.clientId}`);
    say(`research   ${research.clientId}`);

    chapter(`${partner.user} connects what is hers: seven accounts, two of them mailboxes`);
    const person = newPerson();
    const instance = await desk.api('PUT', '/v1/mcp-instances', { config_name: 'partner', user_identifier: partner.user });
    const ofPartner: Json[] = instance.connections.filter((one: Json) => one.authentication_link !== null);
    hold(ofPartner.length === 7, 'seven accounts are to be connected; those of the firm are there');
    await connect(person, partner.account, instance.connections);
    const agent = await agentOn(instance.url, 'deal-desk');
    hold(
      Object.values(all)
        .flat()
        .every((tool) => agent.tools.includes(tool)),
      'the agent sees every tool of its role',
    );

    chapter('The agent prepares Monday: the pipeline in Attio, the history in Affinity');
    const [list] = (await agent.call('attio_list_lists')).lists;
    const { entries } = await agent.call('attio_list_entries', { list: list.slug, filter: { stage: 'Due diligence' } });
    const company = await agent.call('attio_get_record', { object: 'companies', record_id: entries[0].parent_record_id });
    const name: string = company.values.name[0];
    say(`${list.name}: ${name}, ${entries[0].entry_values.stage[0]}, priority ${entries[0].entry_values.priority[0]}`);
    const [known] = (await agent.call('affinity_search_organizations', { term: name })).companies;
    const { notes } = await agent.call('affinity_list_notes', { organization_id: known.company_id });
    say(`Affinity: “${short(notes[0].content, 70)}”`);
    const between = { start_time: '2025-11-01T00:00:00Z', end_time: '2025-11-30T00:00:00Z' };
    const history = await agent.call('affinity_list_interactions', { type: 'email', ...between, organization_id: known.company_id });
    for (const { at, subject, persons } of history.interactions) say(`          ${at.slice(0, 10)} “${subject}”, ${persons[0].name}`);

    chapter('... both mailboxes, last week’s call, and the news');
    const { messages } = await agent.call('gmail_fetch_mails', { q: 'has:attachment newer_than:7d', limit: 2 });
    const mail = await agent.call('gmail_get_message_by_id', { messageId: messages[0].id });
    say(`Gmail     “${mail.subject}” from ${mail.from}: ${short(mail.text.split('\n').at(-1), 60)}`);
    const [other] = (await agent.call('outlook_messages_search', { query: 'term sheet' })).messages;
    say(`Outlook   “${other.subject}” from ${other.from.name} <${other.from.address}>: ${short(other.preview, 60)}`);
    const [call] = (await agent.call('granola_notes_list', { created_after: '2025-11-20T00:00:00Z' })).notes;
    const { summary } = await agent.call('granola_note_get', { note_id: call.id });
    say(`Granola   “${call.title}”: ${short(summary.split('\n').at(-1), 60)}`);
    const [news] = (await agent.call('brave_news_search', { q: name, freshness: 'pw' })).results;
    say(`Brave     “${news.title}”, ${news.site}`);

    chapter('... and who works there, by the firm’s PhantomBuster');
    const [phantom] = (await agent.call('phantombuster_agents_fetch_all')).agents;
    const { container_id } = await agent.call('phantombuster_agent_launch', { id: phantom.id });
    const { result } = await agent.call('phantombuster_container_fetch_result', { id: container_id });
    say(
      `${phantom.script}: ${JSON.parse(result)
        .map((one: Json) => one.fullName)
        .join(', ')}`,
    );

    chapter('It writes everything down where the partners look');
    const found = (await agent.call('notion_page_search', { query: 'pipeline' })).results;
    const { id: data_source_id } = found.find((one: Json) => one.object === 'data_source');
    const title = `${name}: Monday`;
    const page = await agent.call('notion_page_create', {
      title,
      data_source_id,
      content: `# Open\n\n- [ ] ${history.interactions[0].subject}`,
    });
    hold(page.title === title, 'the page has the title that the agent gave it');
    say(`Notion    ${page.title}  ${paint.dim(page.url)}`);
    const note = { parent_object: 'companies', parent_record_id: company.record_id, title: 'Monday', content: summary };
    hold((await agent.call('attio_create_note', note)).title === 'Monday', 'the note is in Attio');
    say('Attio     a note “Monday” at the company');
    const row = [[name, 'Due diligence', 1_500_000]];
    const added = await agent.call('google_sheets_values_append', { range: 'Deals', values: row });
    say(`Sheets    ${added.updated_rows} row at ${added.updated_range}; which spreadsheet was not the agent’s to choose`);
    const elsewhere = await agent.ask('google_sheets_values_append', { spreadsheetId: 'another', range: 'Deals', values: row });
    hold(elsewhere.code !== undefined, 'an argument that the role has set is refused');
    say(`          another spreadsheet: ${paint.yellow(elsewhere.code)}`);

    chapter('The deck goes to the page; its bytes never pass through the model');
    const deck = Buffer.from(`%PDF-1.7 the deck of ${name} `.repeat(2000));
    const file = await desk.upload({ name: 'deck.pdf', user_identifier: partner.user }, deck, 'application/pdf');
    say(`POST /v1/files: ${file.name}, ${file.size} bytes, as ${file.id}`);
    const { id: file_upload_id } = await agent.call('notion_file_upload_create', { filename: file.name });
    await agent.call('notion_file_upload_send', { file_upload_id, file_id: file.id });
    const block = await agent.call('notion_file_attach', { block_id: page.id, file_upload_id, type: 'pdf', caption: 'Deck' });
    const back = await agent.call('notion_file_download', { block_id: block.id });
    hold(back.sha256 === sha256(deck), 'what comes back is what was sent');
    hold((await desk.download(`/v1/files/${back.file_id}/content`)).equals(deck), 'byte for byte');
    say(`sent, attached, fetched again: the same SHA-256, ${back.sha256.slice(0, 16)}…`);

    chapter('A mail is written, and waits for a person');
    const letter = { to: ['ana@lumen.example'], subject: `Re: ${mail.subject}`, body: 'Thank you for the deck. Monday at ten?' };
    const parked = await agent.ask('gmail_send_message', letter);
    hold(parked.code === 'approval_required', 'sending mail must be approved');
    hold((await sent('gmail_send_message')) === 0, 'nothing was sent');
    say(paint.yellow(short(parked.text, 110)));
    const [waiting, ...more] = (await operator.api('GET', '/v1/approvals?status=pending')).items;
    hold(waiting.id === parked.meta['grantway/approval_id'] && more.length === 0, 'the operator sees what is pending');
    const shown = await operator.api('GET', `/v1/approvals/${waiting.id}`);
    hold(JSON.stringify(shown.arguments.to) === JSON.stringify(letter.to), 'with exactly its arguments');
    say(`pending: ${shown.tool_name} for ${shown.user_identifier}, to ${shown.arguments.to.join(', ')}: “${shown.arguments.subject}”`);
    const code = await desk.refused('POST', `/v1/approvals/${waiting.id}/approve`, {});
    hold(code === 'insufficient_scope', 'the agent’s own client cannot say yes');
    say(`the agent’s own client says yes: ${paint.yellow(code)}`);

    chapter('The yes: the same call is made exactly once');
    await operator.api('POST', `/v1/approvals/${waiting.id}/approve`, { reason: 'as discussed' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => agent.ask('gmail_send_message', letter)));
    const told = answers.filter(({ output }) => output !== undefined);
    hold(told.length > 0, 'the approved call succeeds');
    hold((await sent('gmail_send_message')) === 1, 'five times at once, one mail');
    say(`the agent makes it five times at once: ${await sent('gmail_send_message')} mail at Gmail, by Gmail’s own ledger`);
    const changed = await agent.ask('gmail_send_message', { ...letter, to: ['somebody@else.example'] });
    hold(changed.code === 'approval_required', 'another recipient is another question');
    say(`the same mail to somebody else: ${paint.yellow(changed.code)}`);
    await operator.api('POST', `/v1/approvals/${changed.meta['grantway/approval_id']}/deny`, { reason: 'not to them' });
    const denied = await agent.ask('gmail_send_message', { ...letter, to: ['somebody@else.example'] });
    hold(denied.code === 'approval_denied' && denied.text.includes('not to them'), 'a no reaches the agent, with its reason');
    say(`... and the no, with its reason: ${paint.yellow(denied.code)}`);

    chapter(`${associate.user}’s agent reads, and that is all`);
    const theirs = await research.api('PUT', '/v1/mcp-instances', { config_name: 'associate', user_identifier: associate.user });
    await connect(newPerson(), associate.account, theirs.connections);
    const reader = await agentOn(theirs.url, 'research');
    for (const line of wrapped(reader.tools)) say(line);
    hold(!reader.tools.some((tool) => /create|append|send|launch/.test(tool)), 'no tool that writes is listed');
    const written = await reader.ask('attio_create_note', note).catch((error: Error) => error);
    hold(written instanceof Error, 'a tool that writes is refused');
    say(paint.yellow(written.message));
    const { rows } = await reader.call('google_sheets_values_get', { range: 'Deals!A1:C3' });
    say(
      `Deals: ${rows
        .slice(1)
        .map(([deal]: string[]) => deal)
        .join(', ')}`,
    );

    chapter('The deal desk behaves oddly: its client is suspended, with the next call');
    await operator.api('PATCH', `/v1/clients/${desk.clientId}`, { suspended: true });
    const stopped = await agent.ask('attio_list_lists').catch((error: Error) => error);
    hold(stopped instanceof Error && stopped.message.includes('suspended'), 'its agent’s next call is refused');
    say(`deal desk  ${paint.red(messageOf(stopped))}`);
    await reader.call('attio_list_lists');
    say(`research   ${paint.green('goes on')}`);
    await operator.api('PATCH', `/v1/clients/${desk.clientId}`, { suspended: false });
    await agent.call('attio_list_lists');
    say('resumed: the same URL works again, without a new consent');

    chapter('What happened, from the audit of calls');
    const made = await calls(['time', 'on behalf of', 'connection', 'account', 'tool', 'outcome', 'ms']);
    hold(made.filter((one) => one.tool_name === 'gmail_send_message' && one.outcome === 'success').length === 1, 'one mail was sent');
    hold(new Set(made.map((one) => one.connection_name).filter(Boolean)).size === 9, 'nine connections were used');
    const { items } = await operator.api('GET', '/v1/audit-events?limit=100');
    const deeds = [...new Set<string>(items.map((one: Json) => one.action))].toSorted();
    say();
    say(`and ${items.length} deeds beside them, each with who did it:`);
    for (const line of wrapped(deeds)) say(line);
    hold(
      ['approval.approved', 'approval.denied', 'client.updated'].every((deed) => deeds.includes(deed)),
      'the audit has the decisions',
    );

    async function sent(tool: string): Promise<number> {
      const { events } = await ledger('gmail');
      return events.filter((one: Json) => one.kind === 'api_call' && one.tool === tool).length;
    }
  },
};

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export default firm;
