import { load } from '../outside.ts';
import { keysIn, type Mutant, other, type Specification, type Verdict } from '../specification.ts';
import { isObject, type Problem, type WireRequest } from '../validate.ts';

interface Node {
  kind: string;
  name?: { value: string };
  value?: unknown;
  operation?: string;
  variableDefinitions?: Node[];
  selectionSet?: { selections: Node[] };
  arguments?: Node[];
  typeCondition?: Node;
}

interface Type {
  name?: string;
  ofType?: Type;
  getFields?(): Record<string, { type: Type; args?: { name: string; type: Type }[] }>;
  getValues?(): { value: unknown }[];
  getTypes?(): Type[];
}

interface Schema {
  getQueryType(): Type;
  getMutationType(): Type | undefined;
  getPossibleTypes(type: Type): Type[];
  getTypeMap(): Record<string, Type>;
}

interface GraphQL {
  buildSchema(sdl: string, options: { assumeValidSDL: boolean }): Schema;
  parse(text: string): { definitions: Node[] };
  print(node: unknown): string;
  validate(schema: Schema, document: unknown): { message: string }[];
  getVariableValues(schema: Schema, definitions: Node[], values: unknown): { errors?: { message: string }[] };
  visit(node: unknown, visitor: Record<string, (node: Node) => unknown>): unknown;
  isNonNullType(type: Type): boolean;
  isListType(type: Type): boolean;
  isAbstractType(type: Type): boolean;
  isEnumType(type: Type): boolean;
}

/** A vendor's GraphQL schema: documents are validated against it, variables held against the types of the inputs. */
export function graphqlSpecification(sdl: string, path: string): Specification {
  const g = load<GraphQL>('graphql');
  const schema = g.buildSchema(sdl, { assumeValidSDL: true });
  const roots = () => ({ ...schema.getQueryType().getFields?.(), ...schema.getMutationType()?.getFields?.() });

  const judge = (request: WireRequest): Verdict => {
    const problems: Problem[] = [];
    const say = (at: string, message: string) => problems.push({ at, message });
    if (request.method !== 'POST' || request.path !== path) say('path', `no operation ${request.method} ${request.path}`);
    if (request.contentType !== 'application/json') say('content-type', `${request.contentType}`);
    for (const [name] of request.query) say(`query.${name}`, 'is no parameter of the operation');
    const { query, variables = {}, ...others } = (isObject(request.body) ? request.body : {}) as { query?: string; variables?: unknown };
    for (const key of Object.keys(others)) if (key !== 'operationName') say(`body.${key}`, 'is no key of a GraphQL request');
    let operation: string | undefined;
    try {
      const document = g.parse(query ?? '');
      for (const { message } of g.validate(schema, document)) say('body.query', message);
      const main = document.definitions.find(({ kind }) => kind === 'OperationDefinition');
      operation = main?.selectionSet?.selections[0]?.name?.value;
      const declared = main?.variableDefinitions ?? [];
      for (const { message } of g.getVariableValues(schema, declared, variables).errors ?? []) say('body.variables', message);
      const names = new Set(declared.map((definition) => (definition as { variable?: Node }).variable?.name?.value));
      for (const key of Object.keys(isObject(variables) ? variables : {}))
        if (!names.has(key)) say(`body.variables.${key}`, 'is not declared');
    } catch (error) {
      say('body.query', (error as Error).message);
    }
    return { operation, problems };
  };

  return {
    has: (name) => Object.hasOwn(roots(), name.replace(/^(Query|Mutation)\./, '')),
    covers: (request) => request.method === 'POST' && request.path === path,
    judge,
    mutants: (request) => [
      ...keysIn(request.body, 'body').map(({ at, key, changed }) => ({ at, key, request: { ...request, body: changed } })),
      ...documentMutants(g, request),
    ],
    answers: (request, count, { present }) => answersTo(g, schema, (request.body as { query: string }).query, count, present),
    outline: () =>
      new Map(
        Object.entries(roots()).map(([name, field]) => [
          name,
          JSON.stringify([String(field.type), (field.args ?? []).map((arg) => `${arg.name}: ${arg.type}`)]),
        ]),
      ),
  };
}

/** The document with one field, argument or key of an input renamed; each name once. */
function documentMutants(g: GraphQL, request: WireRequest): Mutant[] {
  const { query } = request.body as { query: string };
  const places: { at: string; node: Node }[] = [];
  const note = (node: Node) => {
    places.push({ at: `document.${node.kind}.${node.name?.value}`, node });
  };
  const document = g.parse(query);
  g.visit(document, { Field: note, Argument: note, ObjectField: note });
  return places.map(({ at, node }) => {
    const changed = g.visit(document, {
      [node.kind]: (one: Node) => (one === node ? { ...one, name: { ...one.name, value: other(one.name?.value ?? '') } } : undefined),
    });
    return { at, key: node.name?.value ?? '', request: { ...request, body: { ...(request.body as object), query: g.print(changed) } } };
  });
}

/** What a server with this schema could answer: lists of none to three, nullable values now and then null. */
function answersTo(g: GraphQL, schema: Schema, query: string, count: number, present: RegExp | undefined): unknown[] {
  const document = g.parse(query);
  const main = document.definitions.find(({ kind }) => kind === 'OperationDefinition');
  const fragments = new Map(document.definitions.filter(({ kind }) => kind === 'FragmentDefinition').map((f) => [f.name?.value, f]));
  const root = main?.operation === 'mutation' ? schema.getMutationType() : schema.getQueryType();
  let state = 20251121;
  const random = (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  const selected = (type: Type, node: { selectionSet?: { selections: Node[] } }): Record<string, unknown> =>
    Object.fromEntries(
      (node.selectionSet?.selections ?? []).flatMap((selection): [string, unknown][] => {
        if (selection.kind !== 'Field') {
          const fragment = selection.kind === 'InlineFragment' ? selection : fragments.get(selection.name?.value);
          const condition = fragment?.typeCondition?.name?.value;
          return condition === undefined || condition === type.name ? Object.entries(selected(type, fragment ?? {})) : [];
        }
        const name = selection.name?.value ?? '';
        const key = (selection as { alias?: { value: string } }).alias?.value ?? name;
        if (name === '__typename') return [[key, type.name]];
        const field = type.getFields?.()[name];
        return field === undefined ? [] : [[key, answerFor(field.type, name, selection)]];
      }),
    );
  const answerFor = (type: Type, name: string, node: Node, mayBeNull = true): unknown => {
    if (g.isNonNullType(type)) return answerFor(type.ofType as Type, name, node, false);
    if (mayBeNull && present?.test(name) !== true && random(4) === 0) return null;
    if (g.isListType(type)) return Array.from({ length: random(4) }, () => answerFor(type.ofType as Type, name, node));
    if (g.isEnumType(type)) return type.getValues?.()[random(type.getValues().length)]?.value;
    if (g.isAbstractType(type)) {
      const possible = schema.getPossibleTypes(type);
      return selected(possible[random(possible.length)] as Type, node);
    }
    if (type.getFields !== undefined) return selected(type, node);
    if (type.name === 'Boolean') return random(2) === 0;
    if (type.name === 'Int' || type.name === 'Float') return random(5);
    if (type.name === 'DateTime') return '2025-11-21T10:01:12.482Z';
    if (type.name === 'TimelessDate') return '2025-11-21';
    if (/JSON/.test(type.name ?? '')) return {};
    return `${name}-${random(1000)}`;
  };
  return Array.from({ length: count }, () => ({ data: selected(root as Type, main ?? {}) }));
}
