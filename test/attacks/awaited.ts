/** Attacks whose tests are still to come. An id that has a test must leave this list: completeness.test.ts says so. */
export const awaited: readonly string[] = [];
