import { isFault } from '@grantway/contract';
import { startChat } from '@grantway/core';
import { rememberBrowser } from './browser-cookie.ts';
import { linkPath, type Page, requestOf, tokenOf } from './page.ts';
import { readForm } from './same-site-form.ts';

/** The person pressed "I am ready": only now this browser gets a cookie, and with it a code to send (security.md A02). */
export const ready: Page = {
  method: 'POST',
  path: '/connect/:token/ready',
  changes: true,
  async run({ modules }, request, reply) {
    const token = tokenOf(request);
    await readForm(modules, request, token);
    try {
      const { browser } = await startChat(modules, token, requestOf(request));
      rememberBrowser(modules, request, reply, browser);
    } catch (error) {
      if (!isFault(error, 'link_used') && !isFault(error, 'link_expired') && !isFault(error, 'verification_required')) throw error;
    }
    return { location: linkPath(token) };
  },
};
