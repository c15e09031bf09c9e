import type { Description, Operation, Parameter, Schema } from '../description.ts';

interface Method {
  id: string;
  path: string;
  flatPath?: string;
  httpMethod: string;
  parameters?: Record<string, RawSchema>;
  request?: { $ref: string };
  response?: { $ref: string };
  mediaUpload?: { protocols?: Record<'simple' | 'resumable', { path?: string; multipart?: boolean } | undefined> };
  supportsMediaDownload?: boolean;
}

interface RawSchema extends Schema {
  location?: string;
  repeated?: boolean;
  annotations?: { required?: string[] };
}

interface Resource {
  methods?: Record<string, Method>;
  resources?: Record<string, Resource>;
}

interface Document extends Resource {
  servicePath: string;
  parameters?: Record<string, RawSchema>;
  schemas?: Record<string, RawSchema>;
}

/** Google's own format: JSON Schema with names for references, requirements told at the property. */
export function discovery(document: unknown): Description {
  const doc = document as Document;
  const operations = methodsOf(doc).flatMap((method) => operationsOf(doc, method));
  return {
    operations,
    root: { schemas: Object.fromEntries(Object.entries(doc.schemas ?? {}).map(([id, schema]) => [id, schemaOf(schema)])) },
  };
}

function methodsOf({ methods = {}, resources = {} }: Resource): Method[] {
  return [...Object.values(methods), ...Object.values(resources).flatMap(methodsOf)];
}

function operationsOf(doc: Document, method: Method): Operation[] {
  const parameters = Object.entries({ ...doc.parameters, ...method.parameters }).map(([name, raw]): Parameter => {
    const { location, repeated, required, ...schema } = raw;
    const one = schemaOf(schema as RawSchema);
    return {
      name,
      in: location === 'path' ? 'path' : 'query',
      required: required === true,
      schema: repeated === true ? { type: 'array', items: one } : one,
    };
  });
  const operation: Operation = {
    id: method.id,
    method: method.httpMethod,
    path: `/${doc.servicePath}${method.path}`.replace('//', '/'),
    parameters,
    bodies: method.request === undefined ? {} : { 'application/json': requestOf(doc, method) },
    bodyRequired: false,
    ...(method.response === undefined ? {} : { answer: { $ref: `#/schemas/${method.response.$ref}` } }),
  };
  return [operation, ...uploadsOf(method, operation)];
}

/**
 * The same with bytes: alone, behind the document (multipart), or in a session (resumable) that the document opens and a PUT with the
 * session's id fills. The formats' own page says how; a discovery document says which of them a method has, and where.
 */
function uploadsOf({ mediaUpload, request }: Method, operation: Operation): Operation[] {
  const { simple, resumable } = mediaUpload?.protocols ?? { simple: undefined, resumable: undefined };
  // Without what the method requires of its document: the bytes may be that.
  const about: Schema = request === undefined ? {} : { $ref: `#/schemas/${request.$ref}` };
  const session: Parameter = { name: 'upload_id', in: 'query', required: true, schema: { type: 'string' } };
  return [simple, resumable].flatMap((protocol): Operation[] => {
    if (protocol?.path === undefined) return [];
    const { path } = protocol;
    const bodies = {
      ...(resumable === undefined ? {} : { 'application/json': about }),
      ...(protocol.multipart === true ? { 'multipart/related': about } : {}),
      '*/*': {},
    };
    const sent = { ...operation, path, bodies };
    if (resumable === undefined) return [sent];
    return [sent, { ...operation, path, method: 'PUT', parameters: [...operation.parameters, session], bodies: { '*/*': {} } }];
  });
}

/** The schema of a request, with what this very method requires of it. */
function requestOf(doc: Document, { id, request }: Method): Schema {
  const name = request?.$ref ?? '';
  const required = Object.entries(doc.schemas?.[name]?.properties ?? {})
    .filter(([, property]) => (property as RawSchema).annotations?.required?.includes(id) === true)
    .map(([key]) => key);
  const whole: Schema = { $ref: `#/schemas/${name}` };
  return required.length === 0 ? whole : { allOf: [whole, { required }] };
}

function schemaOf(raw: RawSchema): Schema {
  const {
    id: _,
    location: __,
    annotations: ___,
    enumDescriptions: ____,
    required: _____,
    description: ______,
    default: _______,
    ...schema
  } = raw;
  return {
    ...schema,
    ...(schema.$ref === undefined ? {} : { $ref: `#/schemas/${schema.$ref}` }),
    ...(schema.type === 'any' ? { type: undefined } : {}),
    ...(schema.properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(schema.properties).map(([k, v]) => [k, schemaOf(v as RawSchema)])) }),
    ...(schema.items === undefined ? {} : { items: schemaOf(schema.items as RawSchema) }),
    ...(typeof schema.additionalProperties === 'object'
      ? { additionalProperties: schemaOf(schema.additionalProperties as RawSchema) }
      : {}),
    // Bounds are written as text.
    ...(schema.minimum === undefined ? {} : { minimum: Number(schema.minimum) }),
    ...(schema.maximum === undefined ? {} : { maximum: Number(schema.maximum) }),
    // Numbers that JavaScript cannot hold are written as text; which ones, the format says.
    ...(schema.type === 'string' || schema.type === undefined ? {} : { format: undefined }),
  };
}
