export { defaultAccount } from './accounts.ts';
export type { Failure, Knobs } from './knobs.ts';
export type { LedgerCounts, LedgerEvent } from './ledger.ts';
export { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';
