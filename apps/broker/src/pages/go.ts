import { isFault } from '@grantway/contract';
import { startConsent, viewLink } from '@grantway/core';
import { browserValues, rememberBrowser } from './browser-cookie.ts';
import { problemOf } from './key-form.ts';
import { landingPage } from './landing.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { readForm } from './same-site-form.ts';

/** The person pressed Continue. Only now is a cookie set (security.md A08). */
export const go: Page = {
  method: 'POST',
  path: '/connect/:token/go',
  changes: true,
  async run({ modules }, request, reply) {
    const token = tokenOf(request);
    const form = await readForm(modules, request, token);
    try {
      const { location, browser } = await startConsent(modules, token, requestOf(request), browserValues(modules, request), form);
      rememberBrowser(modules, request, reply, browser);
      return { location };
    } catch (error) {
      // The link's own page says it best.
      if (isFault(error, 'link_used') || isFault(error, 'link_expired') || isFault(error, 'verification_required'))
        return { location: linkPath(token) };
      if (isFault(error, 'form_invalid')) {
        const view = await viewLink(modules, token, requestOf(request), browserValues(modules, request));
        return landingPage(modules, token, view, problemOf(error, view.connector.name, form));
      }
      throw error;
    }
  },
};
