import { paint, wrapped } from '../paint.ts';
import { hold, type Json, linkIn, newPerson, type Story, withoutSecret } from '../stage.ts';

const tools: Record<string, string[]> = {
  datadog: ['datadog_monitors_list', 'datadog_monitor_get', 'datadog_incidents_list'],
  linear: ['linear_issue_create', 'linear_issue_update', 'linear_comment_create'],
  slack: ['slack_post_message', 'slack_reply_to_thread', 'slack_list_channels'],
};
const user = 'user_123';
const account = 'ada@example.test';

const incident: Story = {
  name: 'incident',
  title: 'Incident response, brokered by Grantway',
  about: 'An agent reads monitors, files issues and posts to Slack as one user, and never holds that user’s tokens.',
  async play({ operator, chapter, say, connections, connect, agent: agentOn, atVendor, ledger, until, calls }) {
    chapter('The operator creates three connections');
    await connections(Object.keys(tools));

    chapter('... and the role: which tools an agent may use');
    const config = await operator.api('POST', '/v1/mcp-configs', {
      name: 'incident-responder',
      description: 'Finds what is failing, files it, and tells the team.',
      connection_tool_mappings: Object.entries(tools).map(([connection_name, names]) => ({ connection_name, tools: names })),
    });
    for (const mapping of config.connection_tool_mappings) say(`${mapping.connection_name.padEnd(13)} ${mapping.tools.join(', ')}`);

    chapter(`The agent’s backend ensures an instance for ${user}`);
    const ensure = () => operator.api('PUT', '/v1/mcp-instances', { config_name: 'incident-responder', user_identifier: user });
    const instance = await ensure();
    say(`MCP URL  ${withoutSecret(instance.url)}`);
    hold((await ensure()).url === instance.url, 'asking again answers the same URL');
    say('asked again: the same URL');

    chapter(`${user} opens the three links and connects`);
    const person = newPerson();
    await connect(person, account, instance.connections);

    chapter('The agent connects to the MCP URL');
    const agent = await agentOn(instance.url, 'incident-agent');
    hold(agent.tools.join() === Object.values(tools).flat().toSorted().join(), 'the agent sees the tools of its role and no others');
    for (const line of wrapped(agent.tools)) say(line);

    chapter('It looks at the monitors, and at the ones that fail');
    const { monitors } = await agent.call('datadog_monitors_list');
    for (const monitor of monitors) {
      const failing = monitor.overall_state === 'Alert';
      say(`${failing ? paint.red('●') : paint.green('●')} ${String(monitor.overall_state).padEnd(8)} ${monitor.name}`);
    }
    const failing: Json[] = monitors.filter((monitor: Json) => monitor.overall_state === 'Alert');
    hold(failing.length === 2, 'two monitors are alerting');
    const { groups, message } = await agent.call('datadog_monitor_get', { monitor_id: failing[0].id });
    say(`${failing[0].name}: ${groups.map((group: Json) => `${group.name} ${group.status}`).join(', ')}`);

    chapter('It files an issue for each');
    const { output } = await operator.api('POST', '/v1/tools/linear_teams_list/execute', { identifier: user, connection_name: 'linear' });
    const filed: Json[] = [];
    for (const monitor of failing) {
      const title = `${monitor.name} is alerting`;
      const description = `Monitor ${monitor.id} went to ${monitor.overall_state}.`;
      const made = await agent.call('linear_issue_create', { teamId: output.teams[0].id, title, description, priority: 'urgent' });
      hold(made.title === title, 'the issue has the title that the agent gave it');
      filed.push(made);
      say(`${made.identifier}  ${made.title}  ${paint.dim(made.url)}`);
    }
    hold(new Set(filed.map((made) => made.identifier)).size === filed.length, 'each issue has an identifier of its own');

    chapter('It tells the team, and says more in the thread');
    const { channels } = await agent.call('slack_list_channels');
    const channel = channels.find((one: Json) => one.name === 'incidents');
    const text = `${filed.length} monitors are alerting: ${filed.map((made) => made.identifier).join(', ')}`;
    const posted = await agent.call('slack_post_message', { channel: channel.id, text });
    say(`#${channel.name}  “${text}”`);
    const more = /Runbook: \S+/.exec(message)?.[0] ?? message;
    const replied = await agent.call('slack_reply_to_thread', { channel: channel.id, thread_ts: posted.ts, text: more });
    hold(replied.thread_ts === posted.ts && replied.ts !== posted.ts, 'the reply stands in the thread of the message');
    say(`  └ “${replied.text}”`);

    chapter(`${user} removes the app in Slack’s settings, behind everybody’s back`);
    const { revoked } = await atVendor('slack', 'revoke');
    hold(revoked === 1, 'one grant was ended at the provider');
    const recovering = { channel: channel.id, thread_ts: posted.ts, text: 'Rolled back; latency is falling.' };
    const refused = await agent.ask('slack_reply_to_thread', recovering);
    const link = linkIn(refused.text);
    hold(refused.code === 'authorization_required' && link !== undefined, 'the next call answers with a link');
    for (const line of withoutSecret(refused.text).split('\n')) say(paint.yellow(line));
    const [lost] = (await operator.api('GET', `/v1/connected-accounts?connection_name=slack&identifier=${user}`)).items;
    say(`the account is ${lost.status}: ${lost.reason}`);
    hold(lost.reason === 'revoked_by_provider', 'the account says why');

    chapter(`${user} opens that link, and the very same call works`);
    await person.consent(link, { account });
    const again = await agent.call('slack_reply_to_thread', recovering);
    hold(again.thread_ts === posted.ts, 'the reply stands in the thread');
    say(`  └ “${again.text}”`);
    say('the same MCP URL, the same conversation, nothing restarted');

    chapter('The incident is over: the issue is told so, and Linear is disconnected');
    await agent.call('linear_comment_create', { issueId: filed[0].identifier, body: 'Latency is back to normal.' });
    say(`${filed[0].identifier}  “Latency is back to normal.”`);
    const [linear] = (await operator.api('GET', `/v1/connected-accounts?connection_name=linear&identifier=${user}`)).items;
    await operator.api('DELETE', `/v1/connected-accounts/${linear.id}`);
    const receipt = await until(
      'the provider confirms the revocation',
      async () => (await operator.api('GET', `/v1/revocations?connected_account_id=${linear.id}`)).items[0],
      (one) => one?.status === 'proven',
    );
    say(`receipt ${receipt.id}: ${receipt.cause}, ${receipt.status} by the provider in ${receipt.attempts} attempt`);
    const { live } = await ledger('linear');
    hold(live.access_tokens === 0 && live.refresh_tokens === 0, 'nothing of the grant lives at the provider');
    say(`what still works at Linear, by its own ledger: ${live.access_tokens} access tokens, ${live.refresh_tokens} refresh tokens`);
    const { code } = await agent.ask('linear_issue_update', { issueId: filed[0].identifier, title: 'Solved' });
    hold(code === 'authorization_required', 'the agent’s next call to Linear asks for an account');
    say(`the agent’s next call there: ${code}`);

    chapter('What happened, from the audit of calls');
    const rows = await calls();
    hold(rows.filter((row) => row.outcome === 'success').length === 10 && rows.length === 12, 'the audit has every call');
  },
};

export default incident;
