import type { FastifyBaseLogger } from 'fastify';
import type { Metrics } from './metrics.ts';

/** What is kept of every request, whichever way it is answered: how many are under way, and one line and one observation of each. */
export interface Accounting {
  /** @returns what is called once its answer has left, or cannot leave any more */
  begun(): () => void;
  /** `route`: the pattern, never the URL, which can hold a secret. */
  answered(method: string, route: string, status: number, milliseconds: number, log: Pick<FastifyBaseLogger, 'info'>): void;
  /** Requests whose answer has not left yet, open streams included. */
  underWay(): number;
}

export function createAccounting(metrics: Metrics): Accounting {
  let requests = 0;
  const isOver = () => void requests--;
  return {
    begun() {
      requests++;
      return isOver;
    },
    answered(method, route, status, milliseconds, log) {
      metrics.request(method, route, status, milliseconds / 1000);
      log.info({ method, route, status, duration_ms: Math.round(milliseconds) }, 'request');
    },
    underWay: () => requests,
  };
}
