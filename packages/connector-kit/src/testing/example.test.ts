import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import example from './example.ts';
import { connectorSuite } from './index.ts';

connectorSuite(example);

it('the author’s guide shows this connector, word for word', async () => {
  const guide = await readFile(join(import.meta.dirname, '../../../../connectors/README.md'), 'utf8');
  const source = await readFile(join(import.meta.dirname, 'example.ts'), 'utf8');
  expect(guide).toContain(`\`\`\`ts\n${source}\`\`\``);
});
