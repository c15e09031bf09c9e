import type { Field, StaticAuth, StaticCredential } from '@grantway/connector-kit';
import { malformed } from '../egress-error.ts';

export interface FieldValues {
  /** The template with its fields' values, in one pass: a value that looks like a placeholder stays a value. */
  fill(template: string): string;
  /** Values of secret fields: those that the templates place, and whatever else the credential holds. */
  secrets(templates: readonly string[]): string[];
}

/** What the connector alone says, read once: it does not change. */
interface Declared {
  fields: ReadonlyMap<string, Field>;
  /** Text, name, text, name, text. */
  parts: Map<string, readonly string[]>;
}

const known = new WeakMap<StaticAuth, Declared>();

/** Values from the credential, from `fields` where the operator fixed them or the person entered a public one, or the default. */
export function fieldValues(auth: StaticAuth, opened: StaticCredential, fields: Record<string, string>): FieldValues {
  const declared = declaredBy(auth);
  const valueFor = (name: string): string => {
    const field = declared.fields.get(name);
    const source = Object.hasOwn(opened.fields, name) ? opened.fields : fields;
    const value = Object.hasOwn(source, name) ? source[name] : field?.default;
    if (field === undefined || value === undefined || value === '') throw malformed(`the credential has no ${name}`);
    return value;
  };
  return {
    fill: (template) => {
      const parts = partsOf(template, declared);
      let out = parts[0] as string;
      for (let i = 1; i < parts.length; i += 2) out += valueFor(parts[i] as string) + (parts[i + 1] as string);
      return out;
    },
    secrets: (templates) => {
      const names: string[] = [];
      const add = (name: string) => {
        if (declared.fields.get(name)?.secret === true && !names.includes(name)) names.push(name);
      };
      for (const template of templates) {
        const parts = partsOf(template, declared);
        for (let i = 1; i < parts.length; i += 2) add(parts[i] as string);
      }
      for (const name of Object.keys(opened.fields)) add(name);
      return names.map(valueFor);
    },
  };
}

function declaredBy(auth: StaticAuth): Declared {
  let declared = known.get(auth);
  if (declared === undefined) {
    // The first one of a name is the one that is meant.
    declared = { fields: new Map(auth.fields.map((field) => [field.name, field] as const).reverse()), parts: new Map() };
    known.set(auth, declared);
  }
  return declared;
}

/** Templates are the connector's own, so that there are few of them. */
function partsOf(template: string, { parts }: Declared): readonly string[] {
  let found = parts.get(template);
  if (found === undefined) {
    found = template.split(/\{([a-z][a-z0-9_]*)\}/);
    parts.set(template, found);
  }
  return found;
}
