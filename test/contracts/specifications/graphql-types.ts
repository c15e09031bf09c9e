/**
 * The schema behind types that graphql-codegen wrote, as SDL. A nullable key is `Maybe`, a field's arguments are the type
 * `<Type><Field>Args` (in whatever capitals), an interface is what types are intersected with.
 */
export function sdlOf(declarations: string): string {
  // A bundler gives a name that is there twice a number.
  const text = declarations.replace(/\/\*\*[\s\S]*?\*\//g, '').replace(/\b([A-Za-z]\w+)\$\d+\b/g, '$1');
  const scalars = [...(/^type Scalars = \{\n([\s\S]*?)^\};/m.exec(text)?.[1] ?? '').matchAll(/^ {2}(\w+): /gm)].map((m) => m[1] as string);
  const shapes = new Map(
    [...text.matchAll(/^type (\w+) = ((?:\w+ & )*)\{\n([\s\S]*?)^\};/gm)]
      // Without the question mark it is the type of a fragment, with one of the schema.
      .filter(([, name, , body]) => name !== 'Scalars' && !/^ {2}__typename: /m.test(body as string))
      .map(([, name, parents, body]) => [
        name as string,
        {
          parents: (parents as string).split(' & ').filter(Boolean),
          isOutput: /^ {2}__typename\?: /m.test(body as string),
          fields: [...(body as string).matchAll(/^ {2}(\w+)\??: (.+);$/gm)]
            .map((m) => ({ name: m[1] as string, type: m[2] as string }))
            .filter(({ name: field }) => field !== '__typename'),
        },
      ]),
  );
  const enums = [...text.matchAll(/^declare enum (\w+) \{([^}]*)\}/gm)].map(
    ([, name, body]) => `enum ${name} { ${[...(body as string).matchAll(/= "(\w+)"/g)].map((m) => m[1]).join(' ')} }`,
  );
  const unions = [...text.matchAll(/^type (\w+) = (\w+(?: \| \w+)+);$/gm)].filter(([, , members]) =>
    (members as string).split(' | ').every((name) => shapes.has(name)),
  );
  const interfaces = new Set([...shapes.values()].flatMap(({ parents }) => parents));
  const isArgs = (name: string) => name.endsWith('Args') && shapes.get(name)?.isOutput === false;
  const argsOf = new Map([...shapes.keys()].filter(isArgs).map((name) => [name.toLowerCase(), name]));

  const fieldsOf = (owner: string, isOutput: boolean) =>
    (shapes.get(owner)?.fields ?? []).map(({ name, type }) => {
      const args = isOutput ? argsOf.get(`${owner}${name}args`.toLowerCase()) : undefined;
      const list = args === undefined ? [] : (shapes.get(args)?.fields ?? []).map((arg) => `${arg.name}: ${typeOf(arg.type)}`);
      return `${name}${list.length === 0 ? '' : `(${list.join(', ')})`}: ${typeOf(type)}`;
    });
  // The package declares other things as well: what the roots lead to is the schema.
  const members = new Map(unions.map(([, name, list]) => [name as string, (list as string).split(' | ')]));
  const reached = new Set<string>();
  const reach = (name: string): void => {
    if (reached.has(name)) return;
    reached.add(name);
    const shape = shapes.get(name);
    const named = [...(shape?.fields ?? []).map(({ type }) => type), ...(members.get(name) ?? []), ...(shape?.parents ?? [])];
    const args = (shape?.fields ?? [])
      .map((field) => argsOf.get(`${name}${field.name}args`.toLowerCase()))
      .filter((found) => found !== undefined);
    for (const text of [...named, ...args])
      for (const word of text.match(/\w+/g) ?? []) if (shapes.has(word) || members.has(word)) reach(word);
    if (interfaces.has(name)) for (const [other, { parents }] of shapes) if (parents.includes(name)) reach(other);
  };
  reach('Query');
  reach('Mutation');
  const types = [...shapes]
    .filter(([name, { fields }]) => reached.has(name) && !isArgs(name) && fields.length > 0)
    .map(([name, { isOutput, parents }]) => {
      const isInterface = interfaces.has(name);
      const word = isInterface ? 'interface' : isOutput ? 'type' : 'input';
      const above = parents.filter((parent) => shapes.has(parent));
      return `${word} ${name}${above.length > 0 && word !== 'input' ? ` implements ${above.join(' & ')}` : ''} {\n  ${fieldsOf(name, word !== 'input').join('\n  ')}\n}`;
    });
  return [
    ...scalars.filter((name) => !['ID', 'String', 'Boolean', 'Int', 'Float'].includes(name)).map((name) => `scalar ${name}`),
    ...enums,
    ...types,
    ...[...members].filter(([name]) => reached.has(name)).map(([name, list]) => `union ${name} = ${list.join(' | ')}`),
  ].join('\n\n');
}

function typeOf(text: string): string {
  const maybe = /^(?:Input)?Maybe<(.+)>$/.exec(text);
  if (maybe) return typeOf(maybe[1] as string).replace(/!$/, '');
  const list = /^Array<(.+)>$/.exec(text);
  if (list) return `[${typeOf(list[1] as string)}]!`;
  return `${/^Scalars\["(\w+)"\]$/.exec(text)?.[1] ?? text}!`;
}
