import { type FaultCode, faults } from '@grantway/contract';
import { type Html, html } from './html.ts';
import { pageOf } from './layout.ts';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;

interface Operation {
  id: string;
  noun: string;
  method: (typeof methods)[number];
  path: string;
  operation: Json;
  parameters: Json[];
}

interface Field {
  name: string;
  required: boolean;
  schema: Json;
}

/** Deeper than any of our resources; a schema that refers to itself ends here. */
const maxDepth = 6;

/**
 * The API reference, made from the OpenAPI 3.1 document alone. Reads besides the standard members `x-audit-event` of an
 * operation; the scopes of its `security` are its permissions, and its responses' descriptions list fault codes.
 */
export function renderReference(openapi: Record<string, unknown>): string {
  const document = new OpenApi(openapi);
  const info = objectOf(openapi.info);
  const nouns = new Map<string, Operation[]>();
  for (const o of document.operations()) nouns.set(o.noun, [...(nouns.get(o.noun) ?? []), o]);
  const sections = [...nouns].map(
    ([noun, operations]) => html`<section class="noun" id="noun-${slug(noun)}"><h2>${noun}</h2>
${document.tagDescription(noun) !== undefined && html`<p class="lead">${document.tagDescription(noun)}</p>`}
${operations.map((o) => operationOf(document, o))}</section>`,
  );
  const list = html`${[...nouns].map(
    ([noun, operations]) => html`<h2>${noun}</h2>
<ul>${operations.map((o) => html`<li><a href="#${o.id}">${textOf(o.operation.summary) ?? `${o.method.toUpperCase()} ${o.path}`}</a></li>`)}</ul>`,
  )}<h2>More</h2><ul><li><a href="#faults">Faults</a></li></ul>`;
  return pageOf({
    title: 'API reference',
    layout: 'wide',
    main: html`<main class="reference">
<nav class="toc side" aria-label="Operations">${list}</nav>
<div>
<div class="hero">
<h1>${textOf(info.title) ?? 'API reference'}</h1>
${textOf(info.description) !== undefined && html`<p class="lead">${textOf(info.description)}</p>`}
<p class="quiet small">${textOf(info.version) !== undefined && html`Version ${textOf(info.version)}. `}For machines: <a href="/openapi.json">openapi.json</a>. In the examples <code>$GRANTWAY</code> is the address of the broker and <code>$TOKEN</code> an access token.</p>
</div>
<details class="toc top-list"><summary>All operations</summary><nav aria-label="Operations">${list}</nav></details>
${sections}
${faultTable()}
</div>
</main>`,
  });
}

class OpenApi {
  readonly root: Json;
  constructor(root: Json) {
    this.root = root;
  }

  operations(): Operation[] {
    const found: Operation[] = [];
    for (const [path, item] of Object.entries(objectOf(this.root.paths))) {
      const shared = objectOf(item);
      for (const method of methods) {
        const operation = shared[method];
        if (!isObject(operation)) continue;
        const parameters = [...listOf(shared.parameters), ...listOf(operation.parameters)].map((p) => this.resolve(p));
        const noun = titleOf(
          textOf(listOf(operation.tags)[0]) ?? path.split('/').find((part) => part !== '' && !/^v\d+$/.test(part)) ?? 'root',
        );
        found.push({ id: textOf(operation.operationId) ?? slug(`${method} ${path}`), noun, method, path, operation, parameters });
      }
    }
    return found;
  }

  tagDescription(noun: string): string | undefined {
    return textOf(
      listOf(this.root.tags)
        .map(objectOf)
        .find((t) => titleOf(String(t.name)) === noun)?.description,
    );
  }

  serverUrl(): string {
    return (textOf(objectOf(listOf(this.root.servers)[0]).url) ?? '').replace(/\/$/, '');
  }

  /** Follows `$ref` inside the document (RFC 6901); members beside it win, as in JSON Schema 2020-12. */
  resolve(value: unknown, hops = 0): Json {
    const node = objectOf(value);
    const ref = textOf(node.$ref);
    if (ref === undefined || !ref.startsWith('#/') || hops > 8) return node;
    const target = ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, part) => objectOf(at)[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')], this.root);
    const { $ref: _, ...beside } = node;
    return { ...this.resolve(target, hops + 1), ...beside };
  }

