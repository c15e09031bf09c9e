import { type Changes, type Database, grouped, type Mark } from '@grantway/db';

/**
 * What a call was prepared with and has not been confirmed yet: rows that were read up to a second ago. The statement that writes the
 * intent confirms them (`Database.fenced`); nothing is sent, and no fault is told, before nothing was heard of a change to them.
 */
export interface Expected {
  /** All that the instance was made of; null: it was read for this very request. */
  instance: Mark | null;
  account: Mark | null;
}

/** What is not as it was expected. Whoever asked reads it, and begins again. */
export type Outdated = 'instance' | 'account';

/** A call that has its row already, and of which nothing was sent. */
export interface Begun {
  toolCallId: string;
  /** Where the call is not begun again: whoever is not let in leaves no row, however late that was heard. */
  discard(): Promise<void>;
}

/** Nothing was sent: the call is begun again with what the database says now, under the id that it has. */
export class OutdatedInstance extends Error {
  readonly begun: Begun | undefined;
  constructor(begun?: Begun) {
    super('the instance is not as it was remembered');
    this.name = 'OutdatedInstance';
    this.begun = begun;
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
