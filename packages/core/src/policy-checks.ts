import { goesBy, type Tool } from '@grantway/connector-kit';
import { type ArgumentConstraint, Fault, type FieldError, type Policy, type StoredPolicy } from '@grantway/contract';
import type { JsonObject } from '@grantway/mcp-client';
import { argumentRule, breaches, placeSteps } from './argument-rules.ts';
import type { Catalogue } from './ctx.ts';
import { ruleDomain } from './email-domains.ts';
import { PatternError } from './linear-pattern.ts';
import { pointerOf } from './pointers.ts';
import { remoteConnectorId } from './remote-servers.ts';
import { isMapped, type MappedConnection, nameableTools } from './tools.ts';

type Problem = FieldError & { code: 'unknown_connection' | 'unknown_tool' | 'invalid_request' };
type Entry = Policy['tools'][number];

/**
 * The policy as it is kept. Everything that it names is looked up among what the config maps; of a remote MCP server's tools
 * nothing is known for certain, so that only their rules' own sense is judged.
 * @throws Fault unknown_connection, unknown_tool, invalid_request, with a pointer into the request for each problem
 */
export async function checkedPolicy(catalogue: Catalogue, policy: Policy, mapped: readonly MappedConnection[]): Promise<StoredPolicy> {
  const idOf = new Map(mapped.map((mapping) => [mapping.connectionName, mapping.connectionId]));
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const entries: Entry[] = [];
  const limits: Policy['limits'] = [];
  for (const [i, entry] of policy.tools.entries()) {
    const at = ['policy', 'tools', i];
    const { tools, name } = await toolsMeant(catalogue, mapped, entry, at, problems);
    for (const tool of new Set([name, ...tools.map((meant) => meant.name)])) {
      const key = JSON.stringify([tool, entry.connection_name]);
      if (seen.has(key)) problems.push(problem('invalid_request', [...at, 'tool'], 'the tool has an entry already'));
      seen.add(key);
    }
    entries.push({ ...entry, tool: name });
    for (const [name, value] of Object.entries(entry.fixed_arguments ?? {})) {
      for (const detail of fixedProblems(name, value, tools)) {
        problems.push(problem('invalid_request', [...at, 'fixed_arguments', name], detail));
      }
    }
    for (const [place, rule] of Object.entries(entry.constraints ?? {})) {
      for (const detail of constraintProblems(place, rule, entry, tools)) {
        problems.push(problem('invalid_request', [...at, 'constraints', place], detail));
      }
    }
    for (const [name, detail] of openAddresses(entry, tools))
      problems.push(problem('invalid_request', [...at, 'constraints', name], detail));
  }
  for (const [i, limit] of policy.limits.entries()) {
    const at = ['policy', 'limits', i];
    if (limit.requests_per_minute === undefined && limit.calls_per_day === undefined) {
      problems.push(problem('invalid_request', at, 'needs requests_per_minute or calls_per_day'));
    }
    const meant = limit.tool === undefined ? undefined : await toolsMeant(catalogue, mapped, { ...limit, tool: limit.tool }, at, problems);
    limits.push(meant === undefined ? limit : { ...limit, tool: meant.name });
    if (limit.tool !== undefined) continue;
    if (limit.connection_name !== undefined && !idOf.has(limit.connection_name))
      problems.push(unknownConnection(at, limit.connection_name));
  }
  const [first] = problems;
  if (first !== undefined) {
    const errors = problems.filter(({ code }) => code === first.code).map(({ pointer, detail }) => ({ pointer, detail }));
    throw new Fault(first.code, { detail: `${first.pointer}: ${first.detail}`, errors: errors.slice(0, 20) });
  }
  const byId = <T extends { connection_name?: string | undefined }>({ connection_name: name, ...rest }: T) => {
    const id = name === undefined ? undefined : idOf.get(name);
    return { ...rest, ...(id === undefined ? {} : { connection_id: id }) };
  };
  return { ...policy, tools: entries.map(byId), limits: limits.map(byId) };
}

