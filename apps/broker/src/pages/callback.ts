import { Fault, isFault } from '@grantway/contract';
import { type ConsentResult, finishConsent } from '@grantway/core';
import { browserValues, forgetBrowser } from './browser-cookie.ts';
import { linkPath, type Page, requestOf } from './page.ts';

/** Parameters of an authorization response; none may come twice (RFC 6749 section 3.1; RFC 5849 section 2.2 for `oauth_`). */
const parameters = ['state', 'code', 'error', 'iss', 'oauth_token', 'oauth_verifier', 'denied'] as const;

/**
 * Where the provider sends the person back to: the one GET that changes something, by the single-use `state`. It ends in a
 * redirect, so that reload and the back button are harmless (security.md A10).
 */
export const callback: Page = {
  method: 'GET',
  path: '/oauth/callback/:connectionId',
  changes: true,
  async run({ modules }, request, reply) {
    const { connectionId } = request.params as { connectionId: string };
    const query = request.query as Record<string, unknown>;
    if (parameters.some((p) => query[p] !== undefined && typeof query[p] !== 'string')) {
      throw new Fault('state_invalid', { internal: 'a parameter came twice' });
    }
    const given = query as Partial<Record<(typeof parameters)[number], string>>;
    const { state, iss, oauth_token: temporaryToken } = given;
    const code = given.code ?? given.oauth_verifier;
    // OAuth 1.0a names no way to say no; vendors that do send the refused token as `denied`.
    const error = given.error ?? (given.denied === undefined ? undefined : 'access_denied');
    // HEAD comes from previews and proxies, never from the redirect: it is treated as a stranger's and finds nothing.
    const values = request.method === 'HEAD' ? [] : browserValues(modules, request);
    const all = new URL(request.url, modules.baseUrl()).searchParams;
    let result: ConsentResult | undefined;
    for (const browser of values.length === 0 ? [undefined] : values) {
      try {
        result = await finishConsent(
          modules,
          { connectionId, state, code, error, iss, temporaryToken, query: all, browser },
          requestOf(request),
        );
        if (browser !== undefined && result.browser === undefined) forgetBrowser(modules, request, reply, browser);
        break;
      } catch (error) {
        if (!isFault(error, 'wrong_browser')) throw error;
      }
    }
    if (result === undefined) throw new Fault('wrong_browser');
    if (result.location !== undefined) return { location: result.location };
    const asked = result.outcome === 'connected' ? '' : `?r=${result.outcome}`;
    return { location: linkPath(result.linkToken, '/done') + asked };
  },
};
