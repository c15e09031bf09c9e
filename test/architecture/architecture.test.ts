import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Import, importsOf, linesOf, type Token, tokenize } from './tokens.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Who may import whom: the whole of it. A workspace that is not listed here does not exist. */
const mayImport: Record<string, readonly string[]> = {
  contract: [],
  'connector-kit': ['contract'],
  connectors: ['connector-kit'],
  egress: ['contract', 'connector-kit'],
  // A protocol and nothing else: whoever uses it brings the way out.
  'mcp-client': [],
  oauth: ['contract', 'connector-kit', 'egress'],
  db: ['contract'],
  vault: ['contract', 'connector-kit', 'db', 'egress', 'oauth'],
  core: ['contract', 'connector-kit', 'db', 'egress', 'mcp-client', 'oauth', 'vault'],
  // The stand-ins for vendors are made of the connectors' own words, and know nothing of the broker.
  sandbox: ['contract', 'connector-kit', 'connectors'],
  broker: ['contract', 'connector-kit', 'connectors', 'core', 'db', 'egress', 'mcp-client', 'oauth', 'sandbox', 'vault'],
};

/** Outside libraries and their homes. */
const homes: Record<string, readonly string[]> = {
  zod: ['contract', 'connector-kit', 'connectors', 'broker'],
  undici: ['egress'],
  'ipaddr.js': ['egress'],
  'openid-client': ['oauth'],
  jose: ['oauth', 'vault'],
  'drizzle-orm': ['db', 'core', 'vault', 'broker'],
  pg: ['db'],
  fastify: ['broker', 'sandbox'],
  '@fastify/cookie': ['broker'],
  '@fastify/formbody': ['broker', 'sandbox'],
  bullmq: ['broker'],
  ioredis: ['broker'],
  pino: ['broker'],
  'prom-client': ['broker'],
  'oidc-provider': ['sandbox'],
  // The kit's own suite, for connectors' tests.
  vitest: ['connector-kit'],
};

interface SourceFile {
  file: string;
  workspace: string;
  tokens: Token[];
  imports: Import[];
}

const workspaceFolders: Record<string, string> = {
  ...Object.fromEntries(
    ['contract', 'connector-kit', 'egress', 'mcp-client', 'oauth', 'db', 'vault', 'core'].map((name) => [name, `packages/${name}/src`]),
  ),
  connectors: 'connectors',
  sandbox: 'apps/sandbox/src',
  broker: 'apps/broker/src',
};

function sourcesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const at = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourcesBelow(at);
    return entry.name.endsWith('.ts') ? [at] : [];
  });
}

const isTest = (file: string) => file.endsWith('.test.ts') || /\/(testing|fixtures)\//.test(file);

const files: SourceFile[] = Object.entries(workspaceFolders).flatMap(([workspace, folder]) =>
  sourcesBelow(folder).map((file) => {
    const tokens = tokenize(readFileSync(path.join(root, file), 'utf8'));
    return { file, workspace, tokens, imports: importsOf(tokens) };
  }),
);
const product = files.filter(({ file }) => !isTest(file));

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

