import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type FaultCode, faults } from '@grantway/contract';
import { expect, it } from 'vitest';
import { errorPage, words } from './error-page.ts';

const packages = fileURLToPath(new URL('../../../../packages/', import.meta.url));

it('every fault that a consent can end in has words of its own', () => {
  const sources = [
    ...['consent', 'lookup', 'choose'].map((noun) => `${packages}core/src/${noun}.ts`),
    ...['oauth', 'egress'].flatMap((p) =>
      readdirSync(`${packages}${p}/src`)
        .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
        .map((f) => `${packages}${p}/src/${f}`),
    ),
  ];
  const thrown = new Set(
    sources.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\bFault\('([a-z_]+)'/g)].map(([, code]) => code as FaultCode)),
  );
  expect(thrown.size).toBeGreaterThan(8);
  expect([...thrown].filter((code) => words[code] === undefined)).toEqual([]);
});

it('every fault of ours about links, consent and keys has a title, a sentence and what to do next', () => {
  const ofPeople = (Object.keys(faults) as FaultCode[]).filter((c) =>
    /^(link|consent|form|key|state|account)_|^(wrong_browser|issuer_mismatch)$/.test(c),
  );
  for (const code of ofPeople) {
    const said = words[code];
    expect(
      [said?.title, said?.text, said?.next].every((t) => t !== undefined && t.length > 10),
      code,
    ).toBe(true);
  }
});

it('a fault nobody foresaw on a page says no more than a request id', () => {
  const page = errorPage({ code: 'name_taken' }, { requestId: 'req_x' });
  expect(page).toContain('Something went wrong on our side');
  expect(page).toContain('req_x');
  expect(page).not.toContain(faults.name_taken.title);
});
