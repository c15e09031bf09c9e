import { timingSafeEqual } from 'node:crypto';
import { Fault, parseBearer } from '@grantway/contract';
import type { Modules } from '@grantway/core';
import type { FastifyRequest } from 'fastify';
import { type Html, html } from './html.ts';

/** Connector fields begin with a letter, so none can have this name. */
const tokenField = '_form';

/** Binds a form to what it is about. It dies with that, so it carries no time of its own. */
async function formToken(modules: Modules, subject: readonly string[]): Promise<string> {
  const mac = await modules.sealing.mac('form', subject);
  return mac.subarray(0, 18).toString('base64url');
}

/** A link has one form only. */
const subjectOf = (linkToken: string) => [parseBearer('link', linkToken)?.id ?? ''];

export function formTokenInput(modules: Modules, linkToken: string): Promise<Html> {
  return subjectInput(modules, subjectOf(linkToken));
}

/** `subject`: of two or more parts, so that no link's form is among them. */
export async function subjectInput(modules: Modules, subject: readonly string[]): Promise<Html> {
  return html`<input type="hidden" name="${tokenField}" value="${await formToken(modules, subject)}">`;
}

/**
 * The fields of a link's form that came from our own page.
 * @throws Fault form_stale, link_invalid
 */
export async function readForm(modules: Modules, request: FastifyRequest, linkToken: string): Promise<Record<string, string>> {
  mustBeOurs(modules, request);
  if (parseBearer('link', linkToken) === undefined) throw new Fault('link_invalid');
  return readSubjectForm(modules, request, () => subjectOf(linkToken));
}

/**
 * The same for another form, whose subject may be among its fields.
 * @throws Fault form_stale
 */
export async function readSubjectForm(
  modules: Modules,
  request: FastifyRequest,
  subject: (fields: Record<string, string>) => readonly string[] | Promise<readonly string[]>,
): Promise<Record<string, string>> {
  mustBeOurs(modules, request);
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries((request.body as Record<string, unknown> | undefined) ?? {})) {
    // A field sent twice is a list here; none of ours is.
    if (typeof value === 'string' && name !== '__proto__') fields[name] = value;
  }
  const { [tokenField]: presented = '', ...rest } = fields;
  const expected = Buffer.from(await formToken(modules, await subject(rest)));
  const given = Buffer.from(presented);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Fault('form_stale', { internal: 'form token' });
  return rest;
}

/**
 * Browsers that send Sec-Fetch-Site (all current ones; it is sent to https and loopback, and base URLs are one of the two)
 * are judged by it: only `same-origin` passes. `Origin` is then our own or "null", because `Referrer-Policy: no-referrer`
 * blanks the Origin of our own form posts too (Fetch standard, "append a request Origin header"). Without
 * Sec-Fetch-Site an Origin must be exactly ours: "null" is what a hostile sandboxed frame sends. A client that sends
 * neither is no browser, and nobody's cookies travel with it.
 *
 * @throws Fault form_stale
 */
function mustBeOurs(modules: Modules, request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  const { origin } = request.headers;
  const isOurs = origin === new URL(modules.baseUrl()).origin;
  if (site !== undefined && site !== 'same-origin') throw new Fault('form_stale', { internal: 'posted from another site' });
  if (origin !== undefined && !isOurs && !(origin === 'null' && site === 'same-origin')) {
    throw new Fault('form_stale', { internal: 'posted from another origin' });
  }
}
