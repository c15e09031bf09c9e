import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Schema } from '../description.ts';
import { cache, folder, load } from '../outside.ts';

interface Generator {
  createGenerator(config: Record<string, unknown>): { createSchema(type: string): { definitions?: Record<string, Schema> } };
}

export interface TypeName {
  /** The module that exports it; a path where the package exports it to nobody. */
  from: string;
  /** An expression over `m`, the module: `m.ChatPostMessageArguments`. */
  type: string;
}

/** JSON Schema of TypeScript types that a package publishes, kept beside the packages, since a compiler takes seconds for it. */
export function schemasOfTypes(types: Record<string, TypeName>, version: string): { definitions: Record<string, Schema> } {
  const from = [...new Set(Object.values(types).map((type) => type.from))];
  const source = [
    ...from.map((name, i) => `import type * as m${i} from '${name}';`),
    ...Object.entries(types).map(
      ([name, { from: module, type }]) => `export type ${name} = ${type.replace(/\bm\./g, `m${from.indexOf(module)}.`)};`,
    ),
  ].join('\n');
  const key = createHash('sha256').update(`2 ${version}`).update(source).digest('hex').slice(0, 24);
  const kept = path.join(cache, `types-${key}.json`);
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8'));
  mkdirSync(cache, { recursive: true });
  // Beside the packages, where the compiler looks for them.
  const entry = path.join(folder, 'node_modules', `.types-${key}.ts`);
  const config = path.join(folder, 'node_modules', `.types-${key}.json`);
  writeFileSync(entry, source);
  writeFileSync(
    config,
    JSON.stringify({
      compilerOptions: {
        strict: true,
        skipLibCheck: true,
        module: 'nodenext',
        moduleResolution: 'nodenext',
        target: 'es2022',
        types: [],
        allowImportingTsExtensions: true,
        noEmit: true,
      },
      files: [entry],
    }),
  );
  try {
    const generator = load<Generator>('ts-json-schema-generator').createGenerator({
      path: entry,
      tsconfig: config,
      expose: 'all',
      topRef: true,
      jsDoc: 'none',
      skipTypeCheck: true,
      additionalProperties: false,
      functions: 'hide',
    });
    const definitions: Record<string, Schema> = {};
    for (const [name, { from: module, type }] of Object.entries(types)) {
      try {
        // Two modules may have types of one name: each type that was asked for keeps its own.
        const own = JSON.stringify(generator.createSchema(name).definitions ?? {}).replaceAll(
          '"$ref":"#/definitions/',
          `"$ref":"#/definitions/${name}:`,
        );
        for (const [key, schema] of Object.entries(JSON.parse(own) as Record<string, Schema>))
          definitions[key === name ? name : `${name}:${key}`] = schema;
      } catch (error) {
        throw new Error(`${module}: ${type} cannot be read: ${deepest(error)}`);
      }
    }
    writeFileSync(kept, JSON.stringify({ definitions }));
    return { definitions };
  } finally {
    rmSync(entry, { force: true });
    rmSync(config, { force: true });
  }
}

/** The generator's errors carry whole syntax trees: their words alone, down to the first cause. */
function deepest(error: unknown): string {
  const { message, cause } = error as Error;
  return cause === undefined ? message : `${message} ${deepest(cause)}`;
}