  /** `allOf` folded in, and `X | null` seen as X. */
  schema(value: unknown): { schema: Json; nullable: boolean } {
    let schema = this.resolve(value);
    let nullable = false;
    for (const part of listOf(schema.allOf)) {
      const other = this.schema(part).schema;
      schema = {
        ...other,
        ...schema,
        properties: { ...objectOf(other.properties), ...objectOf(schema.properties) },
        required: [...listOf(other.required), ...listOf(schema.required)],
      };
    }
    const union = listOf(schema.anyOf ?? schema.oneOf);
    const solid = union.filter((s) => objectOf(s).type !== 'null');
    if (union.length > solid.length) {
      nullable = true;
      if (solid.length === 1) {
        const { anyOf: _a, oneOf: _o, ...beside } = schema;
        schema = { ...this.schema(solid[0]).schema, ...beside };
      }
    }
    if (Array.isArray(schema.type) && schema.type.includes('null')) {
      nullable = true;
      const types = schema.type.filter((t) => t !== 'null');
      schema = { ...schema, type: types.length === 1 ? types[0] : types };
    }
    return { schema, nullable };
  }

  fields(value: unknown): Field[] {
    const { schema } = this.schema(value);
    const required = new Set(listOf(schema.required));
    return Object.entries(objectOf(schema.properties)).map(([name, s]) => ({ name, required: required.has(name), schema: objectOf(s) }));
  }

  /** The schema of a request or reply body, whatever its media type. */
  bodyOf(holder: unknown): { mediaType: string; schema: Json; example: unknown } | undefined {
    const [first] = Object.entries(objectOf(this.resolve(holder).content));
    if (first === undefined) return undefined;
    const content = objectOf(first[1]);
    return { mediaType: first[0], schema: objectOf(content.schema), example: content.example };
  }
}

function operationOf(document: OpenApi, o: Operation): Html {
  const { operation } = o;
  const responses = Object.entries(objectOf(operation.responses));
  const good = responses.find(([status]) => status.startsWith('2'));
  const body = document.bodyOf(operation.requestBody);
  const reply = good === undefined ? undefined : document.bodyOf(good[1]);
  const permission = permissionOf(operation);
  const codes = faultCodesOf(operation);
  const other = responses.filter(([status]) => !status.startsWith('2'));
  const places = ['path', 'query', 'header'] as const;
  return html`<article class="op" id="${o.id}">
<div><p class="call"><span class="method ${o.method}">${o.method.toUpperCase()}</span><a href="#${o.id}">${o.path}</a></p></div>
<div>${textOf(operation.summary) !== undefined && html`<h3>${textOf(operation.summary)}</h3>`}
${textOf(operation.description) !== undefined && html`<p class="quiet">${textOf(operation.description)}</p>`}</div>
${
  (permission !== undefined || textOf(operation['x-audit-event']) !== undefined) &&
  html`<ul class="chips">${permission !== undefined && html`<li>needs <code>${permission}</code></li>`}${textOf(operation['x-audit-event']) !== undefined && html`<li>audited as <code>${textOf(operation['x-audit-event'])}</code></li>`}</ul>`
}
${places.map((place) => {
  const of = o.parameters.filter((p) => p.in === place);
  if (of.length === 0) return undefined;
  const fields = of.map((p) => ({
    name: String(p.name),
    required: p.required === true,
    schema: { ...objectOf(p.schema), ...(textOf(p.description) === undefined ? {} : { description: p.description }) },
  }));
  return html`<div><h4>${{ path: 'In the path', query: 'In the query', header: 'Headers' }[place]}</h4>${fieldList(document, fields, 0, 'request')}</div>`;
})}
${body !== undefined && html`<div><h4>Body${body.mediaType !== 'application/json' && html` (<code>${body.mediaType}</code>)`}</h4>${bodyFields(document, body.schema, 'request')}</div>`}
${good !== undefined && html`<div><h4>Reply ${good[0]}</h4>${reply === undefined ? html`<p class="quiet small">No body.</p>` : bodyFields(document, reply.schema, 'reply')}</div>`}
${
  codes.length > 0
    ? html`<div><h4>Faults</h4><ul class="chips">${codes.map((code) => html`<li><a href="#fault-${code}"><code>${code}</code></a> ${faults[code].status}</li>`)}</ul></div>`
    : other.length > 0 &&
      html`<div><h4>Faults</h4><ul class="chips">${other.map(([status, r]) => html`<li>${status} ${textOf(document.resolve(r).description)}</li>`)}</ul></div>`
}
<div><h4>Example</h4><pre tabindex="0"><code>${curlOf(document, o, body, permission !== undefined)}</code></pre></div>
</article>`;
}

