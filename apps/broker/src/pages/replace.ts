import { isFault } from '@grantway/contract';
import { confirmReplacement } from '@grantway/core';
import { browserValues } from './browser-cookie.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { readForm } from './same-site-form.ts';

/** The person said yes to another provider account, in the browser that signed in with it (security.md A05). */
export const replace: Page = {
  method: 'POST',
  path: '/connect/:token/replace',
  changes: true,
  async run({ modules }, request) {
    const token = tokenOf(request);
    await readForm(modules, request, token);
    try {
      await confirmReplacement(modules, token, requestOf(request), browserValues(modules, request));
      return { location: linkPath(token, '/done') };
    } catch (error) {
      if (isFault(error, 'link_used') || isFault(error, 'link_expired') || isFault(error, 'verification_required')) {
        return { location: linkPath(token, '/done') };
      }
      throw error;
    }
  },
};
