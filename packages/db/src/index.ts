export * from './audit.ts';
export { type Changes, changesChannel, createChanges, type Mark } from './changes.ts';
export * from './database.ts';
export * from './events.ts';
export * from './grouped.ts';
export * from './migrate.ts';
export type { Step, StepAnswer, StepValue } from './pipeline.ts';
export * from './remembered.ts';
export type {
  StoredCredentialRead,
  StoredIdentityMatch,
  StoredRemoteServer,
  StoredRestrictions,
  StoredVerification,
  ToolMapping,
} from './schema.ts';
export * as schema from './schema.ts';
