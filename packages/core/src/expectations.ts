import { type Database, grouped } from '@grantway/db';
import { accountVersion } from '@grantway/vault';
import { instanceSources, instanceVersions } from './opened-instances.ts';

/**
 * What a call was prepared with and has not been compared yet: rows that were read up to a second ago, by their versions.
 * The statement that writes the intent compares them; nothing is sent, and no fault is told, before they were found equal.
 */
export interface Expected {
  /** The instance by its URL, and the versions of all that it was made of; null: it was read for this very request. */
  instance: { urlId: string; versions: string } | null;
  account: { id: string; version: string } | null;
}

/** What is not as it was expected. Whoever asked reads it, and begins again. */
export type Outdated = 'instance' | 'account';

/** Nothing was sent and nothing was recorded: the call is begun again with what the database says now. */
export class OutdatedInstance extends Error {
  constructor() {
    super('the instance is not as it was remembered');
    this.name = 'OutdatedInstance';
  }
}

/** Parameters from `first` on: arrays of the same length, an element for each call; null where nothing is expected. */
export const expectedValues = (expected: readonly (Expected | undefined)[]): (string | null)[][] => [
  expected.map((e) => e?.instance?.urlId ?? null),
  expected.map((e) => e?.instance?.versions ?? null),
  expected.map((e) => e?.account?.id ?? null),
  expected.map((e) => e?.account?.version ?? null),
];

/** One row for each call in the order of the arrays: n from 1, whether the instance and the account are as expected. */
export const compared = (first: number): string => `
  select w.n::int as n, w.versions is not null as known,
    w.versions is null or coalesce(w.versions = (select ${instanceVersions} ${instanceSources} where i.url_id = w.url_id), false) as same_instance,
    w.account_version is null or coalesce(w.account_version = (
      select ${accountVersion} from connected_accounts a join connections c on c.id = a.connection_id where a.id = w.account_id), false) as same_account
  from unnest($${first}::text[], $${first + 1}::text[], $${first + 2}::text[], $${first + 3}::text[])
    with ordinality as w (url_id, versions, account_id, account_version, n)`;

export interface Expectations {
  /** Undefined: everything is as expected. One prepared statement for all who ask in the same moment. */
  compare(expected: Expected): Promise<Outdated | undefined>;
}

export function createExpectations(db: Database): Expectations {
  const comparisons = grouped<Expected, Outdated | undefined>(
    async (all) => {
      const rows = await db.system('open MCP instance').query<{ n: number; same_instance: boolean; same_account: boolean }>({
        name: 'compare versions of MCP instances',
        text: compared(1),
        values: expectedValues(all),
      });
      const found = all.map((): Outdated | undefined => 'instance');
      for (const row of rows) found[row.n - 1] = outdated(row);
      return found;
    },
    { lanes: 4, patienceMs: 3, maxItems: 200 },
  );
  return { compare: (expected) => comparisons.add(expected) };
}

function outdated(row: { same_instance: boolean; same_account: boolean }): Outdated | undefined {
  if (!row.same_instance) return 'instance';
  return row.same_account ? undefined : 'account';
}
