import { z } from 'zod';

/** What an agent may do with the tools of a config, beyond which tools there are. Stored with each version of the config. */

export const ApprovalMode = z
  .enum(['always_allow', 'always_ask', 'deny'])
  .describe('always_allow: the call runs. always_ask: it waits until a person approves it. deny: it is refused.');
export type ApprovalMode = z.infer<typeof ApprovalMode>;

const argumentName = z.string().min(1).max(128);
/**
 * An argument by its name, or, from a `/` on, by a JSON pointer (RFC 6901) into the arguments in which `*` stands for every
 * item of a list: `channel`, `/filter/team_id`, `/attendees/` + `*` + `/email`.
 */
const argumentPlace = z.string().min(1).max(256);
/** Any JSON value: a body is parsed JSON, so that nothing else arrives here. */
const json = z.unknown();

/**
 * A rule on one argument; every keyword that is given must hold. An argument that the call leaves out breaks `required` only.
 * Of a list, every item must keep the rule (`max_items` is about the list itself). A value of a kind that a keyword cannot
 * judge breaks it.
 */
export const ArgumentConstraint = z.strictObject({
  required: z.boolean().optional(),
  enum: z
    .array(z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]))
    .min(1)
    .max(200)
    .optional(),
  pattern: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe('A regular expression that the whole text must match, without lookaround, backreferences and word boundaries'),
  min_length: z.int().min(0).optional(),
  max_length: z.int().min(0).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  max_items: z.int().min(0).optional(),
  email_domains: z
    .array(z.string().min(1).max(253))
    .min(1)
    .max(100)
    .optional()
    .describe('Plain e-mail addresses (several in one text with commas between them) of exactly these domains; no names, no subdomains'),
});
export type ArgumentConstraint = z.infer<typeof ArgumentConstraint>;

export const ToolPolicy = z.strictObject({
  tool: z.string().min(1).max(128).describe('The name of a tool that the config maps'),
  connection_name: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe(
      'Where several connections of the config have the tool; absent: all of them. Its approval then goes before that of an entry without.',
    ),
  approval: ApprovalMode.optional(),
  fixed_arguments: z
    .record(argumentName, json)
    .optional()
    .describe('By name, on the top level: set by the config, hidden from the agent, refused when the agent sends them'),
  constraints: z
    .record(argumentPlace, ArgumentConstraint)
    .optional()
    .describe('By name (`channel`) or JSON pointer (`/filter/team_id`; `*` is every item of a list)'),
});
export type ToolPolicy = z.infer<typeof ToolPolicy>;

export const CallLimit = z.strictObject({
  per: z.enum(['client', 'user', 'tool', 'connection', 'config']).describe('What shares one count, within this config'),
  tool: z.string().min(1).max(128).optional().describe('Count calls of this tool only'),
  connection_name: z.string().min(1).max(63).optional().describe('Count calls of this connection only'),
  requests_per_minute: z.int().min(1).max(1_000_000).optional(),
  calls_per_day: z.int().min(1).max(100_000_000).optional(),
});
export type CallLimit = z.infer<typeof CallLimit>;

export const Policy = z.strictObject({
  read_only: z.boolean().default(false).describe('Only tools that read are shown and run'),
  tools_mode: z
    .enum(['all', 'search'])
    .default('all')
    .describe('all: every tool is listed. search: the agent finds tools with search_tools and calls them with call_tool.'),
  approval: z
    .strictObject({ read: ApprovalMode.optional(), write: ApprovalMode.optional(), destructive: ApprovalMode.optional() })
    .default({})
    .describe('By the effect of a tool, where `tools` says nothing of it; absent: always_allow'),
  approvers: z
    .enum(['operator', 'user'])
    .default('operator')
    .describe(
      'Who approves: operator: by the API, or by an approval link that the operator makes. user: also the user on whose behalf the call is made',
    ),
  approval_timeout_seconds: z.int().min(60).max(604_800).default(3600).describe('How long a call waits for a person'),
  tools: z.array(ToolPolicy).max(500).default([]),
  limits: z.array(CallLimit).max(50).default([]),
});
export type Policy = z.infer<typeof Policy>;

/** As it is kept: connections by their ids, so that one that gets another name is still meant. */
export const StoredPolicy = Policy.extend({
  tools: z.array(ToolPolicy.omit({ connection_name: true }).extend({ connection_id: z.string().optional() })).default([]),
  limits: z.array(CallLimit.omit({ connection_name: true }).extend({ connection_id: z.string().optional() })).default([]),
});
export type StoredPolicy = z.infer<typeof StoredPolicy>;
