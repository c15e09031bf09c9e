import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import phantombuster from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(phantombuster);

const answer = (status: number, body: unknown) => ({ status, headers: {}, body });
const tool = (name: string) => {
  const found = phantombuster.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};

describe('phantombuster', () => {
  it('a state that forbids the call leaves the account connected', () => {
    expect(fault(answer(412, { status: 'error', error: 'Agent is already running' }))).toEqual({
      kind: 'error',
      message: 'PhantomBuster: Agent is already running',
    });
    expect(fault(answer(403, { status: 'error', error: 'Not in your plan' }))?.kind).toBe('error');
  });

  it('the oldest end is where the next page goes on, and only where there is more', () => {
    const { respond, input, request } = tool('phantombuster_containers_fetch_all');
    const body = { maxLimitReached: true, containers: [{ id: 'a', endedAt: 2000 }, { id: 'b', endedAt: 1000 }, { id: 'c' }] };
    expect(respond(body, answer(200, body))).toMatchObject({ next_cursor: '1000' });
    expect(respond({ ...body, maxLimitReached: false }, answer(200, body))).toMatchObject({ next_cursor: null });
    const next = request(input.parse({ agentId: '1', cursor: '1000' }) as Record<string, unknown>);
    expect(next.query).toEqual({ agentId: '1', limit: 20, beforeEndedAt: '1000' });
  });

  it('leads are counted on until all were given, or until a page is not full', () => {
    const { respond, input, request } = tool('phantombuster_list_leads_fetch');
    const asked = request(input.parse({ listId: '1', limit: 2, cursor: '4' }) as Record<string, unknown>);
    expect(asked.json).toEqual({ paginationOptions: { paginationSize: 2, paginationOffset: 4, includeTotalCount: true } });
    const next = (body: { leads: unknown[]; totalCount?: number }) => respond(body, answer(200, body), asked);
    expect(next({ leads: [{}, {}], totalCount: 7 })).toMatchObject({ next_cursor: '6' });
    expect(next({ leads: [{}, {}], totalCount: 6 })).toMatchObject({ next_cursor: null });
    expect(next({ leads: [{}, {}] })).toMatchObject({ next_cursor: '6' });
    expect(next({ leads: [{}] })).toMatchObject({ next_cursor: null });
  });

  it('of a long log the end is shown', () => {
    const { respond } = tool('phantombuster_container_fetch_output');
    const body = { output: `${'x'.repeat(30_000)}the end` };
    const { output, truncated } = respond(body, answer(200, body)) as { output: string; truncated: boolean };
    expect(output.endsWith('the end')).toBe(true);
    expect(truncated).toBe(true);
  });

  it('launches and saved leads say that they change something', () => {
    expect(phantombuster.tools.filter((t) => t.effect !== 'read').map((t) => t.name)).toEqual([
      'phantombuster_agent_launch',
      'phantombuster_agent_launch_soon',
      'phantombuster_agent_stop',
      'phantombuster_leads_save',
    ]);
  });
});
