import { registry } from '@grantway/connectors';
import { expect, it } from 'vitest';
import { measureCatalogue } from '../measures/catalogue.ts';

it('a process that starts loads no connector, one that uses a connector loads that one', async () => {
  const stages = await measureCatalogue();
  expect(stages.map(({ what, loaded }) => [what, loaded])).toEqual([
    ['start', []],
    ['one connector', ['linear']],
    ['all connectors', Object.keys(registry).filter((id) => id !== 'linear')],
  ]);
}, 60_000);
