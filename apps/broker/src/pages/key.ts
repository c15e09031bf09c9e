import { isFault } from '@grantway/contract';
import { submitKey, viewLink } from '@grantway/core';
import { browserValues, rememberBrowser } from './browser-cookie.ts';
import { problemOf } from './key-form.ts';
import { landingPage } from './landing.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { readForm } from './same-site-form.ts';

/** The form of a key connector comes back here; the key is tried at the provider before it is stored. */
export const key: Page = {
  method: 'POST',
  path: '/connect/:token/key',
  changes: true,
  async run({ modules }, request, reply) {
    const token = tokenOf(request);
    const form = await readForm(modules, request, token);
    try {
      const result = await submitKey(modules, token, form, requestOf(request), browserValues(modules, request));
      if (result.browser !== undefined) rememberBrowser(modules, request, reply, result.browser);
      if (result.location !== undefined) return { location: result.location };
      return { location: linkPath(token, '/done') + (result.outcome === 'connected' ? '' : `?r=${result.outcome}`) };
    } catch (error) {
      if (!isFault(error)) throw error;
      if (error.code === 'link_used' || error.code === 'link_expired' || error.code === 'verification_required')
        return { location: linkPath(token) };
      if (
        error.code === 'account_changed' ||
        error.code === 'account_already_connected' ||
        error.code === 'identity_mismatch' ||
        error.code === 'consent_failed' ||
        error.code === 'connection_incident'
      )
        return { location: `${linkPath(token, '/done')}?r=${error.code}` };
      const isAboutTheKey = error.code === 'form_invalid' || error.code === 'key_rejected' || error.code === 'provider_unavailable';
      if (!isAboutTheKey) throw error;
      const view = await viewLink(modules, token, requestOf(request), browserValues(modules, request));
      return landingPage(modules, token, view, problemOf(error, view.connector.name, form));
    }
  },
};
