import { type Connector, tool } from '@grantway/connector-kit';
import { isFault, Policy, StoredPolicy } from '@grantway/contract';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { rulesFor } from './call-policy.ts';
import type { Catalogue } from './ctx.ts';
import { checkedPolicy, shownPolicy } from './policy-checks.ts';
import type { ExposedTool, MappedConnection } from './tools.ts';

const send = tool({
  name: 'mail_send',
  aliases: ['send_mail'],
  title: 'Send mail',
  description: '',
  effect: 'write',
  scopes: [],
  docs: '',
  input: z.object({
    to: z.array(z.string()),
    cc: z.array(z.string()).optional(),
    bcc: z.string().nullable().optional(),
    subject: z.string(),
    priority: z.enum(['low', 'high']).optional(),
    count: z.int().optional(),
    meta: z.object({ labels: z.array(z.object({ name: z.string() })) }).optional(),
  }),
  output: z.object({}),
  request: () => ({ method: 'GET', path: '/' }) as never,
  respond: () => ({}),
  examples: [],
});
const connectors = new Map([['mail', { id: 'mail', tools: [send] } as unknown as Connector]]);
const catalogue: Catalogue = {
  ids: () => [...connectors.keys()],
  aliasOf: () => undefined,
  meaningOf: (id) => ({ id, variant: null }),
  find: async (id) => connectors.get(id),
  all: async () => [...connectors.values()],
};
const mapped = (connectionName: string, connectorId: string, tools: string[] = []): MappedConnection => ({
  connectionId: `con_${connectionName}`,
  connectionName,
  connectorId,
  tools,
  accountOwner: 'user',
  accountChoice: false,
});
const config = [mapped('mail', 'mail'), mapped('mail-2', 'mail'), mapped('far', 'mcp', ['echo'])];

async function problemsOf(policy: unknown, mappings = config): Promise<string[]> {
  try {
    await checkedPolicy(catalogue, Policy.parse(policy), mappings);
    return [];
  } catch (error) {
    if (!isFault(error)) throw error;
    return [error.code, ...(error.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)];
  }
}
const rules = (constraints: unknown, more: object = {}) => ({ tools: [{ tool: 'mail_send', constraints, ...more }] });

describe('a tool that goes by several names', () => {
  const stored = async (policy: object, mappings = config) => checkedPolicy(catalogue, Policy.parse(policy), mappings);
  const deny = { tools: [{ tool: 'send_mail', approval: 'deny' }], limits: [{ tool: 'send_mail', per: 'user', calls_per_day: 3 }] };
  const exposed = { name: 'mail_send', tool: send, connectionId: 'con_mail' } as unknown as ExposedTool;

  it('is kept under its own', async () => {
    const { tools, limits } = await stored(deny, [mapped('mail', 'mail')]);
    expect([tools[0]?.tool, limits[0]?.tool]).toEqual(['mail_send', 'mail_send']);
    expect((await stored(deny, [mapped('mail', 'mail', ['send_mail'])])).tools[0]?.tool).toBe('mail_send');
  });

  it('is judged by the rule for any of them, also by one that was kept as it came or before the tool got its name', async () => {
    const all = mapped('all', 'mcp');
    const { tools, limits } = await stored(deny, [mapped('mail', 'mail'), all]);
    expect([tools[0]?.tool, limits[0]?.tool]).toEqual(['send_mail', 'send_mail']);
    for (const of of [StoredPolicy.parse({ ...deny }), StoredPolicy.parse({ tools, limits })]) {
      expect(rulesFor({ policy: of }, exposed).hidden).toBe(true);
      expect(rulesFor({ policy: { ...of, tools: [] } }, exposed).limits).toHaveLength(1);
    }
    expect(rulesFor({ policy: StoredPolicy.parse({ tools: [{ tool: 'send', approval: 'deny' }] }) }, exposed).hidden).toBe(false);
  });

  it('has one entry', async () => {
    const both = {
      tools: [
        { tool: 'mail_send', approval: 'deny' },
        { tool: 'send_mail', approval: 'always_allow' },
      ],
    };
    expect(await problemsOf(both)).toEqual(['invalid_request', '/policy/tools/1/tool the tool has an entry already']);
  });
});

