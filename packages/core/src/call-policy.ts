import type { Effect } from '@grantway/connector-kit';
import { type AccessLevel, type ApprovalMode, Fault, type FieldError, StoredPolicy } from '@grantway/contract';
import type { JsonObject } from '@grantway/mcp-client';
import { type ArgumentRule, argumentRule, breaches, narrowed } from './argument-rules.ts';
import { limitsOf, type ToolLimit } from './limits.ts';
import { pointerOf } from './pointers.ts';
import type { ExposedTool } from './tools.ts';

/**
 * What the policy of a config's version says of one tool. `run` in tool-calls.ts asks it before anything is sent, and
 * `allowedTools` shows agents the same.
 */
export interface CallRules {
  /** There is no such tool for whoever asks. */
  hidden: boolean;
  /** `deny` is `hidden` already. */
  approval: ApprovalMode;
  /** Undefined: nothing is fixed. */
  fixed: Record<string, unknown> | undefined;
  constraints: readonly ArgumentRule[];
  limits: readonly ToolLimit[];
}

const free: CallRules = { hidden: false, approval: 'always_allow', fixed: undefined, constraints: [], limits: [] };
const hidden: CallRules = { ...free, hidden: true, approval: 'deny' };

interface CompiledPolicy {
  readOnly: boolean;
  approval: StoredPolicy['approval'];
  limits: StoredPolicy['limits'];
  /** By the name that the config has for a tool: entries for every connection first, then those for one. */
  entries: ReadonlyMap<string, StoredPolicy['tools']>;
  /** What was asked for before: by connection, name and effect. */
  known: Map<string, CallRules>;
  /** By connection. A version's mappings do not change, nor do a build's connectors. */
  scopes: Map<string, readonly string[]>;
  key: string;
}

const compiled = new WeakMap<StoredPolicy, CompiledPolicy>();
const byVersion = new Map<string, StoredPolicy>();
const keptVersions = 2_000;
const keptTools = 5_000;

/** The policy of one version of a config, read and compiled once in this process: a version never changes. */
export function policyOf(configId: string, version: number, stored: unknown): StoredPolicy {
  const key = `${configId} ${version}`;
  let policy = byVersion.get(key);
  if (policy === undefined) {
    policy = StoredPolicy.parse(stored);
    // Insertion order makes the first key the oldest.
    if (byVersion.size >= keptVersions) byVersion.delete(byVersion.keys().next().value as string);
    byVersion.set(key, policy);
  }
  return policy;
}

function compile(policy: StoredPolicy): CompiledPolicy {
  let found = compiled.get(policy);
  if (found === undefined) {
    const entries = new Map<string, StoredPolicy['tools']>();
    const ordered = [...policy.tools].sort((a, b) => Number(a.connection_id !== undefined) - Number(b.connection_id !== undefined));
    for (const entry of ordered) entries.set(entry.tool, [...(entries.get(entry.tool) ?? []), entry]);
    const { read_only: readOnly, approval, limits } = policy;
    found = { readOnly, approval, limits, entries, known: new Map(), scopes: new Map(), key: JSON.stringify(policy) };
    compiled.set(policy, found);
  }
  return found;
}

/** Changes with whatever the policy makes of a list of tools. */
export function policyKey({ policy, accessLevel = 'FULL' }: Allowed): string {
  return `${accessLevel} ${compile(policy).key}`;
}

/** Whose policy it is, and what of it the caller's session may use. */
export interface Allowed {
  policy: StoredPolicy;
  accessLevel?: AccessLevel | undefined;
}

/** The one place that decides. `allowed` is null for a call that belongs to no config. */
export function rulesFor(allowed: Allowed | null, exposed: ExposedTool): CallRules {
  if (allowed === null) return free;
  const policy = compile(allowed.policy);
  const { effect } = exposed.tool;
  if (effect !== 'read' && (policy.readOnly || allowed.accessLevel === 'READ_ONLY')) return hidden;
  const names = policyNames(exposed);
  const key = `${exposed.connectionId} ${effect} ${names[0] ?? ''}`;
  let rules = policy.known.get(key);
  if (rules === undefined) {
    rules = rulesOf(policy, names, exposed.connectionId, effect);
    // A remote server may have other tools every time; a policy is about a few hundred.
    if (policy.known.size >= keptTools) policy.known.clear();
    policy.known.set(key, rules);
  }
  return rules;
}

/** By which names a config means a tool, its own first: not the one that agents see. Empty for what is no tool. */
function policyNames({ tool, remote }: ExposedTool): readonly string[] {
  if (remote !== undefined) return remote.toolName === undefined ? [] : [remote.toolName];
  return tool.aliases.length === 0 ? [tool.name] : [tool.name, ...tool.aliases];
}

