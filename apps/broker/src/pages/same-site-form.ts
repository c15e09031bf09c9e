import { timingSafeEqual } from 'node:crypto';
import { Fault, parseBearer } from '@grantway/contract';
import type { Modules } from '@grantway/core';
import type { FastifyRequest } from 'fastify';
import { type Html, html } from './html.ts';

/** Connector fields begin with a letter, so none can have this name. */
const tokenField = '_form';

/** The links that lead to forms. Ids of the one kind say nothing of the other, so that the kind is part of what is hashed. */
function partsOf(linkToken: string): string[] | undefined {
  const link = parseBearer('link', linkToken);
  if (link !== undefined) return [link.id];
  const approval = parseBearer('approval', linkToken);
  return approval === undefined ? undefined : ['approval', approval.id];
}

/** Binds a form to one link, which has one form only. It dies with its link, so it carries no time of its own. */
async function formToken(modules: Modules, linkToken: string): Promise<string> {
  const mac = await modules.sealing.mac('form', partsOf(linkToken) ?? ['']);
  return mac.subarray(0, 18).toString('base64url');
}

export async function formTokenInput(modules: Modules, linkToken: string): Promise<Html> {
  return html`<input type="hidden" name="${tokenField}" value="${await formToken(modules, linkToken)}">`;
}

/**
 * The fields of a form that came from our own page.
 *
 * Browsers that send Sec-Fetch-Site (all current ones; it is sent to https and loopback, and base URLs are one of the two)
 * are judged by it: only `same-origin` passes. `Origin` is then our own or "null", because `Referrer-Policy: no-referrer`
 * blanks the Origin of our own form posts too (Fetch standard, "append a request Origin header"). Without
 * Sec-Fetch-Site an Origin must be exactly ours: "null" is what a hostile sandboxed frame sends. A client that sends
 * neither is no browser, and nobody's cookies travel with it.
 *
 * @throws Fault form_stale, link_invalid
 */
export async function readForm(modules: Modules, request: FastifyRequest, linkToken: string): Promise<Record<string, string>> {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const isOurs = origin === new URL(modules.baseUrl()).origin;
  if (site !== undefined && site !== 'same-origin') throw new Fault('form_stale', { internal: 'posted from another site' });
  if (origin !== undefined && !isOurs && !(origin === 'null' && site === 'same-origin')) {
    throw new Fault('form_stale', { internal: 'posted from another origin' });
  }
  if (partsOf(linkToken) === undefined) throw new Fault('link_invalid');
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries((request.body as Record<string, unknown> | undefined) ?? {})) {
    // A field sent twice is a list here; none of ours is.
    if (typeof value === 'string' && name !== '__proto__') fields[name] = value;
  }
  const { [tokenField]: presented = '', ...rest } = fields;
  const expected = Buffer.from(await formToken(modules, linkToken));
  const given = Buffer.from(presented);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Fault('form_stale', { internal: 'form token' });
  return rest;
}
