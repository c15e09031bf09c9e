import { type Changes, type Database, grouped, type Mark } from '@grantway/db';

/**
 * What a call was prepared with and has not been confirmed yet: rows that were read a moment ago. The statement that writes the
 * intent confirms them (`Database.fenced`); nothing is sent, and no fault is told, before nothing was heard of a change to them.
 */
export interface Expected {
  /** All that the instance was made of; null: it was read for this very request. */
  instance: Mark | null;
  account: Mark | null;
}

/** What is not as it was expected. Whoever asked reads it, and begins again. */
export type Outdated = 'instance' | 'account';

/** Nothing was sent and no row is left: the call is begun again with what the database says now. */
export class OutdatedInstance extends Error {
  constructor() {
    super('the instance is not as it was remembered');
    this.name = 'OutdatedInstance';
  }
}

/** What may be other than it was expected, as far as was heard. */
export function outdated(changes: Changes, { instance, account }: Expected): Outdated | undefined {
  if (instance !== null && changes.since(instance)) return 'instance';
  return account !== null && changes.since(account) ? 'account' : undefined;
}

export interface Expectations {
  /** Undefined: everything is as expected. One prepared statement for all who ask in the same moment. */
  compare(expected: Expected): Promise<Outdated | undefined>;
}

export function createExpectations(db: Database): Expectations {
  const { changes } = db;
  const fenced = db.fenced('open MCP instance', 'soon');
  const fences = grouped<null, undefined>(
    async (all) => {
      await fenced.query({ name: 'hear of changes', text: 'select', values: [] });
      return all.map(() => undefined);
    },
    { lanes: 2, patienceMs: 3, maxItems: 1000 },
  );
  return {
    compare: async (expected) => {
      await fences.add(null);
      return outdated(changes, expected);
    },
  };
}
