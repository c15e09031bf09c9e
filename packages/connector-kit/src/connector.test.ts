import { describe, expect, it } from 'vitest';
import { type Connector, connector, faultByStatus, retryAfter } from './connector.ts';
import { get } from './request.ts';
import { placeholders } from './url-template.ts';

const minimal: Connector = {
  id: 'acme',
  name: 'Acme',
  description: 'Boards of Acme.',
  docs: 'https://docs.acme.example',
  auth: { kind: 'api_key', fields: [{ name: 'key', label: 'Key', secret: true }], headers: { 'X-Key': '{key}' } },
  api: { baseUrl: 'https://api.acme.example' },
  identify: {
    request: get('/me'),
    subject: () => ({ id: '1', label: 'x' }),
    example: { receives: { body: {} }, gives: { id: '1', label: 'x' } },
  },
  tools: [],
};

describe('connector()', () => {
  it('names every problem at once', () => {
    expect(() => connector({ ...minimal, id: 'A', api: { baseUrl: 'http://{key}.acme.example' } })).toThrow(/id; .*https/);
  });

  it('refuses a secret in the host name', () => {
    expect(() => connector({ ...minimal, api: { baseUrl: 'https://{key}.acme.example' } })).toThrow('{key}');
  });
});

describe('faultByStatus', () => {
  it.each([
    [200, undefined],
    [204, undefined],
    [302, 'error'],
    [401, 'rejected'],
    [403, 'error'],
    [429, 'rate_limited'],
    [500, 'unavailable'],
  ])('%i is %s', (status, kind) => {
    expect(faultByStatus({ status, headers: {}, body: null })?.kind).toBe(kind);
  });
});

describe('retryAfter', () => {
  const nowMs = Date.parse('2025-11-21T10:00:00Z');
  it.each([
    ['30', 30],
    ['Fri, 21 Nov 2025 10:00:05 GMT', 5],
    ['Fri, 21 Nov 2025 09:00:00 GMT', 0],
    ['86400', 900],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s seconds', (value, seconds) => {
    expect(retryAfter(value, nowMs)).toBe(seconds);
  });
});

it('placeholders are found in order', () => {
  expect(placeholders('https://{account}.acme.example/{region}')).toEqual(['account', 'region']);
});
