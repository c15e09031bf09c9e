import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Description, Operation, Parameter, Schema } from '../description.ts';
import { load, textOf } from '../outside.ts';

/**
 * Clients that OpenAPI generators wrote (Datadog's, HubSpot's): their factories of requests name method, path and query, their
 * models carry the wire names and types of every key, their declarations say which are required and what enums hold.
 * Read as text and data; nothing of them runs but the tables of the models. `prefix`: where the client has several APIs of one name.
 */
export function generatedClient(folder: string, prefix?: string): Description {
  const models = path.join(folder, 'models');
  const root: { models: Record<string, Schema> } = {
    models: new Proxy<Record<string, Schema>>(
      {},
      {
        get: (known, name: string) => (known[name] ??= modelOf(models, name)),
        has: (_, name: string) => existsSync(path.join(models, `${name}.js`)),
        getOwnPropertyDescriptor: (_, name: string) => ({ configurable: true, enumerable: true, value: root.models[name] }),
      },
    ),
  };
  const operations = readdirSync(path.join(folder, 'apis'))
    .filter((file) => file.endsWith('Api.js'))
    .flatMap((file) => {
      const found = operationsOf(textOf(path.join(folder, 'apis', file)), models);
      const api = `${file[0]?.toLowerCase()}${file.slice(1, -'.js'.length)}`;
      return prefix === undefined ? found : found.map((operation) => ({ ...operation, id: `${prefix}.${api}.${operation.id}` }));
    });
  return { operations, root, closed: true };
}

