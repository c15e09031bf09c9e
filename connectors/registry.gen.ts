// Generated from the folders' names by: npm run gen
import type { Connector } from '@grantway/connector-kit';

export const registry = {
  affinity: () => import('./affinity/connector.ts').then((m) => m.default),
  attio: () => import('./attio/connector.ts').then((m) => m.default),
  brave: () => import('./brave/connector.ts').then((m) => m.default),
  confluence: () => import('./confluence/connector.ts').then((m) => m.default),
  datadog: () => import('./datadog/connector.ts').then((m) => m.default),
  exa: () => import('./exa/connector.ts').then((m) => m.default),
  github: () => import('./github/connector.ts').then((m) => m.default),
  gmail: () => import('./gmail/connector.ts').then((m) => m.default),
  'google-calendar': () => import('./google-calendar/connector.ts').then((m) => m.default),
  'google-docs': () => import('./google-docs/connector.ts').then((m) => m.default),
  'google-drive': () => import('./google-drive/connector.ts').then((m) => m.default),
  'google-sheets': () => import('./google-sheets/connector.ts').then((m) => m.default),
  granola: () => import('./granola/connector.ts').then((m) => m.default),
  harvestapi: () => import('./harvestapi/connector.ts').then((m) => m.default),
  hubspot: () => import('./hubspot/connector.ts').then((m) => m.default),
  jira: () => import('./jira/connector.ts').then((m) => m.default),
  linear: () => import('./linear/connector.ts').then((m) => m.default),
  'microsoft-teams': () => import('./microsoft-teams/connector.ts').then((m) => m.default),
  notion: () => import('./notion/connector.ts').then((m) => m.default),
  onedrive: () => import('./onedrive/connector.ts').then((m) => m.default),
  outlook: () => import('./outlook/connector.ts').then((m) => m.default),
  phantombuster: () => import('./phantombuster/connector.ts').then((m) => m.default),
  salesforce: () => import('./salesforce/connector.ts').then((m) => m.default),
  sharepoint: () => import('./sharepoint/connector.ts').then((m) => m.default),
  slack: () => import('./slack/connector.ts').then((m) => m.default),
} as const satisfies Record<string, () => Promise<Connector>>;

export type ConnectorId = keyof typeof registry;

/** Every connector, sorted by id. */
export async function loadAllConnectors(): Promise<Connector[]> {
  return Promise.all(Object.values(registry).map((load) => load()));
}
