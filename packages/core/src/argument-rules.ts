import type { ArgumentConstraint, FieldError } from '@grantway/contract';
import type { JsonObject } from '@grantway/mcp-client';
import { areAddressesOf } from './email-domains.ts';
import { type LinearPattern, linearPattern } from './linear-pattern.ts';
import { pointerOf, stepsOf } from './pointers.ts';

/** A rule on one place in the arguments, ready to be asked. */
export interface ArgumentRule {
  /** As the policy writes it. */
  place: string;
  steps: readonly string[];
  rule: ArgumentConstraint;
  pattern: LinearPattern | undefined;
  domains: ReadonlySet<string> | undefined;
}

/** `channel` is an argument's name; what begins with `/` is a JSON pointer (RFC 6901), in which `*` stands for every item. */
export function placeSteps(place: string): readonly string[] {
  return place.startsWith('/') ? stepsOf(place) : [place];
}

export function argumentRule(place: string, rule: ArgumentConstraint): ArgumentRule {
  return {
    place,
    steps: placeSteps(place),
    rule,
    pattern: rule.pattern === undefined ? undefined : linearPattern(rule.pattern),
    domains: rule.email_domains === undefined ? undefined : new Set(rule.email_domains.map((domain) => domain.toLowerCase())),
  };
}

/** What of the arguments the rule does not allow: one error for each value. Values are never repeated in it. */
export function breaches({ steps, rule, pattern, domains }: ArgumentRule, args: Record<string, unknown>): FieldError[] {
  const found: FieldError[] = [];
  let isThere = false;
  walk(args, 0, []);
  if (!isThere && rule.required === true) found.push({ pointer: pointerOf(steps), detail: 'must be given' });
  return found;

  function walk(value: unknown, depth: number, path: readonly string[]): void {
    const step = steps[depth];
    if (step === undefined) {
      isThere = true;
      const detail = valueBreach(value);
      if (detail !== undefined) found.push({ pointer: pointerOf(path), detail });
    } else if (step === '*' && Array.isArray(value)) {
      for (const [i, item] of value.entries()) walk(item, depth + 1, [...path, String(i)]);
    } else if (typeof value === 'object' && value !== null && Object.hasOwn(value, step)) {
      const inner = (value as Record<string, unknown>)[step];
      if (inner !== undefined) walk(inner, depth + 1, [...path, step]);
    } else if (
      depth > 0 &&
      value !== undefined &&
      (typeof value !== 'object' || value === null || (step === '*') !== Array.isArray(value))
    ) {
      // Something else stands where the rule looks for its place: it is not for us to guess what that would mean.
      found.push({ pointer: pointerOf(path), detail: step === '*' ? 'must be a list' : 'must be an object' });
    }
  }

  function valueBreach(value: unknown): string | undefined {
    if (!Array.isArray(value)) return itemBreach(value);
    if (rule.max_items !== undefined && value.length > rule.max_items) return `must have at most ${rule.max_items} items`;
    for (const item of value) {
      const detail = itemBreach(item);
      if (detail !== undefined) return `each item ${detail}`;
    }
    return undefined;
  }

  function itemBreach(value: unknown): string | undefined {
    if (rule.enum !== undefined && !rule.enum.includes(value as string)) return sayEnum(rule);
    if (pattern !== undefined && !(typeof value === 'string' && pattern.matches(value))) return sayPattern(rule);
    const { min_length, max_length, minimum, maximum } = rule;
    if (min_length !== undefined && !(typeof value === 'string' && lengthOf(value) >= min_length)) return sayMinLength(rule);
    if (max_length !== undefined && !(typeof value === 'string' && lengthOf(value) <= max_length)) return sayMaxLength(rule);
    if (minimum !== undefined && !(typeof value === 'number' && value >= minimum)) return `must be at least ${minimum}`;
    if (maximum !== undefined && !(typeof value === 'number' && value <= maximum)) return `must be at most ${maximum}`;
    if (domains !== undefined && !(typeof value === 'string' && areAddressesOf(value, domains))) return sayDomains(rule);
    return undefined;
  }
}

/** JSON Schema counts characters, not UTF-16 units. */
function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const sayEnum = ({ enum: values = [] }: ArgumentConstraint): string => {
  const shown = values.slice(0, 20).map((value) => JSON.stringify(value));
  return `must be ${shown.length === 1 ? '' : 'one of '}${shown.join(', ')}${values.length > 20 ? ` or one of ${values.length - 20} more` : ''}`;
};
const sayPattern = ({ pattern }: ArgumentConstraint): string => `must match the pattern ${pattern}`;
const sayMinLength = ({ min_length }: ArgumentConstraint): string => `must have at least ${min_length} characters`;
const sayMaxLength = ({ max_length }: ArgumentConstraint): string => `must have at most ${max_length} characters`;
const sayDomains = ({ email_domains = [] }: ArgumentConstraint): string =>
  `must be plain e-mail addresses of ${email_domains.slice(0, 20).join(', ')}`;

