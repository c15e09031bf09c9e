import type { OAuth2Auth } from './auth.ts';

/**
 * Those of `needed` that were not granted, in their order. `granted` is what the vendor's answer named; a scope may hold
 * others, and some are never named.
 */
export function missingScopes(
  auth: Pick<OAuth2Auth, 'scopeCovers' | 'unlistedScopes'>,
  granted: readonly string[],
  needed: readonly string[],
): string[] {
  const held = new Set([...(auth.unlistedScopes ?? []), ...granted]);
  // Covered scopes may cover others; a set grows while it is walked.
  for (const scope of held) {
    if (auth.scopeCovers !== undefined && Object.hasOwn(auth.scopeCovers, scope)) {
      for (const covered of auth.scopeCovers[scope] ?? []) held.add(covered);
    }
  }
  return [...new Set(needed)].filter((scope) => !held.has(scope));
}
