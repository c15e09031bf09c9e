import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import granola from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(granola);

const answer = (status: number, body: unknown = {}) => ({ status, headers: {}, body });
const tool = (name: string) => {
  const found = granola.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

describe('granola', () => {
  it('access that the workspace switched off leaves the account connected', () => {
    expect(fault(answer(401))?.kind).toBe('rejected');
    expect(fault(answer(403))?.kind).toBe('error');
  });

  it('a transcript that is too long is refused with the way to read it', () => {
    expect(fault(answer(413))?.message).toContain('granola_note_transcript_get');
  });

  it('only ids of the API are taken, since those of web addresses are others', () => {
    const { input } = tool('granola_note_get');
    expect(input.safeParse({ note_id: 'not_1d3tmYTlCICgjy' }).success).toBe(true);
    for (const note_id of ['6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', 'not_short', 'fol_4y6LduVdwSKC27'])
      expect(input.safeParse({ note_id }).success).toBe(false);
  });

  it('a cursor beside a last page is not followed', () => {
    const body = { notes: [], hasMore: false, cursor: 'stale' };
    expect(tool('granola_notes_list').respond(body, answer(200, body))).toEqual({ notes: [], next_cursor: null });
  });

  it('no tool can make Granola deliver notes to an address of an agent’s choice', () => {
    const taking = granola.tools.filter((t) => t.effect !== 'read' && 'url' in ((t.inputSchema().properties ?? {}) as object));
    expect(taking.map((t) => t.name)).toEqual([]);
  });
});
