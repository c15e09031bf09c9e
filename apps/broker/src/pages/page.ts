import type { Log, Modules } from '@grantway/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logos } from './logos.ts';

export interface PageDeps {
  modules: Modules;
  logos: Logos;
}

/** A page to show, a file, or where to go next (303). */
export type PageAnswer =
  | { status?: number; page: string; formAction?: readonly string[] }
  | { file: string; headers: Record<string, string> }
  | { location: string };

/** One hosted page, as a value that tests can enumerate. */
export interface Page {
  method: 'GET' | 'POST';
  path: string;
  /** Whether asking for it changes anything. True for three GETs only: the redirects back to us, from the provider and from the operator's identity providers. */
  changes: boolean;
  run(deps: PageDeps, request: FastifyRequest, reply: FastifyReply): Promise<PageAnswer>;
}

export function tokenOf(request: FastifyRequest): string {
  return (request.params as { token: string }).token;
}

/** What core wants to know of a request. */
export function requestOf(request: FastifyRequest): { requestId: string; log: Log } {
  return { requestId: request.id, log: request.log as unknown as Log };
}

export function linkPath(token: string, rest: '' | '/go' | '/key' | '/done' | '/ready' | '/sign-in' | '/replace' | '/choose' = ''): string {
  return `/connect/${encodeURIComponent(token)}${rest}`;
}
