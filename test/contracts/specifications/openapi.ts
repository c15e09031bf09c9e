import { type Description, followed, type Operation, type Parameter, type Schema } from '../description.ts';

const methods = ['get', 'put', 'post', 'delete', 'patch'] as const;

interface Document {
  swagger?: string;
  basePath?: string;
  servers?: { url: string }[];
  consumes?: string[];
  paths: Record<string, Record<string, unknown> & { parameters?: RawParameter[] }>;
}

interface RawParameter extends Schema {
  name?: string;
  in?: string;
  schema?: Schema;
  style?: string;
  content?: Record<string, { schema?: Schema }>;
}

interface RawOperation {
  operationId?: string;
  parameters?: RawParameter[];
  requestBody?: { $ref?: string; required?: boolean; content?: Record<string, { schema?: Schema }> };
  responses?: Record<string, { $ref?: string; schema?: Schema; content?: Record<string, { schema?: Schema }> }>;
  consumes?: string[];
}

/** OpenAPI 3.0, 3.1 and Swagger 2. `prefix` stands before every path where the document's own server does not say it. */
export function openapi(document: unknown, prefix?: string): Description {
  const doc = document as Document;
  const before = prefix ?? (doc.swagger === undefined ? serverPath(doc.servers?.[0]?.url ?? '') : (doc.basePath ?? '')).replace(/\/$/, '');
  const operations = Object.entries(doc.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method] !== undefined)
      .map((method) => operationOf(doc, `${before}${path}`, method, item[method] as RawOperation, item.parameters ?? [])),
  );
  return { operations, root: doc };
}

function serverPath(url: string): string {
  return url.replace(/^[a-z]+:\/\/[^/]+/, '').replace(/\{[^}]*\}/g, '');
}

function operationOf(doc: Document, path: string, method: string, raw: RawOperation, shared: RawParameter[]): Operation {
  const all = [...shared, ...(raw.parameters ?? [])].map((parameter) => followed(doc, parameter) as RawParameter);
  const parameters: Parameter[] = all
    .filter((p) => p.in === 'path' || p.in === 'query' || p.in === 'header')
    .map((p) => ({
      name: p.name as string,
      in: p.in as Parameter['in'],
      required: p.required === true,
      schema: p.schema ?? Object.values(p.content ?? {})[0]?.schema ?? ownSchema(p),
      ...(p.style === 'deepObject' ? { deep: true } : {}),
    }));
  const body = raw.requestBody === undefined ? undefined : (followed(doc, raw.requestBody as Schema) as RawOperation['requestBody']);
  const bodies: Record<string, Schema> = Object.fromEntries(
    Object.entries(body?.content ?? {}).map(([type, { schema }]) => [type, schema ?? {}]),
  );
  const inBody = all.find((p) => p.in === 'body');
  const inForm = all.filter((p) => p.in === 'formData');
  const consumes = raw.consumes ?? doc.consumes ?? ['application/json'];
  if (inBody !== undefined) for (const type of consumes) bodies[type] = inBody.schema ?? {};
  if (inForm.length > 0) {
    const form: Schema = {
      type: 'object',
      properties: Object.fromEntries(inForm.map((p) => [p.name as string, ownSchema(p)])),
      required: inForm.filter((p) => p.required === true).map((p) => p.name as string),
    };
    for (const type of consumes) bodies[type] = form;
  }
  const answer = answerOf(doc, raw);
  return {
    id: raw.operationId ?? `${method.toUpperCase()} ${path}`,
    method: method.toUpperCase(),
    path,
    parameters,
    bodies,
    bodyRequired: body?.required === true || inBody?.required === true,
    ...(answer === undefined ? {} : { answer }),
  };
}

/** Swagger 2 writes a parameter's schema into the parameter. */
function ownSchema({ name: _, in: __, required: ___, description: ____, ...schema }: RawParameter): Schema {
  return schema;
}

function answerOf(doc: Document, { responses = {} }: RawOperation): Schema | undefined {
  const good = Object.keys(responses).find((status) => /^2/.test(status)) ?? 'default';
  const response = responses[good];
  if (response === undefined) return undefined;
  const { schema, content = {} } = followed(doc, response as Schema) as { schema?: Schema; content?: Record<string, { schema?: Schema }> };
  return schema ?? Object.entries(content).find(([type]) => /json/.test(type))?.[1].schema;
}
