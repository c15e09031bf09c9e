export {
  clientSecretPlace,
  credentialPlace,
  type Ending,
  endAccount,
  type NewGrant,
  refreshMarginSeconds,
  storeGrant,
} from './accounts.ts';
export { type KeyPurpose, type KeyRing, openKeyRing } from './key-ring.ts';
export { createLeases, type Lease, type LeaseDeps, type Leases, NeedsAuthorization } from './lease.ts';
export { type KeyWrapper, localKeyWrapper, parseMasterKey, type WrapContext } from './master-key.ts';
export { type DataKey, openRecord, recordOverhead, sealRecord, VaultError } from './record.ts';
export { createSealing, fingerprint, mintBearer, type Place, randomToken, type Sealing, sameBytes } from './sealing.ts';
export { type AccessTokenClaims, createTokenSigner, type TokenSigner } from './signing-keys.ts';
export { mintWebhookSecret, signWebhook, webhookSecretPlace } from './webhook-signing.ts';