/** The same for readers. A connection that is gone is left out of old versions by its name, not its entry. */
export function shownPolicy(stored: StoredPolicy, nameOf: ReadonlyMap<string, string>): Policy {
  const byName = <T extends { connection_id?: string | undefined }>({ connection_id: id, ...rest }: T) => ({
    ...rest,
    ...(id === undefined ? {} : { connection_name: nameOf.get(id) ?? id }),
  });
  return { ...stored, tools: stored.tools.map(byName), limits: stored.limits.map(byName) };
}

function problem(code: Problem['code'], at: readonly PropertyKey[], detail: string): Problem {
  return { code, pointer: pointerOf(at), detail };
}

function unknownConnection(at: readonly PropertyKey[], name: string): Problem {
  return problem('unknown_connection', [...at, 'connection_name'], `the config does not map a connection "${name}"`);
}

/** Those of our own connectors that an entry is about, and the name that is kept: the tool's own, where a remote server cannot be meant too. */
async function toolsMeant(
  catalogue: Catalogue,
  mapped: readonly MappedConnection[],
  { tool: name, connection_name }: { tool: string; connection_name?: string | undefined },
  at: readonly PropertyKey[],
  problems: Problem[],
): Promise<{ tools: Tool[]; name: string }> {
  const candidates = connection_name === undefined ? mapped : mapped.filter((mapping) => mapping.connectionName === connection_name);
  if (candidates.length === 0) {
    problems.push(unknownConnection(at, connection_name ?? ''));
    return { tools: [], name };
  }
  const found = await Promise.all(
    candidates.map(async (mapping) =>
      nameableTools(await catalogue.find(mapping.connectorId)).find((tool) => goesBy(tool, name) && isMapped(mapping, tool)),
    ),
  );
  const tools = [...new Set(found.filter((tool) => tool !== undefined))];
  const mayBeRemote = candidates.some(
    (mapping) => mapping.connectorId === remoteConnectorId && (mapping.tools.length === 0 || mapping.tools.includes(name)),
  );
  if (tools.length === 0 && !mayBeRemote) problems.push(problem('unknown_tool', [...at, 'tool'], `the config maps no tool "${name}"`));
  const [only, another] = tools;
  return { tools, name: only === undefined || another !== undefined || mayBeRemote ? name : only.name };
}

const ours = 'is a name of Grantway’s own';

function fixedProblems(name: string, value: unknown, tools: readonly Tool[]): string[] {
  if (name.startsWith('grantway_') || name === '__proto__') return [ours];
  return tools.flatMap(({ input }) => {
    const type = Object.hasOwn(input.shape, name) ? input.shape[name] : undefined;
    if (type === undefined) return ['unknown argument'];
    const parsed = type.safeParse(value);
    return parsed.success ? [] : [parsed.error.issues[0]?.message ?? 'does not fit'];
  });
}

function constraintProblems(place: string, rule: ArgumentConstraint, entry: Entry, tools: readonly Tool[]): string[] {
  const steps = placeSteps(place);
  if (steps.some((step) => step === '' || step === '__proto__') || steps[0]?.startsWith('grantway_') || steps[0] === '*') {
    return ['must be an argument’s name or a JSON pointer to one'];
  }
  const own = ruleProblem(rule);
  if (own !== undefined) return [own];
  const fixed = entry.fixed_arguments ?? {};
  if (Object.hasOwn(fixed, steps[0] as string) && breaches(argumentRule(place, rule), fixed).length > 0) {
    return ['the fixed argument does not keep it'];
  }
  return tools.flatMap((tool) => {
    const schemas = schemasAt(tool.inputSchema(), steps);
    if (schemas.length === 0) return ['unknown argument'];
    const detail = kindProblem(rule, schemas);
    return detail === undefined ? [] : [detail];
  });
}

