import type { Provenance } from '@grantway/connector-kit';

/** The vendor's types, from which its GraphQL schema can be rebuilt. */
export function typed(operation: string): Provenance {
  return { specification: '@linear/sdk', version: '98.0.0', operation };
}
