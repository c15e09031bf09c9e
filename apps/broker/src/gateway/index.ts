import type { Modules } from '@grantway/core';
import type { FastifyInstance } from 'fastify';
export function registerGateway(_app: FastifyInstance, _modules: Modules): void {}