/** What no argument could make right. */
function ruleProblem(rule: ArgumentConstraint): string | undefined {
  if (Object.values(rule).every((value) => value === undefined || value === false)) return 'says nothing';
  if ((rule.min_length ?? 0) > (rule.max_length ?? Number.POSITIVE_INFINITY)) return 'min_length is over max_length';
  if ((rule.minimum ?? Number.NEGATIVE_INFINITY) > (rule.maximum ?? Number.POSITIVE_INFINITY)) return 'minimum is over maximum';
  const domain = rule.email_domains?.find((name) => ruleDomain(name) === undefined);
  if (domain !== undefined) return `"${domain}" is not a domain; write international ones in their xn-- form`;
  try {
    argumentRule('', rule);
  } catch (error) {
    if (error instanceof PatternError) return `the pattern cannot be used: ${error.message}`;
    throw error;
  }
  return undefined;
}

/** A keyword for texts on a number would refuse every call. */
function kindProblem(rule: ArgumentConstraint, schemas: readonly JsonObject[]): string | undefined {
  const items = schemas.flatMap((schema) => (schema.type === 'array' ? alternatives(schema.items) : [schema]));
  const isSome = (kinds: readonly string[], list: readonly JsonObject[] = items) =>
    list.some(({ type }) => typeof type !== 'string' || kinds.includes(type));
  const forTexts = rule.pattern ?? rule.min_length ?? rule.max_length ?? rule.email_domains;
  if (forTexts !== undefined && !isSome(['string'])) return 'is not a text';
  if ((rule.minimum ?? rule.maximum) !== undefined && !isSome(['number', 'integer'])) return 'is not a number';
  if (rule.max_items !== undefined && !isSome(['array'], schemas)) return 'is not a list';
  const known = items.every((schema) => Array.isArray(schema.enum)) ? items.flatMap((schema) => schema.enum as unknown[]) : undefined;
  const strange = known === undefined ? undefined : rule.enum?.find((value) => !known.includes(value));
  return strange === undefined ? undefined : `the tool does not take ${JSON.stringify(strange)}`;
}

/** Every schema that the tool may have at a place; none where it takes nothing there. */
function schemasAt(schema: unknown, steps: readonly string[]): JsonObject[] {
  const [step, ...rest] = steps;
  return alternatives(schema).flatMap((one): JsonObject[] => {
    if (step === undefined) return [one];
    if (step === '*' && one.type === 'array') return schemasAt(one.items ?? {}, rest);
    if (isObject(one.properties) && Object.hasOwn(one.properties, step)) return schemasAt(one.properties[step], rest);
    // Where ours do not say that they take more, what they do not name is left out of the call.
    const isClosed = one.additionalProperties === false || (isObject(one.properties) && one.additionalProperties === undefined);
    if (isClosed || (typeof one.type === 'string' && one.type !== 'object')) return [];
    return isObject(one.additionalProperties) ? schemasAt(one.additionalProperties, rest) : [{}];
  });
}

function alternatives(schema: unknown): JsonObject[] {
  if (!isObject(schema)) return [{}];
  const branches = schema.anyOf ?? schema.oneOf;
  return Array.isArray(branches) ? branches.flatMap(alternatives) : [schema];
}

const recipients = ['to', 'cc', 'bcc'];

/** Who limits where mail may go means every recipient: one that was forgotten would be the way out. */
function openAddresses(entry: Entry, tools: readonly Tool[]): [name: string, detail: string][] {
  const { constraints = {}, fixed_arguments: fixed = {} } = entry;
  if (!recipients.some((name) => constraints[name]?.email_domains !== undefined)) return [];
  const open = recipients.filter(
    (name) =>
      tools.some(({ input }) => Object.hasOwn(input.shape, name)) && !Object.hasOwn(constraints, name) && !Object.hasOwn(fixed, name),
  );
  return open.map((name) => [name, 'takes addresses as well, and needs a rule of its own']);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
