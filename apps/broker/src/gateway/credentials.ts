import { Fault, type FaultCode, faults, isFault, isId } from '@grantway/contract';
import {
  isSessionToken,
  type Modules,
  type OpenInstance,
  openBySessionToken,
  openGrant,
  openInstance,
  openInstanceOf,
  type ReadInstance,
  type Remembered,
  readInstance,
  recallInstance,
} from '@grantway/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { resourceChallenge } from '../api/authorization-server.ts';
import { RpcError } from './json-rpc.ts';

/** What was presented, and how it is judged: with each request, and again for as long as something stays open for it. */
export interface Credential {
  /** Of the same credential the same; a secret like it. */
  key: string;
  /** @throws Fault where it is dead */
  open(): Promise<OpenInstance>;
  /** What it opened a moment ago, for a request that compares it before anything comes of it. */
  recall?(): Remembered<OpenInstance> | undefined;
  /** What it opens, where it is not remembered. @throws as open */
  read?(): Promise<ReadInstance>;
  forget?(): void;
}

/** A URL of the gateway, and how one comes in there. */
export interface WayIn {
  url: string;
  /** @throws RpcError where nothing that could be judged was presented */
  credential(request: FastifyRequest, reply: FastifyReply): Credential;
  /** A refusal in the words of this way in. */
  refusal(code: FaultCode, request: FastifyRequest, reply: FastifyReply): RpcError;
}

/** A kind of token that is taken at the static URL of a config. */
export interface TokenKind {
  recognises(token: string): boolean;
  /** @throws Fault unauthorized for a token that is not genuine, has ended, or was made for another config's URL */
  open(modules: Modules, token: string, configId: string): Promise<OpenInstance>;
}

/** Access tokens that a person allowed an MCP client (RFC 9068): the one kind with dots in it. */
const accessTokens: TokenKind = {
  recognises: (token) => token.includes('.'),
  open: async (modules, token, configId) => openInstanceOf(modules, await openGrant(modules, token, configId)),
};

const tokenKinds: readonly TokenKind[] = [{ recognises: isSessionToken, open: openBySessionToken }, accessTokens];

export const instanceUrl = '/u/:token/mcp';

export type UrlCredential = Required<Credential>;

export function credentialOfUrl(modules: Modules, token: string): UrlCredential {
  return {
    key: token,
    open: () => openInstance(modules, token),
    recall: () => recallInstance(modules, token),
    read: () => readInstance(modules, token),
    forget: () => modules.openedInstances.forget(token),
  };
}

/** @throws RpcError in the words of an instance's URL, for any Fault */
export async function judgeUrl(credential: Credential): Promise<OpenInstance> {
  try {
    return await credential.open();
  } catch (error) {
    throw isFault(error) ? urlRefusal(error.code) : error;
  }
}

export const urlRefusal = (code: FaultCode) => refusalOf(code, urlRefusals[code]);

/** `POST /u/<secret>/mcp`; `POST /mcp` with the same secret as a bearer; `POST /mcp/<config id>` with a token made for it. */
export function createWaysIn(modules: Modules): readonly WayIn[] {
  const ofUrl = (token: string) => credentialOfUrl(modules, token);
  return [
    { url: instanceUrl, credential: (request) => ofUrl((request.params as { token: string }).token), refusal: urlRefusal },
    {
      url: '/mcp',
      credential(request) {
        const token = bearerOf(request);
        if (token !== undefined) return ofUrl(token);
        throw refusalOf('unauthorized', 'Send the secret part of the MCP URL as "Authorization: Bearer gwmcp_...", or use the URL itself.');
      },
      refusal: urlRefusal,
    },
    {
      url: '/mcp/:configId',
      credential(request, reply) {
        const { configId } = request.params as { configId: string };
        if (!isId('mcpConfig', configId)) throw refusalOf('not_found', urlRefusals.not_found);
        const token = bearerOf(request);
        if (token === undefined) throw this.refusal('unauthorized', request, reply);
        return {
          key: `${configId} ${token}`,
          async open() {
            const kind = tokenKinds.find(({ recognises }) => recognises(token));
            if (kind === undefined) throw new Fault('unauthorized');
            return kind.open(modules, token, configId);
          },
        };
      },
      refusal(code, request, reply) {
        // Whoever holds a token for an instance that is no more must get another one: to a client that is 401, whatever the reason.
        if (faults[code].status !== 401 && faults[code].status !== 410) return refusalOf(code, tokenRefusals[code]);
        const { configId } = request.params as { configId: string };
        // RFC 6750 section 3: an error is named only to whoever presented a token.
        const error = request.headers.authorization === undefined ? undefined : 'invalid_token';
        reply.header('www-authenticate', resourceChallenge(modules.baseUrl(), configId, error));
        return refusalOf('unauthorized', tokenRefusals[code] ?? tokenRefusals.unauthorized);
      },
    },
  ];
}

/** @throws RpcError in the words of the way in, for any Fault */
export async function judge(way: WayIn, credential: Credential, request: FastifyRequest, reply: FastifyReply): Promise<OpenInstance> {
  try {
    return await credential.open();
  } catch (error) {
    if (!isFault(error)) throw error;
    throw way.refusal(error.code, request, reply);
  }
}

function refusalOf(code: FaultCode, message: string | undefined): RpcError {
  const { status, title } = faults[code];
  return new RpcError(status, message ?? title, { status, data: { code } });
}

/** What a person reads in their client; 401 would make clients look for OAuth and hide it. */
const urlRefusals: Partial<Record<FaultCode, string>> = {
  not_found: 'This MCP URL is not known here. Check that it was copied completely, or ask for a new one where you got it.',
  instance_revoked: 'This MCP URL was revoked. Ask for a new one where you got it.',
  instance_rotated: 'This MCP URL was replaced by a new one. Ask for it where you got this one.',
  instance_expired: 'This MCP URL has expired. Ask for a new one where you got it.',
  user_suspended: 'The user of this MCP URL is suspended. Ask the operator.',
  environment_suspended: 'This environment is suspended. Ask its operator.',
  client_suspended: 'The application that gave out this MCP URL is suspended. Ask its operator.',
};

const tokenRefusals: Partial<Record<FaultCode, string>> = {
  unauthorized: 'This MCP URL needs a token that was made for it and is still valid: send one as "Authorization: Bearer ...".',
  instance_revoked: 'Access to this MCP URL was revoked. Ask for it where you got the token.',
  user_suspended: 'The user of this token is suspended. Ask the operator.',
  environment_suspended: 'This environment is suspended. Ask its operator.',
  client_suspended: 'The application that made this token is suspended. Ask its operator.',
};

function bearerOf(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}
