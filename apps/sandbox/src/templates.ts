import { placeholders } from '@grantway/connector-kit';

/** The values that stand in the templates' places, or undefined when something declared is missing or has another shape. */
export function matched(places: [template: string, given: string | undefined][]): Map<string, string> | undefined {
  const values = new Map<string, string>();
  for (const [template, given] of places) {
    const literals = template.split(/\{[a-z][a-z0-9_]*\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const found = given === undefined ? null : new RegExp(`^${literals.join('(.+)')}$`, 's').exec(given);
    if (found === null) return undefined;
    placeholders(template).forEach((field, i) => {
      values.set(field, found[i + 1] as string);
    });
  }
  return values;
}
