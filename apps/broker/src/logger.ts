import type { FastifyBaseLogger } from 'fastify';
import pino, { type DestinationStream, type Logger } from 'pino';
import { redact } from './http.ts';

/**
 * JSON lines, redacted where they leave: whatever a call site lets through by mistake, no bearer value of ours does.
 * Errors are cut to type, code, message and stack; their other members may hold anything.
 */
export function createLogger(level: string, sink: { write(line: string): void } = process.stdout): Logger {
  const destination: DestinationStream = { write: (line) => void sink.write(redact(line)) };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        err: (error: unknown) => {
          if (!(error instanceof Error)) return { message: 'not an error' };
          // drizzle's own message lists the statement's parameters, which may be anybody's data; its cause says what went wrong.
          const told = 'params' in error && error.cause instanceof Error ? error.cause : error;
          const { name, message, stack } = told;
          const code = (told as { code?: unknown }).code;
          return { name, message, ...(typeof code === 'string' ? { code } : {}), stack };
        },
      },
    },
    destination,
  );
}

type Method = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/**
 * A logger with bindings for one request. A child of pino's own costs as much to make as its line to write, and most requests
 * write one.
 */
export function requestLogger(logger: FastifyBaseLogger, bindings: Record<string, unknown>): FastifyBaseLogger {
  const bound =
    (method: Method) =>
    (first: unknown, ...rest: unknown[]): void => {
      const write = logger[method] as (...args: unknown[]) => void;
      if (typeof first === 'string') write.call(logger, bindings, first, ...rest);
      else if (first instanceof Error) write.call(logger, { ...bindings, err: first }, ...rest);
      else write.call(logger, { ...bindings, ...(first as object) }, ...rest);
    };
  return {
    level: logger.level,
    fatal: bound('fatal'),
    error: bound('error'),
    warn: bound('warn'),
    info: bound('info'),
    debug: bound('debug'),
    trace: bound('trace'),
    silent: logger.silent,
    child: (more: Record<string, unknown>, options?: object) => logger.child({ ...bindings, ...more }, options),
  } as FastifyBaseLogger;
}
