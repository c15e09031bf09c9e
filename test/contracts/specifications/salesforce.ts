import type { Operation, Parameter, Schema } from '../description.ts';
import { inPackage, textOf } from '../outside.ts';
import { rest, type Specification } from '../specification.ts';

const query = (...names: string[]): Parameter[] =>
  names.map((name) => ({ name: name.replace('!', ''), in: 'query', required: name.endsWith('!'), schema: { type: 'string' } }));

/** jsforce: the paths that its methods make, and the fields of standard objects as its types name them. */
export function salesforceClient(): Specification {
  const base = '/services/data/{version}';
  const operation = (id: string, method: string, path: string, parameters: Parameter[] = [], body?: Schema): Operation => ({
    id,
    method,
    path,
    parameters,
    bodies: body === undefined ? {} : { 'application/json': body },
    bodyRequired: body !== undefined,
  });
  const objects = [
    ...textOf(inPackage('jsforce', 'lib/types/standard-schema.d.ts')).matchAll(/^type Fields\$(\w+) = \{\n([\s\S]*?)^\};/gm),
  ].map(([, name = '', body = '']) => ({ name, fields: [...body.matchAll(/^ {4}(\w+): /gm)].map((m) => m[1] as string) }));
  const ofObject = objects.flatMap(({ name, fields }) => {
    const record: Schema = {
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [field, {}])),
      // An organization's own, and made-up ones for them.
      patternProperties: { '^(first|second)_key$|__c$': {} },
      additionalProperties: false,
    };
    return [
      operation('Connection.create', 'POST', `${base}/sobjects/${name}`, [], record),
      operation('Connection.update', 'PATCH', `${base}/sobjects/${name}/{id}`, [], record),
    ];
  });
  const open: Schema = { type: 'object', additionalProperties: true };
  return rest({
    root: {},
    operations: [
      operation('Connection.query', 'GET', `${base}/query`, query('q!')),
      operation('Connection.queryMore', 'GET', `${base}/query/{locator}`),
      operation('Connection.search', 'GET', `${base}/search`, query('q!')),
      operation('Connection.retrieve', 'GET', `${base}/sobjects/{type}/{id}`, query('fields')),
      operation('Connection.create', 'POST', `${base}/sobjects/{type}`, [], open),
      operation('Connection.update', 'PATCH', `${base}/sobjects/{type}/{id}`, [], open),
      operation('Connection.destroy', 'DELETE', `${base}/sobjects/{type}/{id}`),
      operation('Connection.describe', 'GET', `${base}/sobjects/{type}/describe`),
      operation('Connection.describeGlobal', 'GET', `${base}/sobjects`),
      operation('Analytics.reports', 'GET', `${base}/analytics/reports`),
      operation('Report.execute', 'GET', `${base}/analytics/reports/{id}`, query('includeDetails')),
      operation('AuthInfo.retrieveUserInfo', 'GET', '/services/oauth2/userinfo'),
      ...ofObject,
    ],
  });
}
