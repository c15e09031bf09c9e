import { quirksOf } from '@grantway/sandbox/quirks';
import { loadConnectors } from './connectors.ts';

/** apps/sandbox/QUIRKS.gen.md: what the sandbox plays for each connector that is authorized in a way of its own. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  const rows = (await loadConnectors())
    .map((connector) => [connector.name, quirksOf(connector).map(([, words]) => words)] as const)
    .filter(([, words]) => words.length > 0)
    .map(([name, words]) => `| ${name} | ${words.join('<br>')} |`);
  const content = `<!-- Generated from the connectors by: npm run gen -->

# Quirks

What the sandbox plays of each vendor's way to authorize. Each line is a declared value of the connector, and a test of its own
(\`src/quirks.test.ts\`).

| connector | as declared, and played |
|---|---|
${rows.join('\n')}
`;
  return [{ path: 'apps/sandbox/QUIRKS.gen.md', content }];
}
