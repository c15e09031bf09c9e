import type { Tool } from '@grantway/connector-kit';
import type { Json } from '@grantway/test/harness';

/** What a kind of policy looks at of a tool, and of the call that is made of it. */
export interface PolicyCase {
  connection: string;
  /** By which the config means it. */
  name: string;
  effect: Tool['effect'];
  input: Record<string, Json>;
}

export interface Kind {
  /** Undefined where the tool has nothing that the policy could be about. */
  policy(tool: PolicyCase): Json | undefined;
  args?(tool: PolicyCase): Json;
  expected(tool: PolicyCase): string;
  listed(tool: PolicyCase): boolean;
  /** What it makes of the same tool on another connection; where it is about effects or about every connection: the same. */
  twin: 'same' | 'free' | 'hidden';
}

/** An argument that the call holds, to hang a rule on. */
function some({ input }: PolicyCase): [name: string, value: Json] | undefined {
  return Object.entries(input).find(([, value]) => ['string', 'number', 'boolean'].includes(typeof value));
}

const without = (input: Json, name: string): Json => Object.fromEntries(Object.entries(input).filter(([key]) => key !== name));

const entry = (tool: PolicyCase, more: Json): Json => ({ tools: [{ tool: tool.name, connection_name: tool.connection, ...more }] });
const isRead = ({ effect }: PolicyCase) => effect === 'read';
const always = () => true;
const never = () => false;

function breaking(value: Json): Json {
  if (typeof value === 'string') return { pattern: 'no such value' };
  return typeof value === 'number' ? { maximum: value - 1 } : { enum: [!value] };
}

/** What each kind of policy makes of one call. */
export const kinds: Record<string, Kind> = {
  'no policy': { policy: () => ({}), expected: () => 'done', listed: always, twin: 'same' },
  read_only: {
    policy: () => ({ read_only: true }),
    expected: (tool) => (isRead(tool) ? 'done' : 'unknown'),
    listed: isRead,
    twin: 'same',
  },
  'deny by name': { policy: (tool) => entry(tool, { approval: 'deny' }), expected: () => 'unknown', listed: never, twin: 'free' },
  'deny by effect': {
    policy: () => ({ approval: { write: 'deny', destructive: 'deny' } }),
    expected: (tool) => (isRead(tool) ? 'done' : 'unknown'),
    listed: isRead,
    twin: 'same',
  },
  'deny by effect, allowed by name': {
    policy: (tool) => ({ approval: { read: 'deny', write: 'deny', destructive: 'deny' }, ...entry(tool, { approval: 'always_allow' }) }),
    expected: () => 'done',
    listed: always,
    twin: 'hidden',
  },
  'allowed on this connection, denied on the others': {
    policy: (tool) => ({
      tools: [
        { tool: tool.name, connection_name: tool.connection, approval: 'always_allow' },
        { tool: tool.name, approval: 'deny' },
      ],
    }),
    expected: () => 'done',
    listed: always,
    twin: 'hidden',
  },
  'asking by name': {
    policy: (tool) => entry(tool, { approval: 'always_ask' }),
    expected: () => 'approval_required',
    listed: always,
    twin: 'free',
  },
  'asking by effect': {
    policy: () => ({ approval: { write: 'always_ask', destructive: 'always_ask' } }),
    expected: (tool) => (isRead(tool) ? 'done' : 'approval_required'),
    listed: always,
    twin: 'same',
  },
  'a fixed argument that the agent leaves to the config': {
    policy: (tool) => {
      const one = some(tool);
      return one && entry(tool, { fixed_arguments: { [one[0]]: one[1] } });
    },
    args: (tool) => without(tool.input, (some(tool) as [string, Json])[0]),
    expected: () => 'done',
    listed: always,
    twin: 'free',
  },
  'a fixed argument that the agent sends': {
    policy: (tool) => {
      const one = some(tool);
      return one && entry(tool, { fixed_arguments: { [one[0]]: one[1] } });
    },
    expected: () => 'argument_not_allowed',
    listed: always,
    twin: 'free',
  },
  'a rule that the call keeps': {
    policy: (tool) => {
      const one = some(tool);
      return one && entry(tool, { constraints: { [one[0]]: { enum: [one[1]], required: true } } });
    },
    expected: () => 'done',
    listed: always,
    twin: 'free',
  },
  'a limit that is not reached': {
    policy: (tool) => ({ limits: [{ per: 'user', tool: tool.name, calls_per_day: 1_000_000 }] }),
    expected: () => 'done',
    listed: always,
    twin: 'same',
  },
  'a limit that the calls before have reached': {
    policy: (tool) => ({ limits: [{ per: 'user', tool: tool.name, calls_per_day: 1 }] }),
    expected: () => 'rate_limited',
    listed: always,
    twin: 'same',
  },
  'a rule that the call breaks': {
    policy: (tool) => {
      const one = some(tool);
      return one && entry(tool, { constraints: { [one[0]]: breaking(one[1]) } });
    },
    expected: () => 'argument_not_allowed',
    listed: always,
    twin: 'free',
  },
};
