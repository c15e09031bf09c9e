import type { Provenance } from '@grantway/connector-kit';

/** The vendor's own types of each method's arguments; its OpenAPI document has not been kept since 2021. */
export function typed(operation: string): Provenance {
  return { specification: '@slack/web-api', version: '8.2.0', operation };
}
