import { isFault } from '@grantway/contract';
import { confirmReplacement } from '@grantway/core';
import { browserValues } from './browser-cookie.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { readForm } from './same-site-form.ts';

/** The person said yes to another provider account, in the place of the one from before or beside it, in the browser that signed in with it (security.md A05). */
export const replace: Page = {
  method: 'POST',
  path: '/connect/:token/replace',
  changes: true,
  async run({ modules }, request) {
    const token = tokenOf(request);
    const form = await readForm(modules, request, token);
    try {
      const add = form['as'] === 'another';
      await confirmReplacement(modules, token, requestOf(request), browserValues(modules, request), { add });
      return { location: linkPath(token, '/done') };
    } catch (error) {
      if (isFault(error, 'link_used') || isFault(error, 'link_expired') || isFault(error, 'verification_required')) {
        return { location: linkPath(token, '/done') };
      }
      if (isFault(error, 'account_already_connected') || isFault(error, 'account_limit') || isFault(error, 'account_changed')) {
        return { location: `${linkPath(token, '/done')}?r=${error.code}` };
      }
      throw error;
    }
  },
};