function rulesOf(policy: CompiledPolicy, names: readonly string[], connectionId: string, effect: Effect): CallRules {
  const all = names.flatMap((name) => policy.entries.get(name) ?? []);
  const entries = [
    ...all.filter((entry) => entry.connection_id === undefined),
    ...all.filter((entry) => entry.connection_id === connectionId),
  ];
  // The last one that says something is the one for this connection, where there is one.
  const approval = entries.findLast((entry) => entry.approval !== undefined)?.approval ?? policy.approval[effect] ?? 'always_allow';
  if (approval === 'deny') return hidden;
  const limits = limitsOf(policy.limits, names, connectionId);
  if (entries.length === 0) return approval === 'always_allow' && limits.length === 0 ? free : { ...free, approval, limits };
  const fixed = Object.assign({}, ...entries.map((entry) => entry.fixed_arguments ?? {})) as Record<string, unknown>;
  const constraints = entries.flatMap((entry) => Object.entries(entry.constraints ?? {}).map(([place, rule]) => argumentRule(place, rule)));
  return { hidden: false, approval, fixed: Object.keys(fixed).length === 0 ? undefined : fixed, constraints, limits };
}

/** The arguments with those that the config sets. @throws Fault argument_not_allowed where the agent sends one of these */
export function withFixed(rules: CallRules, args: unknown): unknown {
  const { fixed } = rules;
  if (fixed === undefined) return args;
  const own = typeof args === 'object' && args !== null && !Array.isArray(args) ? args : undefined;
  if (own === undefined && args !== undefined && args !== null) return args;
  const errors = Object.keys(own ?? {})
    .filter((name) => Object.hasOwn(fixed, name))
    .map((name) => ({ pointer: pointerOf([name]), detail: 'is set already and cannot be given' }));
  if (errors.length > 0) throw notAllowed(errors);
  return { ...own, ...fixed };
}

/** @throws Fault argument_not_allowed that names each argument and the rule it breaks */
export function mustBeAllowed(rules: CallRules, exposed: ExposedTool, input: Record<string, unknown>): void {
  if (rules.constraints.length === 0 && rules.fixed === undefined) return;
  const errors = [...unnamed(exposed, rules, input), ...rules.constraints.flatMap((rule) => breaches(rule, input))];
  if (errors.length > 0) throw notAllowed(errors);
}

/** A remote server may take other spellings of an argument than its schema names: where there are rules, only those pass. */
function unnamed({ remote, tool }: ExposedTool, { fixed = {} }: CallRules, input: Record<string, unknown>): FieldError[] {
  const { properties } = tool.inputSchema();
  if (remote === undefined || typeof properties !== 'object' || properties === null) return [];
  return Object.keys(input)
    .filter((name) => !Object.hasOwn(properties, name) && !Object.hasOwn(fixed, name))
    .map((name) => ({ pointer: pointerOf([name]), detail: 'unknown argument' }));
}

function notAllowed(errors: FieldError[]): Fault {
  const detail = errors
    .slice(0, 5)
    .map((e) => `${e.pointer.slice(1) || 'arguments'}: ${e.detail}`)
    .join('; ');
  return new Fault('argument_not_allowed', { detail, errors: errors.slice(0, 100) });
}

/** The scopes that the tools of one connection need, as far as the policy lets them through. In the order of their names. */
export function neededScopes(allowed: Allowed, tools: readonly ExposedTool[], connectionId: string): readonly string[] {
  const { scopes } = compile(allowed.policy);
  let needed = scopes.get(connectionId);
  if (needed === undefined) {
    const all = tools.filter((exposed) => exposed.connectionId === connectionId && !rulesFor(allowed, exposed).hidden);
    needed = [...new Set(all.flatMap(({ tool }) => tool.scopes))].sort();
    scopes.set(connectionId, needed);
  }
  return needed;
}

/** The same where this version of a config was asked about before; undefined where it was not. */
export function knownNeededScopes(configId: string, version: number, connectionId: string): readonly string[] | undefined {
  const policy = byVersion.get(`${configId} ${version}`);
  return policy === undefined ? undefined : compile(policy).scopes.get(connectionId);
}

/** What an agent is shown of some tools: those that it may call, with the arguments that it may send. */
export function allowedTools<T extends ExposedTool>(allowed: Allowed, tools: readonly T[]): T[] {
  return tools.flatMap((whole) => {
    let exposed = whole;
    let rules = rulesFor(allowed, exposed);
    // Of a tool that does more or less by its arguments, as much is shown as may be done.
    for (let { narrower } = whole.tool; rules.hidden && narrower !== undefined; { narrower } = narrower) {
      exposed = { ...whole, tool: narrower };
      rules = rulesFor(allowed, exposed);
    }
    if (rules.hidden) return [];
    if (rules.fixed === undefined && rules.constraints.length === 0) return [exposed];
    return [{ ...exposed, inputSchema: shownSchema(rules, exposed.tool.inputSchema()) }];
  });
}

function shownSchema(rules: CallRules, schema: JsonObject): JsonObject {
  const narrow = rules.constraints.reduce(narrowed, schema);
  const { fixed } = rules;
  if (fixed === undefined) return narrow;
  const isOpen = (name: string) => !Object.hasOwn(fixed, name);
  const { properties = {}, required } = narrow as { properties?: JsonObject; required?: string[] };
  return {
    ...narrow,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => isOpen(name))),
    ...(Array.isArray(required) ? { required: required.filter(isOpen) } : {}),
  };
}

/** Whether every request that only reads is denied: then prompts and resources are not there either. */
export function deniesReads({ policy }: Allowed): boolean {
  return policy.approval.read === 'deny';
}
