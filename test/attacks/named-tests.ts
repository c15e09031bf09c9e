import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** "A05: ...", "A14, A19: ...": how the name of a test, or of the tests around it, begins. */
const leading = '[A-G]\\d{2}(?:, [A-G]\\d{2})*(?=: )';

/** The ids that a title begins with. */
export const idsOf = (title: string): string[] => new RegExp(`^${leading}`).exec(title)?.[0].split(', ') ?? [];

/** What vitest's `-t` takes: it joins the titles of a test with spaces. */
export const namePattern = (ids?: readonly string[]): string =>
  ids === undefined ? '(^| )[A-G]\\d{2}(, [A-G]\\d{2})*: ' : `(^| )([A-G]\\d{2}, )*(${ids.join('|')})(, [A-G]\\d{2})*: `;

function testFilesBelow(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const at = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['node_modules', 'dist'].includes(entry.name) ? [] : testFilesBelow(at);
    return entry.name.endsWith('.test.ts') ? [at] : [];
  });
}

/** id -> files with a title that begins with it, without running anything. */
export function namedTests(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  // A title is a literal that begins so; nothing else in a test does.
  const literal = new RegExp(`['"\`](${leading})`, 'g');
  for (const file of ['apps', 'packages', 'connectors', 'infra', 'test'].flatMap(testFilesBelow)) {
    if (file === 'test/attacks/completeness.test.ts') continue;
    for (const [, ids = ''] of readFileSync(path.join(root, file), 'utf8').matchAll(literal)) {
      for (const id of ids.split(', ')) {
        const files = found.get(id) ?? [];
        if (!files.includes(file)) files.push(file);
        found.set(id, files);
      }
    }
  }
  return found;
}
