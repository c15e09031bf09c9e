import type { Provenance } from '@grantway/connector-kit';

/** The vendor's client, whose maps of attributes stand in for its OpenAPI document; operations as `v1.MonitorsApi.createMonitor`. */
export function typed(operation: string): Provenance {
  return { specification: '@datadog/datadog-api-client', version: '1.64.0', operation };
}
