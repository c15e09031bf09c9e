import { startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { catalogue, questions } from './definitions.ts';
import { measureToolSearch } from './measure.ts';
import { startCatalogue } from './server.ts';

let broker: TestBroker;
let servers: Awaited<ReturnType<typeof startCatalogue>>;

beforeAll(async () => {
  servers = await startCatalogue();
  broker = await startBroker({ allowHosts: [new URL(servers.url).host] });
});
afterAll(async () => {
  await broker?.close();
  await servers?.close();
});

it('200 questions are asked of 500 tools, each with an answer among them', () => {
  const names = new Set(catalogue.flatMap(({ connection, tools }) => tools.map(({ name }) => `${connection}_${name}`)));
  const asked = [...questions.tuning, ...questions.held_out];
  expect([names.size, questions.tuning.length, questions.held_out.length]).toEqual([500, 100, 100]);
  expect(new Set(asked.map(({ question }) => question)).size).toBe(200);
  for (const { question, tools } of asked) {
    for (const tool of tools) {
      expect(names).toContain(tool);
      // A question that repeats the tool's name proves nothing.
      expect(question.toLowerCase().replaceAll(/\W+/g, '_')).not.toContain(tool);
    }
  }
});

// The floor is what was committed: a change of the ranking may raise it.
it('the right tool is among the first five for nine questions of ten, and the list of tools is a hundredth', async () => {
  const measure = await measureToolSearch(broker, servers.url);
  expect(measure.tools).toBe(500);
  expect(measure.bytes.search * 100).toBeLessThan(measure.bytes.all);
  expect(measure.tuning.firstFive).toBeGreaterThanOrEqual(96);
  expect(measure.heldOut.firstFive).toBeGreaterThanOrEqual(93);
  expect(measure.unnamed.firstFive).toBeGreaterThanOrEqual(51);
  expect(measure.tuning.first + measure.heldOut.first).toBeGreaterThanOrEqual(147);
}, 120_000);