describe('what a policy names must be there', () => {
  it.each([
    [{ tools: [{ tool: 'mail_read' }] }, 'unknown_tool', '/policy/tools/0/tool the config maps no tool "mail_read"'],
    [{ tools: [{ tool: 'mail_send', connection_name: 'gone' }] }, 'unknown_connection', '/policy/tools/0/connection_name '],
    [{ tools: [{ tool: 'mail_send', connection_name: 'far' }] }, 'unknown_tool', '/policy/tools/0/tool '],
    [{ limits: [{ per: 'user', calls_per_day: 1, connection_name: 'gone' }] }, 'unknown_connection', '/policy/limits/0/connection_name '],
    [{ limits: [{ per: 'user', calls_per_day: 1, tool: 'gone' }] }, 'unknown_tool', '/policy/limits/0/tool '],
    [{ limits: [{ per: 'user' }] }, 'invalid_request', '/policy/limits/0 needs requests_per_minute or calls_per_day'],
    [{ tools: [{ tool: 'mail_send' }, { tool: 'mail_send' }] }, 'invalid_request', '/policy/tools/1/tool the tool has an entry already'],
    [
      { tools: [{ tool: 'mail_send', fixed_arguments: { from: 'x' } }] },
      'invalid_request',
      '/policy/tools/0/fixed_arguments/from unknown argument',
    ],
    [{ tools: [{ tool: 'mail_send', fixed_arguments: { subject: 7 } }] }, 'invalid_request', '/policy/tools/0/fixed_arguments/subject '],
    [
      { tools: [{ tool: 'echo', fixed_arguments: { grantway_account: 'x' } }] },
      'invalid_request',
      '/policy/tools/0/fixed_arguments/grantway_account ',
    ],
    [rules({ from: { required: true } }), 'invalid_request', '/policy/tools/0/constraints/from unknown argument'],
    [rules({ '/meta/labels/*/colour': { required: true } }), 'invalid_request', '/policy/tools/0/constraints/~1meta~1labels~1*~1colour '],
    [rules({ '/subject/x': { required: true } }), 'invalid_request', '/policy/tools/0/constraints/~1subject~1x unknown argument'],
  ])('%j', async (policy, code, begin) => {
    const [found, problem = ''] = await problemsOf(policy);
    expect([found, problem.slice(0, begin.length)]).toEqual([code, begin]);
  });
});

describe('a rule must make sense', () => {
  it.each([
    [{ subject: {} }, 'says nothing'],
    [{ subject: { pattern: '(a' } }, 'the pattern cannot be used: a group is not closed'],
    [{ subject: { pattern: '(?=a)' } }, 'the pattern cannot be used: lookaround, named groups and flags are not taken'],
    [{ subject: { min_length: 3, max_length: 2 } }, 'min_length is over max_length'],
    [{ count: { minimum: 3, maximum: 2 } }, 'minimum is over maximum'],
    [{ count: { pattern: 'a' } }, 'is not a text'],
    [{ subject: { maximum: 2 } }, 'is not a number'],
    [{ subject: { max_items: 2 } }, 'is not a list'],
    [{ priority: { enum: ['middle'] } }, 'the tool does not take "middle"'],
    [
      { to: { email_domains: ['*.example.com'] }, cc: { max_items: 0 }, bcc: { enum: [null] } },
      '"*.example.com" is not a domain; write international ones in their xn-- form',
    ],
    [{ '*': { required: true } }, 'must be an argument’s name or a JSON pointer to one'],
    [{ '/': { required: true } }, 'must be an argument’s name or a JSON pointer to one'],
  ])('%j', async (constraints, detail) => {
    const [code, problem] = await problemsOf(rules(constraints));
    expect([code, problem?.replace(/^\S+ /, '')]).toEqual(['invalid_request', detail]);
  });

  it('a fixed argument must keep the rules of its own entry', async () => {
    const constraints = { subject: { enum: ['Hello'] } };
    expect(await problemsOf(rules(constraints, { fixed_arguments: { subject: 'Bye' } }))).toEqual([
      'invalid_request',
      '/policy/tools/0/constraints/subject the fixed argument does not keep it',
    ]);
    expect(await problemsOf(rules(constraints, { fixed_arguments: { subject: 'Hello' } }))).toEqual([]);
  });
});

it('F14: who limits where mail goes limits every recipient', async () => {
  const email_domains = ['example.com'];
  expect(await problemsOf(rules({ to: { email_domains } }))).toEqual([
    'invalid_request',
    '/policy/tools/0/constraints/cc takes addresses as well, and needs a rule of its own',
    '/policy/tools/0/constraints/bcc takes addresses as well, and needs a rule of its own',
  ]);
  expect(await problemsOf(rules({ to: { email_domains }, cc: { email_domains } }, { fixed_arguments: { bcc: null } }))).toEqual([]);
});

it('is kept with the ids of connections, and shown with the names that they have now', async () => {
  const policy = Policy.parse({
    tools: [{ tool: 'mail_send', connection_name: 'mail-2', constraints: { '/meta/labels/*/name': { pattern: '[a-z]+' } } }],
    limits: [{ per: 'user', calls_per_day: 5, connection_name: 'mail' }],
  });
  const stored = await checkedPolicy(catalogue, policy, config);
  expect(JSON.stringify(stored)).not.toContain('connection_name');
  expect([stored.tools[0]?.connection_id, stored.limits[0]?.connection_id]).toEqual(['con_mail-2', 'con_mail']);
  const renamed = new Map([
    ['con_mail', 'mail'],
    ['con_mail-2', 'post'],
  ]);
  expect(shownPolicy(stored, renamed)).toEqual({ ...policy, tools: [{ ...policy.tools[0], connection_name: 'post' }] });
});