describe('who may import whom', () => {
  it('every workspace of the tree is under the rule', () => {
    const found = [...readdirSync(path.join(root, 'packages')), ...readdirSync(path.join(root, 'apps'))].sort();
    expect(found).toEqual(
      Object.keys(mayImport)
        .filter((name) => name !== 'connectors')
        .sort(),
    );
    for (const { workspace } of files) expect(Object.keys(mayImport)).toContain(workspace);
  });

  it('no import goes upward', () => {
    const wrong = product.flatMap(({ file, workspace, imports }) =>
      imports
        .filter(({ specifier }) => specifier.startsWith('@grantway/'))
        .filter(({ specifier }) => !(mayImport[workspace] as readonly string[]).includes(packageOf(specifier).slice('@grantway/'.length)))
        .map(({ specifier, line }) => `${file}:${line} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('relative imports stay inside their workspace, a connector’s inside its folder', () => {
    const wrong = files.flatMap(({ file, workspace, imports }) =>
      imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => {
          const target = path.posix.join(path.posix.dirname(file), specifier);
          const home =
            workspace === 'connectors' && file.split('/').length > 2
              ? file.split('/').slice(0, 2).join('/')
              : (workspaceFolders[workspace] as string);
          return !target.startsWith(`${home}/`) && !(isTest(file) && target.startsWith(home.replace(/\/src$/, '')));
        })
        .map(({ specifier, line }) => `${file}:${line} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('every outside library stays in its home', () => {
    const wrong = product.flatMap(({ file, workspace, imports }) =>
      imports
        .filter(({ specifier }) => !/^(\.|node:|@grantway\/)/.test(specifier))
        .filter(({ specifier }) => !(homes[packageOf(specifier)] ?? []).includes(workspace))
        .map(({ specifier, line }) => `${file}:${line} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('only worker.ts knows BullMQ, and only the gateway’s tests know an MCP SDK', () => {
    const users = product.filter(({ imports }) => imports.some(({ specifier }) => specifier === 'bullmq')).map(({ file }) => file);
    expect(users).toEqual(['apps/broker/src/jobs/worker.ts']);
    const sdk = product.filter(({ imports }) => imports.some(({ specifier }) => specifier.startsWith('@modelcontextprotocol/')));
    expect(sdk.map(({ file }) => file)).toEqual([]);
  });

  it('no file is imported in a circle', () => {
    const graph = new Map(
      product.map(({ file, imports }) => [
        file,
        imports
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => path.posix.join(path.posix.dirname(file), specifier)),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: string[]) => {
      if (trail.includes(file)) {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
    expect(circles).toEqual([]);
  });
});

/** Words of code and the files that may hold them. A secret is sealed except in a few named files. */
const words: { sequence: string[]; homes: RegExp; why: string }[] = [
  { sequence: ['process', '.', 'env'], homes: /^apps\/(broker\/src\/config|sandbox\/src\/main)\.ts$/, why: 'configuration has one reader' },
  { sequence: ['fetch', '('], homes: /^apps\/sandbox\/src\/person\.ts$/, why: 'egress is the only door to the network' },
  {
    sequence: ['reveal', '('],
    homes:
      /^(packages\/vault\/src\/(sealing|master-key|webhook-signing|read-out|key-services\/[\w-]+)\.ts|packages\/oauth\/src\/(client-authentication|secret-requests)\.ts|packages\/egress\/src\/placement\/[\w-]+\.ts|apps\/broker\/src\/(deps|master-keys|keys-command)\.ts|packages\/contract\/src\/secret\.ts)$/,
    why: 'a secret is sealed except in a few named files',
  },
  {
    sequence: ['reveal', '<'],
    homes: /^(packages\/oauth\/src\/client-authentication\.ts|packages\/contract\/src\/secret\.ts)$/,
    why: 'a secret is sealed except in a few named files',
  },
  { sequence: ['console', '.'], homes: /^$/, why: 'logs have one form' },
  { sequence: ['eval', '('], homes: /^$/, why: 'data is never code' },
  { sequence: ['new', 'Function', '('], homes: /^$/, why: 'data is never code' },
];

describe('words that have one home', () => {
  it.each(words.map((word) => [word.sequence.join(' '), word] as const))('%s', (_name, { sequence, homes: allowed, why }) => {
    const wrong = product.flatMap(({ file, tokens }) =>
      allowed.test(file) ? [] : linesOf(tokens, sequence).map((line) => `${file}:${line}: ${sequence.join('')} (${why})`),
    );
    expect(wrong).toEqual([]);
  });

  // Not even imported: another name for it would get past a look at calls.
  it.each(['createCipheriv', 'createDecipheriv', 'Cipheriv', 'Decipheriv', 'subtle', 'webcrypto'])(
    'C11: %s: one construction, in one place',
    (word) => {
      const wrong = product
        .filter(({ file }) => file !== 'packages/vault/src/record.ts')
        .flatMap(({ file, tokens }) => linesOf(tokens, [word]).map((line) => `${file}:${line}`));
      expect(wrong).toEqual([]);
    },
  );

  it('HTTP clients of Node are used by egress only', () => {
    const wrong = product
      .filter(({ file, workspace }) => workspace !== 'egress' && !file.startsWith('apps/sandbox/'))
      .flatMap(({ file, imports }) =>
        imports
          .filter(({ specifier, typeOnly }) => !typeOnly && /^node:(https?|http2|net|tls)$/.test(specifier))
          .map((i) => `${file}:${i.line} ${i.specifier}`),
      )
      // A probe for a free port sends nothing.
      .filter((use) => !/^packages\/db\/src\/embedded-postgres\.ts:\d+ node:net$/.test(use));
    expect(wrong).toEqual([]);
  });

  it('no file or folder is a drawer', () => {
    const drawers = files
      .map(({ file }) => file)
      .filter((file) => /(^|\/|-)(utils?|helpers?|common|shared|misc|manager)(\.|\/|-)/i.test(file));
    expect(drawers).toEqual([]);
  });
});

describe('the tokenizer behind these rules', () => {
  it('knows code from comments, strings, templates and regular expressions', () => {
    const source = [
      "const a = 'process.env'; // process.env",
      '/* fetch( */ const b = /fetch\\(/;',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is source text under test
      'const c = `text process.env ${process.env.X} more`;',
      "import x from 'undici';",
      "const y = await import('pg');",
    ].join('\n');
    const tokens = tokenize(source);
    expect(linesOf(tokens, ['process', '.', 'env'])).toEqual([3]);
    expect(linesOf(tokens, ['fetch', '('])).toEqual([]);
    expect(importsOf(tokens).map((i) => i.specifier)).toEqual(['undici', 'pg']);
  });
});
