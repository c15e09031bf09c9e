import { placeholders, type StaticAuth, type StaticCredential } from '@grantway/connector-kit';
import { malformed } from '../egress-error.ts';

export interface FieldValues {
  /** The template with its fields' values, in one pass: a value that looks like a placeholder stays a value. */
  fill(template: string): string;
  /** Values of secret fields: those that the templates place, and whatever else the credential holds. */
  secrets(templates: string[]): string[];
}

/** Values from the credential, from `fields` where the operator fixed them or the person entered a public one, or the default. */
export function fieldValues(auth: StaticAuth, opened: StaticCredential, fields: Record<string, string>): FieldValues {
  const valueFor = (name: string): string => {
    const field = auth.fields.find((f) => f.name === name);
    const source = Object.hasOwn(opened.fields, name) ? opened.fields : fields;
    const value = Object.hasOwn(source, name) ? source[name] : field?.default;
    if (field === undefined || value === undefined || value === '') throw malformed(`the credential has no ${name}`);
    return value;
  };
  return {
    fill: (template) => template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_whole, name: string) => valueFor(name)),
    secrets: (templates) => {
      const secret = new Set(auth.fields.filter((f) => f.secret).map((f) => f.name));
      return [...new Set([...templates.flatMap(placeholders), ...Object.keys(opened.fields)])]
        .filter((name) => secret.has(name))
        .map(valueFor);
    },
  };
}