// ---- what the model is shown -----------------------------------------------------------------------------------

/** The schema of a tool's arguments with the rule in it, so that a model keeps it without being refused first. */
export function narrowed(schema: JsonObject, { steps, rule }: ArgumentRule): JsonObject {
  return at(schema, 0);

  function at(inner: JsonObject, depth: number): JsonObject {
    const step = steps[depth];
    if (step === undefined) return withRule(inner, rule);
    if (step === '*') {
      return isObject(inner.items) ? { ...inner, items: at(inner.items, depth + 1) } : told(inner, depth);
    }
    const { properties, required } = inner;
    if (!isObject(properties) || !Object.hasOwn(properties, step) || !isObject(properties[step])) return told(inner, depth);
    const isLast = depth === steps.length - 1;
    const names = Array.isArray(required) ? (required as string[]) : [];
    return {
      ...inner,
      properties: { ...properties, [step]: at(properties[step], depth + 1) },
      ...(isLast && rule.required === true && !names.includes(step) ? { required: [...names, step] } : {}),
    };
  }

  /** Where the schema's own form does not lead to the place, words do. */
  function told(inner: JsonObject, depth: number): JsonObject {
    return describe(inner, `${steps.slice(depth).join(' → ')} ${wordsOf(rule).join(', ')}`);
  }
}

function withRule(schema: JsonObject, rule: ArgumentConstraint): JsonObject {
  for (const kind of ['anyOf', 'oneOf'] as const) {
    const branches = schema[kind];
    if (!Array.isArray(branches)) continue;
    const typed = branches.filter(isObject).filter((branch) => branch.type !== 'null' || rule.enum?.includes(null) === true);
    return { ...schema, [kind]: typed.map((branch) => (branch.type === 'null' ? branch : withRule(branch, rule))) };
  }
  switch (schema.type) {
    case 'array': {
      const items = isObject(schema.items) ? withRule(schema.items, { ...rule, max_items: undefined }) : schema.items;
      return { ...schema, ...(items === undefined ? {} : { items }), ...least('maxItems', schema.maxItems, rule.max_items) };
    }
    case 'string': {
      const pattern = rule.pattern === undefined ? undefined : `^(?:${rule.pattern})$`;
      const own = schema.pattern;
      const shown: JsonObject = {
        ...schema,
        ...values(schema.enum, rule.enum),
        ...(pattern === undefined ? {} : own === undefined ? { pattern } : { allOf: [{ pattern }] }),
        ...greatest('minLength', schema.minLength, rule.min_length),
        ...least('maxLength', schema.maxLength, rule.max_length),
      };
      return rule.email_domains === undefined ? shown : describe(shown, sayDomains(rule));
    }
    case 'number':
    case 'integer':
      return {
        ...schema,
        ...values(schema.enum, rule.enum),
        ...greatest('minimum', schema.minimum, rule.minimum),
        ...least('maximum', schema.maximum, rule.maximum),
      };
    case 'boolean':
      return { ...schema, ...values(schema.enum, rule.enum) };
    default:
      return describe(schema, wordsOf(rule).join(', '));
  }
}

function values(own: unknown, ruled: ArgumentConstraint['enum']): JsonObject {
  if (ruled === undefined) return {};
  return { enum: Array.isArray(own) ? ruled.filter((value) => own.includes(value)) : ruled };
}

function least(name: string, own: unknown, ruled: number | undefined): JsonObject {
  return ruled === undefined ? {} : { [name]: typeof own === 'number' ? Math.min(own, ruled) : ruled };
}

function greatest(name: string, own: unknown, ruled: number | undefined): JsonObject {
  return ruled === undefined ? {} : { [name]: typeof own === 'number' ? Math.max(own, ruled) : ruled };
}

function wordsOf(rule: ArgumentConstraint): string[] {
  return [
    ...(rule.required === true ? ['must be given'] : []),
    ...(rule.enum === undefined ? [] : [sayEnum(rule)]),
    ...(rule.pattern === undefined ? [] : [sayPattern(rule)]),
    ...(rule.min_length === undefined ? [] : [sayMinLength(rule)]),
    ...(rule.max_length === undefined ? [] : [sayMaxLength(rule)]),
    ...(rule.minimum === undefined ? [] : [`must be at least ${rule.minimum}`]),
    ...(rule.maximum === undefined ? [] : [`must be at most ${rule.maximum}`]),
    ...(rule.max_items === undefined ? [] : [`must have at most ${rule.max_items} items`]),
    ...(rule.email_domains === undefined ? [] : [sayDomains(rule)]),
  ];
}

function describe(schema: JsonObject, words: string): JsonObject {
  if (words === '') return schema;
  const sentence = `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
  return { ...schema, description: typeof schema.description === 'string' ? `${schema.description} ${sentence}` : sentence };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