function permissionOf(operation: Json): string | undefined {
  for (const requirement of listOf(operation.security)) {
    for (const scopes of Object.values(objectOf(requirement))) {
      const text = listOf(scopes)
        .filter((s) => typeof s === 'string')
        .join(' ');
      if (text !== '') return text;
    }
  }
  return undefined;
}

function faultCodesOf(operation: Json): FaultCode[] {
  return Object.entries(objectOf(operation.responses))
    .filter(([status]) => !status.startsWith('2'))
    .flatMap(([, response]) => (textOf(objectOf(response).description) ?? '').split(', '))
    .filter((code): code is FaultCode => Object.hasOwn(faults, code));
}

type Side = 'request' | 'reply';

function bodyFields(document: OpenApi, schema: Json, side: Side): Html {
  const fields = document.fields(schema);
  return fields.length === 0 ? html`<p class="quiet small">${typeOf(document, schema)}</p>` : fieldList(document, fields, 0, side);
}

/** In a reply every field that is listed comes, unless it says otherwise; in a request the required ones are marked. */
function fieldList(document: OpenApi, fields: Field[], depth: number, side: Side): Html {
  return html`<ul class="fields">${fields.map((f) => {
    const { schema } = document.schema(f.schema);
    const inner = depth < maxDepth ? innerFields(document, schema) : [];
    return html`<li><div class="name"><code>${f.name}</code><span class="type">${typeOf(document, f.schema)}${side === 'reply' && !f.required && ', optional'}</span>${
      side === 'request' && f.required && html`<span class="must">required</span>`
    }</div>
${textOf(schema.description) !== undefined && html`<p>${textOf(schema.description)}</p>`}${limitsOf(schema)}
${inner.length > 0 && fieldList(document, inner, depth + 1, side)}</li>`;
  })}</ul>`;
}

/** The fields inside an object, a list of objects, a map of objects, or the members of a union. */
function innerFields(document: OpenApi, schema: Json): Field[] {
  const own = document.fields(schema);
  if (own.length > 0) return own;
  if (schema.items !== undefined) return innerFields(document, document.schema(schema.items).schema);
  if (isObject(schema.additionalProperties)) return innerFields(document, document.schema(schema.additionalProperties).schema);
  const union = listOf(schema.anyOf ?? schema.oneOf);
  const seen = new Map<string, Field>();
  for (const member of union)
    for (const f of innerFields(document, document.schema(member).schema)) if (!seen.has(f.name)) seen.set(f.name, f);
  return [...seen.values()];
}

function typeOf(document: OpenApi, value: unknown, depth = 0): string {
  const { schema, nullable } = document.schema(value);
  const orNull = nullable ? ' or null' : '';
  if (schema.const !== undefined) return JSON.stringify(schema.const) + orNull;
  if (Array.isArray(schema.enum))
    return schema.enum.length > 12 ? `one of ${schema.enum.length} words${orNull}` : schema.enum.map((v) => String(v)).join(' | ') + orNull;
  const union = listOf(schema.anyOf ?? schema.oneOf);
  if (union.length > 0 && depth < 3) return [...new Set(union.map((s) => typeOf(document, s, depth + 1)))].join(' | ') + orNull;
  if (schema.type === 'array' && depth < 3)
    return `list of ${schema.items === undefined ? 'anything' : typeOf(document, schema.items, depth + 1)}${orNull}`;
  if (
    schema.type === 'object' &&
    isObject(schema.additionalProperties) &&
    Object.keys(schema.additionalProperties).length > 0 &&
    depth < 3
  ) {
    return `map of ${typeOf(document, schema.additionalProperties, depth + 1)}${orNull}`;
  }
  const format = textOf(schema.format);
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (textOf(schema.type) ?? 'anything');
  return (format === undefined ? type : `${type}, ${format}`) + orNull;
}

function limitsOf(schema: Json): Html | undefined {
  const said: string[] = [];
  // Zod writes the safe integers as bounds; they limit nothing anybody types.
  const bound = (name: string) =>
    typeof schema[name] === 'number' && Math.abs(schema[name]) < Number.MAX_SAFE_INTEGER ? schema[name] : undefined;
  if (schema.default !== undefined) said.push(`default ${JSON.stringify(schema.default)}`);
  if (bound('minimum') !== undefined) said.push(`at least ${bound('minimum')}`);
  if (bound('maximum') !== undefined) said.push(`at most ${bound('maximum')}`);
  if (bound('maxLength') !== undefined) said.push(`at most ${bound('maxLength')} characters`);
  if (bound('maxItems') !== undefined) said.push(`at most ${bound('maxItems')} items`);
  return said.length === 0 ? undefined : html`<p>${said.join(', ')}</p>`;
}

