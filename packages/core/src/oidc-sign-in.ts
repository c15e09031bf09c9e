import { Fault, isFault } from '@grantway/contract';
import { schema } from '@grantway/db';
import { createPkce, type IdentityProvider, signedIn, signInUrl } from '@grantway/oauth';
import { randomToken, sameBytes } from '@grantway/vault';
import { eq, sql } from 'drizzle-orm';
import type { ConnectionRow } from './connections.ts';
import type { Modules } from './ctx.ts';
import { mustBeLive, openLink, type Request, readLink } from './open-link.ts';
import {
  identityRedirectUri,
  inSeconds,
  openSignIn,
  proofLifeSeconds,
  sealedPlace,
  verificationModeOf,
  verificationSecretPlace,
} from './verification.ts';

const t = schema.verifications;

async function identityProviderOf(modules: Modules, connection: ConnectionRow): Promise<IdentityProvider & { claim: 'sub' | 'email' }> {
  const oidc = connection.verification?.oidc;
  if (verificationModeOf(modules, connection) !== 'oidc' || oidc === undefined) throw new Fault('verification_required');
  const { id, environmentId, verificationSecretGeneration: generation, verificationSecretCt } = connection;
  return {
    issuer: oidc.issuer,
    clientId: oidc.clientId,
    claim: oidc.claim,
    assumeS256: oidc.assumeS256 === true,
    clientSecret:
      verificationSecretCt === null
        ? undefined
        : await modules.sealing.open<string>(verificationSecretPlace({ environmentId, id, generation }), verificationSecretCt),
    redirectUri: identityRedirectUri(modules.baseUrl(), id),
  };
}

/**
 * "Sign in": where the person shows who they are at the operator's identity provider.
 * @throws Fault link_invalid, link_used, link_expired, verification_required, provider_unavailable, connection_not_ready
 */
export async function startSignIn(modules: Modules, token: string, request: Request): Promise<{ location: string; browser: string }> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  const idp = await identityProviderOf(modules, open.connection);
  const pkce = createPkce();
  const nonce = randomToken();
  const { state, browser } = await openSignIn(open.ctx, {
    linkId: open.link.id,
    accountId: open.account.id,
    pkceVerifier: pkce.verifier,
    nonce,
    issuer: idp.issuer,
    clientId: idp.clientId,
  });
  const location = await signInUrl(modules.egress, idp, { state, nonce, challenge: pkce.challenge, loginHint: open.identifier });
  return { location, browser };
}

/**
 * The identity provider sent the person back. The link may be used on from this browser only if the person is its user.
 * @throws Fault state_invalid, wrong_browser
 */
export async function finishSignIn(
  modules: Modules,
  input: { connectionId: string; query: URLSearchParams; browser: string | undefined },
  request: Request,
): Promise<{ linkToken: string; outcome: 'proven' | Fault['code'] }> {
  const state = input.query.get('state');
  if (state === null || state.length > 256) throw new Fault('state_invalid');
  const requestMac = await modules.sealing.mac('oidc state', [state]);
  const system = modules.db.system('open consent session');
  const [peek] = await system.query<{ id: string; browser_mac: Buffer; environment_id: string }>({
    name: 'sign-in by state',
    text: `select v.id, v.browser_mac, v.environment_id from verifications v join connected_accounts a on a.id = v.connected_account_id
           where v.request_mac = $1 and a.connection_id = $2 and v.kind = 'oidc' and v.outcome is null and v.sealed_ct is not null
             and v.expires_at > clock_timestamp()`,
    values: [requestMac, input.connectionId],
  });
  if (peek === undefined) throw new Fault('state_invalid');
  if (!sameBytes(await modules.sealing.mac('browser', [input.browser ?? '']), peek.browser_mac)) throw new Fault('wrong_browser');
  const row = await modules.db.inEnvironment(peek.environment_id, async (tx) => {
    const [one] = await tx.select().from(t).where(eq(t.id, peek.id)).for('update');
    if (one?.sealedCt == null || one.outcome !== null) return undefined;
    await tx.update(t).set({ sealedCt: null }).where(eq(t.id, one.id));
    return one;
  });
  if (row?.sealedCt == null) throw new Fault('state_invalid');

  const open = await readLink(modules, row.environmentId, eq(schema.authorizationLinks.id, row.linkId), request);
  const { ctx } = open;
  const linkToken = await modules.sealing.derive('link', open.link.tokenId, 1);
  let outcome: 'proven' | Fault['code'] = 'proven';
  try {
    mustBeLive(open.link);
    const idp = await identityProviderOf(modules, open.connection);
    if (row.facts['issuer'] !== idp.issuer || row.facts['clientId'] !== idp.clientId) {
      throw new Fault('verification_failed', { internal: 'the identity provider was changed during the sign-in' });
    }
    const url = new URL(idp.redirectUri);
    url.search = input.query.toString();
    const person = await signedIn(modules.egress, idp, {
      url,
      state,
      nonce: row.facts['nonce'] as string,
      pkceVerifier: await modules.sealing.open<string>(sealedPlace(row), row.sealedCt),
    });
    const claimed = idp.claim === 'sub' ? person.sub : person.verifiedEmail;
    if (claimed !== open.identifier) throw new Fault('verification_failed', { internal: 'another person signed in' });
  } catch (error) {
    if (!isFault(error)) throw error;
    outcome = error.code;
    ctx.log.info({ fault: error.code, internal: error.internal }, 'sign-in for a link did not succeed');
  }
  await ctx.tx(async (tx) => {
    await tx
      .update(t)
      .set(
        outcome === 'proven'
          ? { outcome, provenAt: sql`clock_timestamp()`, expiresAt: inSeconds(proofLifeSeconds) }
          : { outcome: 'refused' },
      )
      .where(eq(t.id, row.id));
    await ctx.audit(
      tx,
      outcome === 'proven' ? 'authorization.verified' : 'authorization.failed',
      { kind: 'connected_account', id: open.account.id },
      { connection: open.connection.name, ...(outcome === 'proven' ? { by: 'oidc' } : { fault: outcome }) },
    );
  });
  return { linkToken, outcome };
}
