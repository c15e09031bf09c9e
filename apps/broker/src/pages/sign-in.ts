import { isFault } from '@grantway/contract';
import { startSignIn } from '@grantway/core';
import { rememberBrowser } from './browser-cookie.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { readForm } from './same-site-form.ts';

/** To the operator's identity provider, before anything is asked of the connector's. */
export const signIn: Page = {
  method: 'POST',
  path: '/connect/:token/sign-in',
  changes: true,
  async run({ modules }, request, reply) {
    const token = tokenOf(request);
    await readForm(modules, request, token);
    try {
      const { location, browser } = await startSignIn(modules, token, requestOf(request));
      rememberBrowser(modules, request, reply, browser);
      return { location };
    } catch (error) {
      if (isFault(error, 'link_used') || isFault(error, 'link_expired') || isFault(error, 'verification_required')) {
        return { location: linkPath(token) };
      }
      throw error;
    }
  },
};
