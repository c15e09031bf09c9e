export {
  clientSecretPlace,
  credentialPlace,
  type Ending,
  endAccount,
  type NewGrant,
  refreshMarginSeconds,
  storeGrant,
} from './accounts.ts';
export { createDecryptBudget, type DecryptBudget, type DecryptLimits } from './decrypt-budget.ts';
export type { FaultInjection, KillPoint } from './fault-points.ts';
export { createFileSealing, type FileSealing, sealedSize } from './file-sealing.ts';
export { destroyEnvironmentKeys, eraseSealedValues, queueSalvaged } from './forgetting.ts';
export { type Journal, type JournalEntry, openJournal } from './journal.ts';
export { type KeyRing, type KeyRingOptions, openKeyRing } from './key-ring.ts';
export {
  type KeyReport,
  keyStatus,
  type RotationDeps,
  type RotationPoint,
  retireDataKeys,
  retireMaster,
  rotateDataKeys,
  rotateMaster,
  rotationPoints,
  settleSeconds,
  verifySealedRows,
} from './key-rotation.ts';
export { type AwsKmsOptions, awsKmsWrapper } from './key-services/aws-kms.ts';
export { type AzureKeyVaultOptions, azureKeyVaultWrapper } from './key-services/azure-key-vault.ts';
export { breakGlassOpener, breakGlassWrapper } from './key-services/break-glass.ts';
export { type GcpKmsOptions, type GcpServiceAccount, gcpKmsWrapper } from './key-services/gcp-kms.ts';
export { KeyServiceError, type Send } from './key-services/key-service.ts';
export { type TransitOptions, transitWrapper } from './key-services/transit.ts';
export { createLeases, type Lease, type LeaseDeps, type Leases, NeedsAuthorization } from './lease.ts';
export { type KeyWrapper, localKeyWrapper, parseMasterKey, type WrapContext } from './master-key.ts';
export type { PaceLimits } from './pace.ts';
export { endsByItself, readOut } from './read-out.ts';
export { grantSecondsOf, idleSecondsOf } from './received.ts';
export { type DataKey, openRecord, recordOverhead, sealRecord, VaultError } from './record.ts';
export { queueRevocation, queueStored, revocationPlace, type StoredGrant, type ToRevoke } from './revocations.ts';
export { appCredentials, createSealing, fingerprint, mintBearer, type Place, randomToken, type Sealing, sameBytes } from './sealing.ts';
export { type AccessTokenClaims, createTokenSigner, type GrantTokenClaims, type TokenSigner } from './signing-keys.ts';
export { mintWebhookSecret, signWebhook, webhookSecretPlace } from './webhook-signing.ts';
export type { KeyPurpose, KeySources, KeyState } from './wrapped-keys.ts';
