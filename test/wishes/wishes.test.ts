import type { Connector, Tool } from '@grantway/connector-kit';
import { loadAllConnectors } from '@grantway/connectors';
import { beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type Measure, measureWishes, type Wish, wishes } from './measure.ts';

let measure: Measure;
beforeAll(async () => {
  measure = measureWishes(wishes, await loadAllConnectors());
});

it('200 wishes are written, each once, in words of a person and not of a tool', () => {
  expect(wishes).toHaveLength(200);
  expect(new Set(wishes.map(({ wish }) => wish)).size).toBe(200);
  for (const { wish, tools } of wishes) {
    expect(tools.length).toBeGreaterThan(0);
    for (const tool of tools) expect(wish.toLowerCase().replaceAll(/\W+/g, '_')).not.toContain(tool);
  }
});

it('what a wish is said to give stands in it word by word', () => {
  for (const { wish, says } of wishes) {
    for (const quote of Object.values(says)) expect(wish.toLowerCase()).toContain(quote.toLowerCase());
  }
});

it('both halves are asked, and what cannot be asked is counted', () => {
  const { tuning, heldOut, both, skipped } = measure;
  expect(tuning.asked + heldOut.asked).toBe(both.asked);
  expect(both.asked + skipped.length).toBe(200);
  expect(Math.min(tuning.asked, heldOut.asked)).toBeGreaterThan(20);
});

// The floors are the goals of the benchmark.
it('the right tool is among the first five for nine wishes of ten, in the half that nobody looked at too', () => {
  const { both, heldOut, answers } = measure;
  const missed = answers.filter(({ place }) => place === undefined).map(({ wish, found }) => ({ wish, found }));
  expect(both.firstFive / both.asked, JSON.stringify(missed)).toBeGreaterThanOrEqual(0.9);
  expect(heldOut.firstFive / heldOut.asked).toBeGreaterThanOrEqual(0.9);
});

it('for nine wishes of ten every required argument is in the wish or comes from a tool that is named', () => {
  const { both, answers } = measure;
  const open = answers.filter(({ unexplained }) => unexplained.length > 0).map(({ wish, unexplained }) => ({ wish, unexplained }));
  expect(both.explained / both.asked, JSON.stringify(open)).toBeGreaterThanOrEqual(0.9);
});

it('a tool that is named explains an argument only where its example has such a value and it can be called itself', async () => {
  const connectors = await loadAllConnectors();
  const post: Wish = { wish: 'say it in #releases: done', tools: ['slack_post_message'], says: { text: 'done' } };
  const without = (change: (tool: Tool) => Tool | undefined) =>
    connectors.map((one) => (one.id === 'slack' ? { ...one, tools: one.tools.flatMap((tool) => change(tool) ?? []) } : one));
  const asked = (catalogue: readonly Connector[]) => measureWishes([post], catalogue).answers[0];
  expect(asked(connectors)?.explained).toEqual({ text: 'wish', channel: 'tool slack_list_channels' });

  const ofList = (change: (tool: Tool) => Tool | undefined) =>
    without((tool) => (tool.name === 'slack_list_channels' ? change(tool) : tool));
  expect(asked(ofList(() => undefined))?.unexplained).toEqual(['channel']);
  const emptied = ofList((tool) => ({
    ...tool,
    examples: tool.examples.map((one) => ({ ...one, gives: { channels: [], next_cursor: null } })),
  }));
  expect(asked(emptied)?.unexplained).toEqual(['channel']);
  const input = z.strictObject({ workspace_id: z.string() });
  const locked = ofList((tool) => ({ ...tool, input, inputSchema: () => z.toJSONSchema(input) }));
  expect(asked(locked)?.unexplained).toEqual(['channel']);
});

it('an argument that nothing explains, and a tool that is not found, are noticed', async () => {
  const connectors = await loadAllConnectors();
  const [odd] = measureWishes([{ wish: 'read the pages of some site', tools: ['exa_crawl'], says: {} }], connectors).answers;
  expect(odd?.unexplained).toEqual(['urls']);
  const [lost] = measureWishes([{ wish: 'qqqq zzzz', tools: ['exa_crawl'], says: { urls: 'qqqq' } }], connectors).answers;
  expect(lost).toMatchObject({ place: undefined, unexplained: [] });
  const [gone] = measureWishes([{ wish: 'x', tools: ['exa_no_such_tool'], says: {} }], connectors).skipped;
  expect(gone?.reason).toBe('no such tool');
});
