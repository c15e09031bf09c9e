import type { Wanted } from '../contract.ts';
import type { Operation } from '../description.ts';
import { inPackage, textOf, versionOf } from '../outside.ts';
import { rest, type Specification } from '../specification.ts';
import { schemasOfTypes, type TypeName } from './types.ts';

/**
 * Slack's methods have no paths of their own: arguments are one set, in the query, a form or JSON. Its types name them
 * `<Method>Arguments` and `<Method>Response`.
 */
export function slackTypes({ operations, requests }: Wanted): Specification {
  const methods = new Set(
    [...textOf(inPackage('@slack/web-api', 'dist/methods.js')).matchAll(/bindApiCall\w*\(this, '([\w.]+)'\)/g)].map((m) => m[1] as string),
  );
  const declared = textOf(inPackage('@slack/web-api', 'dist/methods.d.ts'));
  const wanted = [...new Set([...operations, ...requests.map(({ path }) => path.replace(/^\/api\//, ''))])]
    .filter((name) => methods.has(name))
    .toSorted();
  const typeOf = (method: string) =>
    method
      .split('.')
      .map((part) => `${part[0]?.toUpperCase()}${part.slice(1)}`)
      .join('');
  const types: Record<string, TypeName> = {};
  for (const method of wanted) {
    for (const kind of ['Arguments', 'Response']) {
      const name = `${typeOf(method)}${kind}`;
      if (new RegExp(`\\b${name}\\b`).test(declared)) types[`Of${name}`] = { from: '@slack/web-api', type: `m.${name}` };
    }
  }
  const root = schemasOfTypes(types, versionOf('@slack/web-api'));
  const found = wanted.map((method): Operation => {
    const answer = `Of${typeOf(method)}Response`;
    return {
      id: method,
      method: 'ANY',
      path: `/api/${method}`,
      parameters: [],
      bodies: {},
      bodyRequired: false,
      merged: { $ref: `#/definitions/Of${typeOf(method)}Arguments` },
      ...(types[answer] === undefined ? {} : { answer: { $ref: `#/definitions/${answer}` } }),
    };
  });
  return rest({ operations: found, root, closed: true });
}
