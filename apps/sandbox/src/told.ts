import { baseUrlFor, type Connector, captured, type Lookup, placeholders } from '@grantway/connector-kit';
import { alike } from './accounts.ts';
import type { ApiRoute } from './api-routes.ts';
import { isRecord, mapLeaves, valueAt } from './json-places.ts';

/*
 * What a vendor tells with the grant about where the account is: an API host in the token's answer, a site in the lookup's.
 * An account is there and nowhere else.
 */

const mostChoices = 5;

/** By parameter name, every value that this vendor ever tells. */
export function toldValues({ id, auth }: Connector): Map<string, string[]> {
  const told = new Map<string, string[]>();
  if (auth.kind !== 'oauth2') return told;
  for (const parameter of auth.captureFromToken ?? []) {
    const value = captured(parameter, valueAt(auth.tokenExample?.body, parameter.pointer));
    if (value !== undefined) told.set(parameter.name, [value]);
  }
  if (auth.lookup === undefined) return told;
  const choices = [undefined, mostChoices].flatMap((count) =>
    choicesOf(auth.lookup as Lookup, answersOf(id, auth.lookup as Lookup, count)),
  );
  for (const { name } of auth.lookup.captures) told.set(name, [...new Set(choices.map(({ values }) => values[name] ?? ''))]);
  return told;
}

/** Whether a request goes to a host or a site of which this vendor has told nobody. */
export function strays(connector: Connector, route: ApiRoute, path: string): boolean {
  if (route.name === 'lookup') return false;
  const base = baseUrlFor(connector.api, route.request) ?? '';
  const told = toldValues(connector);
  if (!placeholders(base).some((name) => told.has(name))) return false;
  const parts = base.slice('https:/'.length).split(/(\{[a-z][a-z0-9_]*\})/);
  const shape = parts.map((part) => (/^\{.*\}$/.test(part) ? oneOf(told.get(part.slice(1, -1))) : escaped(part)));
  return !new RegExp(`^${shape.join('')}(?:/|$)`).test(path);
}

/** The lookup's example with so many answers; as it stands without a number. */
export function severalAnswers({ id, auth }: Connector, count: number | undefined): unknown {
  return auth.kind === 'oauth2' && auth.lookup !== undefined ? answersOf(id, auth.lookup, count) : undefined;
}

function answersOf(connectorId: string, lookup: Lookup, count: number | undefined): unknown {
  const { body } = lookup.example.receives;
  const own = listIn(body);
  if (count === undefined || own === undefined) return body;
  const [first] = lookup.example.gives;
  const another = (i: number) =>
    mapLeaves(own[0], (leaf) => {
      if (typeof leaf !== 'string' || first === undefined) return leaf;
      if (Object.values(first.values).includes(leaf)) return alike(connectorId, `choice ${i}`, leaf);
      return leaf === first.label || leaf === first.detail ? leaf.replaceAll(first.label, `${first.label}-${i + 1}`) : leaf;
    });
  const list = Array.from({ length: count }, (_, i) => own[i] ?? another(i));
  return isRecord(body) ? Object.fromEntries(Object.entries(body).map(([name, value]) => [name, value === own ? list : value])) : list;
}

/** The answers of an example: the body itself, or the one list in it. */
function listIn(body: unknown): unknown[] | undefined {
  if (Array.isArray(body)) return body;
  return isRecord(body) ? Object.values(body).find((value): value is unknown[] => Array.isArray(value)) : undefined;
}

function choicesOf(lookup: Lookup, body: unknown) {
  return lookup.choices(structuredClone(body) as never);
}

function oneOf(values: string[] | undefined): string {
  return values === undefined ? '[^/]+' : `(?:${values.map(escaped).join('|')})`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
