import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineMatrix } from './matrix.ts';
import { official } from './official.ts';
import { published } from './published/clients.ts';

/** Run by `npm run clients`, which installs the published clients first. */
defineMatrix([...official, ...published], (rows) => {
  writeFileSync(fileURLToPath(new URL('../../.test-report/clients.json', import.meta.url)), JSON.stringify(rows));
});
