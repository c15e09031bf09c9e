import { z } from 'zod';

/** The vendor publishes no machine-readable description; its reference names every endpoint. */
export const from = (operation: string) => ({ specification: 'PhantomBuster API reference', version: 'v2', operation });

export const agentId = z.string().min(1).max(64).describe('Phantom’s id from phantombuster_agents_fetch_all');
export const containerId = z
  .string()
  .min(1)
  .max(64)
  .describe('Id of the run, from phantombuster_agent_launch or phantombuster_containers_fetch_all');

/** PhantomBuster counts milliseconds since the epoch. */
export function isoOf(moment: number | string | null | undefined): string | null {
  if (moment === null || moment === undefined || moment === '') return null;
  const at = new Date(moment);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** The end of a text: what a log said last. */
export function lastOf(text: string | null | undefined, most: number): { text: string | null; truncated: boolean } {
  if (typeof text !== 'string') return { text: null, truncated: false };
  return text.length > most ? { text: text.slice(-most), truncated: true } : { text, truncated: false };
}
