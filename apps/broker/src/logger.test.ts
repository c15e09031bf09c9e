import { describe, expect, it } from 'vitest';
import { createLogger, requestLogger } from './logger.ts';

function logged(write: (log: ReturnType<typeof requestLogger>) => void) {
  const lines: string[] = [];
  write(requestLogger(createLogger('info', { write: (line) => void lines.push(line) }), { request_id: 'req_1' }));
  return lines.map((line) => JSON.parse(line));
}

describe('every line of a request names it', () => {
  it('with fields, with words alone, with an error, and from a child', () => {
    const lines = logged((log) => {
      log.info({ route: '/x' }, 'request');
      log.warn('words');
      log.error(new TypeError('broken'));
      log.child({ more: 1 }).info({}, 'child');
      log.debug({}, 'below the level');
    });
    expect(lines).toEqual([
      { level: 'info', time: expect.any(String), request_id: 'req_1', route: '/x', msg: 'request' },
      { level: 'warn', time: expect.any(String), request_id: 'req_1', msg: 'words' },
      expect.objectContaining({
        level: 'error',
        request_id: 'req_1',
        err: expect.objectContaining({ name: 'TypeError', message: 'broken' }),
      }),
      { level: 'info', time: expect.any(String), request_id: 'req_1', more: 1, msg: 'child' },
    ]);
  });
});
