/**
 * `npm run new connector <id> [--auth oauth2|api_key|bearer|basic]`: a folder below connectors/ that the suite takes as it is, of a
 * vendor that does not exist. What must be filled in is listed at the end.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type AuthKind, authKinds, scaffold } from './scaffold.ts';

const usage = `usage: npm run new connector <id> [-- --auth ${authKinds.join('|')}]`;
const { positionals, values } = parseArgs({ allowPositionals: true, options: { auth: { type: 'string', default: 'oauth2' } } });
const [what, id] = positionals;

const say = (line: string) => void process.stdout.write(`${line}\n`);
function refuse(problem: string): never {
  say(`${problem}\n${usage}`);
  process.exit(1);
}

if (what !== 'connector' || id === undefined) refuse('name the connector');
if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(id) || id.length > 31)
  refuse(`${id} is no id: small letters, digits and single hyphens, 2 to 31`);
if (!authKinds.includes(values.auth as AuthKind)) refuse(`there is no template for the auth kind ${values.auth}`);
const folder = join(import.meta.dirname, '..', '..', 'connectors', id);
if (existsSync(folder)) refuse(`connectors/${id} is there already`);

await mkdir(folder);
for (const [name, content] of Object.entries(scaffold(id, values.auth as AuthKind))) {
  await writeFile(join(folder, name), content);
  say(`wrote connectors/${id}/${name}`);
}
say(`
Now fill in, in connectors/${id}:
  connector.ts    name, description, docs, addresses, scopes or fields, identify, refusals (the vendor's documented bodies)
  items.ts        the first tool, and more of them; one file to each noun
  README.md       how an operator registers the app
  logo.svg        a mark of your own
then: npx vitest run connectors/${id}, npm run gen, npm run check. The rules: connectors/README.md`);
