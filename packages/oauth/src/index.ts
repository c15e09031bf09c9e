export { authorizationUrl } from './authorization-url.ts';
export { type CodeExchange, exchangeCode } from './exchange-code.ts';
export type { OAuthApp } from './oauth-app.ts';
export { type IdentityProvider, type SignedIn, signedIn, signInUrl } from './oidc-sign-in.ts';
export { createPkce, type Pkce } from './pkce.ts';
export { type RefreshOutcome, refreshToken } from './refresh-token.ts';
export { type Revocation, revokeToken } from './revoke-token.ts';
export { registerSandboxClient } from './sandbox-client.ts';