function curlOf(document: OpenApi, o: Operation, body: ReturnType<OpenApi['bodyOf']>, needsToken: boolean): string {
  const path = o.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`);
  const query = o.parameters
    .filter((p) => p.in === 'query' && p.required === true)
    .map((p) => `${p.name}=${encodeURIComponent(String(exampleOf(document, p.schema, String(p.name)) ?? ''))}`)
    .join('&');
  const lines = [
    `curl -s${o.method === 'get' ? '' : ` -X ${o.method.toUpperCase()}`} "${document.serverUrl() || '$GRANTWAY'}${path}${query === '' ? '' : `?${query}`}"`,
  ];
  if (needsToken) lines.push('-H "Authorization: Bearer $TOKEN"');
  if (body !== undefined) {
    const example = body.example ?? exampleOf(document, body.schema, '');
    if (body.mediaType === 'application/x-www-form-urlencoded') {
      for (const [name, value] of Object.entries(objectOf(example))) lines.push(`--data-urlencode ${name}=${quoted(String(value))}`);
    } else {
      lines.push(`-H "Content-Type: ${body.mediaType}"`, `-d ${quoted(JSON.stringify(example))}`);
    }
  }
  return lines.join(' \\\n  ');
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A made-up value of the right shape: the schema's own example or default where it has one, required fields otherwise. */
function exampleOf(document: OpenApi, value: unknown, name: string, depth = 0): unknown {
  const { schema } = document.schema(value);
  const given = listOf(schema.examples)[0] ?? schema.example ?? schema.default ?? schema.const ?? listOf(schema.enum)[0];
  if (given !== undefined) return given;
  if (depth > maxDepth) return {};
  const union = listOf(schema.anyOf ?? schema.oneOf);
  if (union.length > 0) return exampleOf(document, union[0], name, depth + 1);
  if (schema.type === 'array') {
    const isNeeded = typeof schema.minItems === 'number' && schema.minItems > 0;
    return isNeeded ? [exampleOf(document, schema.items, name.replace(/s$/, ''), depth + 1)] : [];
  }
  if (schema.type === 'object' || schema.properties !== undefined) {
    const fields = document.fields(schema).filter((f) => f.required || depth === 0);
    const needed = fields.some((f) => f.required) ? fields.filter((f) => f.required) : fields.slice(0, 1);
    return Object.fromEntries(needed.map((f) => [f.name, exampleOf(document, f.schema, f.name, depth + 1)]));
  }
  if (schema.type === 'integer' || schema.type === 'number')
    return typeof schema.minimum === 'number' && schema.minimum > 0 ? schema.minimum : 1;
  if (schema.type === 'boolean') return true;
  return wordFor(name);
}

/** Words a reader recognises, for our nouns. */
function wordFor(name: string): string {
  if (name.endsWith('identifier')) return 'user_123';
  if (name === 'connector' || name.startsWith('connection')) return 'linear';
  if (name.startsWith('config')) return 'first-agent';
  return name === '' ? 'text' : `my-${name.replaceAll('_', '-')}`;
}

/** The whole table: the `type` of every problem document points into it. */
function faultTable(): Html {
  const who = { caller: 'your code', operator: 'the operator', person: 'the person', provider: 'the provider', grantway: 'Grantway' };
  return html`<section class="noun" id="faults"><h2>Faults</h2>
<p class="quiet">Each answer that is not a good one is a problem document (RFC 9457) with one of these in <code>code</code>.</p>
<div class="op"><table class="faults"><thead><tr><th scope="col">Code</th><th scope="col">Means</th><th scope="col">Who acts</th></tr></thead><tbody>
${(Object.keys(faults) as FaultCode[]).map(
  (
    code,
  ) => html`<tr id="fault-${code}"><td><code>${code}</code><br>${faults[code].status}</td><td>${faults[code].title}${faults[code].retry && '. A repeat can help.'}</td><td>${who[faults[code].actor]}</td></tr>
`,
)}</tbody></table></div></section>`;
}

const spelling: Record<string, string> = { mcp: 'MCP', oauth: 'OAuth', api: 'API' };

/** `mcp-configs` -> `MCP configs`. */
function titleOf(noun: string): string {
  const text = noun
    .split(/[-_ ]/)
    .map((word) => spelling[word] ?? word)
    .join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
