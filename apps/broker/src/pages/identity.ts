import { Fault, isFault } from '@grantway/contract';
import { finishSignIn } from '@grantway/core';
import { browserValues } from './browser-cookie.ts';
import { linkPath, type Page, requestOf } from './page.ts';

/**
 * Where the operator's identity provider sends the person back to: changes something by its single-use `state`, as the
 * provider's callback does, and only in the browser that began. The cookie stays: it is what may go on now.
 */
export const identity: Page = {
  method: 'GET',
  path: '/oauth/identity/:connectionId',
  changes: true,
  async run({ modules }, request) {
    const { connectionId } = request.params as { connectionId: string };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
      if (typeof value !== 'string') throw new Fault('state_invalid', { internal: 'a parameter came twice' });
      query.set(name, value);
    }
    const values = request.method === 'HEAD' ? [] : browserValues(modules, request);
    for (const browser of values) {
      try {
        const { linkToken, outcome } = await finishSignIn(modules, { connectionId, query, browser }, requestOf(request));
        return { location: outcome === 'proven' ? linkPath(linkToken) : `${linkPath(linkToken, '/done')}?r=${outcome}` };
      } catch (error) {
        if (!isFault(error, 'wrong_browser')) throw error;
      }
    }
    throw new Fault(query.get('state') === null ? 'state_invalid' : 'wrong_browser');
  },
};
