import { isFault } from '@grantway/contract';
import { chooseAccount } from '@grantway/core';
import { browserValues } from './browser-cookie.ts';
import { words } from './error-page.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { readForm } from './same-site-form.ts';

/** The person said which site or tenant the account is for, in the browser that consented. */
export const choose: Page = {
  method: 'POST',
  path: '/connect/:token/choose',
  changes: true,
  async run({ modules }, request) {
    const token = tokenOf(request);
    const { question = '', choice = '' } = await readForm(modules, request, token);
    const done = linkPath(token, '/done');
    try {
      await chooseAccount(modules, token, { question, choice }, requestOf(request), browserValues(modules, request));
      return { location: done };
    } catch (error) {
      if (!isFault(error)) throw error;
      // Asked again, or told how it ended: that page knows.
      const asks = ['link_used', 'link_expired', 'verification_required', 'form_invalid'].includes(error.code);
      if (asks) return { location: done };
      if (Object.hasOwn(words, error.code) && error.code !== 'link_invalid') return { location: `${done}?r=${error.code}` };
      throw error;
    }
  },
};