function operationsOf(source: string, models: string): Operation[] {
  const chunks = source.split(/\n {4}(?=\w+\([^)]*\) \{\n)/);
  const readers = new Map(chunks.filter((c) => c.includes('deserialize(')).map((c) => [(/^(\w+?)(WithHttpInfo)?\(/.exec(c) ?? [])[1], c]));
  return chunks
    .filter((chunk) => chunk.includes('localVarPath ='))
    .map((chunk): Operation => {
      const id = (/^(\w+)\(/.exec(chunk) ?? [])[1] ?? '';
      const template = (/localVarPath = ["'`]([^"'`]+)["'`]/.exec(chunk) ?? [])[1] ?? '';
      const required = new Set(
        [...chunk.matchAll(/RequiredError\(([^)]*)\)/g)].flatMap((m) => [...(m[1] ?? '').matchAll(/"(\w+)"/g)].map((n) => n[1])),
      );
      const plain = [
        ...chunk.matchAll(
          /(set|append)(Query|Header)Param\(\s*"([^"]+)",\s*ObjectSerializer_1\.ObjectSerializer\.serialize\(\s*(\w+),\s*"([^"]+)",\s*"([^"]*)"/g,
        ),
      ].map(([, , place, name, variable, type, format]) => ({ place, name, variable, type, format }));
      const repeated = [
        ...chunk.matchAll(
          /serialize\(\s*(\w+),\s*"([^"]+)",\s*"([^"]*)"\);\s*for \([^)]*\) \{\s*requestContext\.append(Query)Param\("([^"]+)"/g,
        ),
      ].map(([, variable, type, format, place, name]) => ({ place, name, variable, type, format }));
      const parameters = [...plain, ...repeated].map(
        ({ place, name = '', variable, type = 'any', format }): Parameter => ({
          name,
          in: place === 'Query' ? 'query' : 'header',
          required: required.has(variable),
          schema: typeSchema(type, format, models),
        }),
      );
      const body = /serialize\(\s*(\w+),\s*"([^"]+)",\s*"[^"]*"\),\s*contentType/.exec(chunk);
      const types = [...(/getPreferredMediaType\(\[([^\]]*)\]/.exec(chunk)?.[1] ?? '"application/json"').matchAll(/"([^"]+)"/g)].map(
        (m) => m[1] as string,
      );
      const form = [...chunk.matchAll(/localVarFormParams\.append\('([^']+)'/g)].map((m) => m[1] as string);
      const answer = /(?:isCodeInRange\)?\("2\d\d"|httpStatusCode === 2\d\d)[\s\S]*?deserialize\([\s\S]*?, "([^"]+)"/.exec(
        readers.get(id) ?? '',
      )?.[1];
      return {
        id,
        method: (/HttpMethod\.(\w+)/.exec(chunk) ?? [])[1] ?? 'GET',
        path: template,
        parameters,
        bodies:
          body?.[2] !== undefined
            ? Object.fromEntries(types.map((type) => [type, typeSchema(body[2] as string, '', models)]))
            : form.length > 0
              ? { 'multipart/form-data': { type: 'object', properties: Object.fromEntries(form.map((key) => [key, {}])) } }
              : {},
        bodyRequired: body !== null && required.has(body[1]),
        ...(answer === undefined || answer === 'void' ? {} : { answer: typeSchema(answer, '', models) }),
      };
    });
}

/** The words for types that the serializers of both generators know. */
function typeSchema(type: string, format: string | undefined, models: string): Schema {
  const list = /^(?:Array|Set)<(.+)>$/.exec(type);
  if (list) return { type: 'array', items: typeSchema(list[1] as string, format, models) };
  const map = /^\{ \[key: string\]: (.+?);? \}$/.exec(type);
  if (map) return { type: 'object', additionalProperties: typeSchema(map[1] as string, format, models) };
  if (type.includes(' | ')) return { anyOf: type.split(' | ').map((one) => typeSchema(one, format, models)) };
  if (/^["'].*["']$/.test(type)) return { const: type.slice(1, -1) };
  if (type === 'null') return { type: 'null' };
  if (type === 'Date') return { type: 'string', format: format === 'date' ? 'date' : 'date-time' };
  if (type === 'number') return { type: format?.startsWith('int') === true ? 'integer' : 'number' };
  if (type === 'string' || type === 'UUID') return { type: 'string' };
  if (type === 'boolean') return { type: 'boolean' };
  if (type === 'HttpFile') return { type: 'string', format: 'binary' };
  const name = type.replace(/[^\w].*$/, '');
  return existsSync(path.join(models, `${name}.js`)) ? { $ref: `#/models/${name}` } : enumIn(models, name);
}

/** HubSpot keeps a model's enums in the model's own file. */
function enumIn(models: string, name: string): Schema {
  const owner = readdirSync(models).find(
    (file) =>
      file.endsWith('.d.ts') &&
      name.startsWith(file.slice(0, -'.d.ts'.length)) &&
      textOf(path.join(models, file)).includes(`enum ${name} `),
  );
  if (owner === undefined) return {};
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(textOf(path.join(models, owner)))?.[1] ?? '';
  return { enum: [...body.matchAll(/= "([^"]*)"/g)].map((m) => m[1]) };
}

interface Attribute {
  name?: string;
  baseName: string;
  type: string;
  format?: string;
  required?: boolean;
}

function modelOf(models: string, name: string): Schema {
  const exported = load<Record<string, { attributeTypeMap?: Record<string, Attribute> | Attribute[] }>>(path.join(models, `${name}.js`));
  const declared = textOf(path.join(models, `${name}.d.ts`));
  const table = exported[name]?.attributeTypeMap;
  if (table === undefined) return declaredSchema(declared, name, models);
  const attributes = Array.isArray(table) ? table : Object.values(table);
  const isRequired = ({ name: key, required }: Attribute) =>
    required ?? (key !== undefined && new RegExp(`^ +'?${key}'?: `, 'm').test(declared));
  const own = attributes.filter(({ baseName }) => baseName !== 'additionalProperties');
  return {
    type: 'object',
    properties: Object.fromEntries(
      own.map(({ baseName, type, format }) => [baseName, nullable(typeSchema(type, format, models), declared, baseName)]),
    ),
    required: own.filter(isRequired).map(({ baseName }) => baseName),
    ...(own.length === 0 ? { additionalProperties: true } : {}),
  };
}

/** The declarations alone say that a key may be null. */
function nullable(schema: Schema, declared: string, key: string): Schema {
  return new RegExp(`'?${key}'?\\??: [^;{]*\\| null`).test(declared) ? { anyOf: [schema, { type: 'null' }] } : schema;
}

/** `type X = typeof A | typeof B` with constants, or a union of models. */
function declaredSchema(declared: string, name: string, models: string): Schema {
  const constants = new Map(
    [...declared.matchAll(/declare const (\w+) = ("?)(.*?)\2;/g)].map(([, key, quote, value]) => [
      key,
      quote === '"' ? value : Number(value),
    ]),
  );
  const union = new RegExp(`type ${name} = ([^;]+);`).exec(declared)?.[1] ?? '';
  const parts = union
    .split('|')
    .map((part) => part.trim())
    .filter((part) => part !== '' && part !== 'UnparsedObject');
  if (constants.size > 0) return { enum: parts.map((part) => constants.get(part.replace(/^typeof /, ''))) };
  return parts.length === 0 ? {} : { anyOf: parts.map((part) => typeSchema(part, '', models)) };
}
