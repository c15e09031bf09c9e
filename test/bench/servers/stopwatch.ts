import type { Modules } from '@grantway/core';

/** Microseconds for each request, by phase; what is in none of them is the difference to the whole. */
export interface Phases {
  requests: number;
  wholeMicros: number;
  phases: { phase: string; micros: number }[];
}

/** Requests that were answered since the start, and how long that took, by the broker's own metrics. */
export interface Answered {
  requests: number;
  ms: number;
}

export interface Stopwatch {
  start(): Promise<void>;
  stop(): Promise<Phases>;
}

// biome-ignore lint/suspicious/noExplicitAny: any method of any module
type Methods = Record<string, (...args: any[]) => any>;

/**
 * Elapsed time by phase, while one request is served at a time: the modules' own functions are replaced by ones that look at
 * the clock. Of phases within phases the outer one counts.
 */
export function createStopwatch(modules: Modules, answered: () => Promise<Answered>): Stopwatch {
  let isOn = false;
  let before: Answered = { requests: 0, ms: 0 };
  let within = 0;
  const phases = new Map<string, number>();

  function time(target: object, method: string, phaseOf: (...args: never[]) => string | undefined): void {
    const methods = target as Methods;
    const original = methods[method];
    if (original === undefined) return;
    methods[method] = function timed(this: unknown, ...args: unknown[]) {
      const phase = isOn && within === 0 ? phaseOf(...(args as never[])) : undefined;
      if (phase === undefined) return original.apply(this, args);
      const began = performance.now();
      within++;
      const end = () => {
        within--;
        phases.set(phase, (phases.get(phase) ?? 0) + performance.now() - began);
      };
      let answer: unknown;
      try {
        answer = original.apply(this, args);
      } catch (error) {
        end();
        throw error;
      }
      if (answer instanceof Promise) return answer.finally(end);
      end();
      return answer;
    };
  }

  const always = (phase: string) => () => phase;
  const looked = 'authentication: the instance, its config and policy';
  time(modules.db.system('open MCP instance'), 'query', ({ name }: { name: string }) => (/\binstance\b/.test(name) ? looked : undefined));
  time(modules.sealing, 'isDerived', always('authentication: the secret'));
  time(modules.db, 'inEnvironment', always('the account: a transaction of its own'));
  time(modules.leases, 'ofDefault', always('the account and its sealed credential: one query'));
  time(modules.leases, 'lease', always('lease: its query, and the vault opens'));
  time(modules.sealing, 'openNow', always('the vault opens the credential'));
  time(modules.toolCallLog, 'intend', always('audit: the row of the intent'));
  time(modules.egress, 'call', always('the hop to the provider'));
  time(modules.toolCallLog, 'write', always('audit: the row with the outcome, durable'));

  return {
    async start() {
      before = await answered();
      phases.clear();
      isOn = true;
    },
    async stop() {
      isOn = false;
      const after = await answered();
      const requests = after.requests - before.requests;
      const micros = (ms: number) => (ms * 1000) / Math.max(1, requests);
      const wholeMicros = micros(after.ms - before.ms);
      const named = [...phases].map(([phase, ms]) => ({ phase, micros: micros(ms) }));
      const rest = wholeMicros - named.reduce((sum, one) => sum + one.micros, 0);
      return { requests, wholeMicros, phases: [...named, { phase: 'the rest: JSON-RPC, policy, argument check, answer', micros: rest }] };
    },
  };
}
