/** Attacks whose tests are still to come. An id that has a test must leave this list: completeness.test.ts says so. */
export const awaited: readonly string[] = ['E01', 'E02', 'E03', 'E04', 'E05', 'E06', 'E18', 'E20', 'E24'];
