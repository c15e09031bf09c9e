import type { Modules } from '@grantway/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

/*
 * The cookie that says "this is the browser that pressed Continue" (security.md A08). One cookie holds the values of the
 * last five flows, newest first, so that a person with several links open in several tabs can finish each of them, and
 * a looping one cannot grow our request headers. Two Continue answers that cross within milliseconds may lose the older
 * value; its page then says what to do.
 */
const kept = 5;
const shape = /^[A-Za-z0-9_-]{20,128}$/;

const isSecure = (modules: Modules) => new URL(modules.baseUrl()).protocol === 'https:';

/** The `__Host-` prefix keeps sibling domains from planting one (A24); browsers take it only with Secure, so not on http loopback. */
const nameOf = (modules: Modules) => (isSecure(modules) ? '__Host-gw_flow' : 'gw_flow');

export function browserValues(modules: Modules, request: FastifyRequest): string[] {
  const value = request.cookies[nameOf(modules)] ?? '';
  return value
    .split('.')
    .filter((v) => shape.test(v))
    .slice(0, kept);
}

export function rememberBrowser(modules: Modules, request: FastifyRequest, reply: FastifyReply, value: string): void {
  setValues(modules, reply, [value, ...browserValues(modules, request)].slice(0, kept));
}

export function forgetBrowser(modules: Modules, request: FastifyRequest, reply: FastifyReply, value: string): void {
  setValues(
    modules,
    reply,
    browserValues(modules, request).filter((v) => v !== value),
  );
}

function setValues(modules: Modules, reply: FastifyReply, values: string[]): void {
  reply.setCookie(nameOf(modules), values.join('.'), {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: isSecure(modules),
    maxAge: values.length === 0 ? 0 : modules.settings.consentLifeSeconds,
  });
}
