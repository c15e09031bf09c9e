import { expect, it } from 'vitest';
import { signAwsRequest } from './aws-signature.ts';

// AWS's own example credentials and requests: the "aws-sig-v4-test-suite" and the IAM ListUsers example of its documentation.
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const now = new Date('2015-08-30T12:36:00Z');
const host = 'https://example.amazonaws.com';

it.each([
  ['get-vanilla', 'GET', '/', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
  ['post-vanilla', 'POST', '/', {}, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'get-vanilla-query-order-key-case',
    'GET',
    '/?Param2=value2&Param1=value1',
    {},
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-header-value-trim',
    'GET',
    '/',
    { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' },
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
] as const)('Signature Version 4: %s of the published test suite', (_name, method, path, headers, signature) => {
  const signed = signAwsRequest(
    { method, url: host + path, headers, body: '' },
    { region: 'us-east-1', service: 'service' },
    credentials,
    now,
  );
  expect(signed['authorization']).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20150830\/us-east-1\/service\/aws4_request, SignedHeaders=/,
  );
  expect(signed['authorization']?.slice(-64)).toBe(signature);
});

it('Signature Version 4: the ListUsers example of the documentation', () => {
  const url = 'https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08';
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const signed = signAwsRequest({ method: 'GET', url, headers, body: '' }, { region: 'us-east-1', service: 'iam' }, credentials, now);
  expect(signed['authorization']).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, ' +
      'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
  );
});

it('Signature Version 4: a session token is signed too, and every part of the request counts', () => {
  const request = { method: 'POST', url: `${host}/`, headers: { 'x-amz-target': 'A' }, body: '{}' };
  const scope = { region: 'us-east-1', service: 'kms' };
  const sign = (r: Partial<typeof request>, c: { sessionToken?: string } = {}) =>
    signAwsRequest({ ...request, ...r }, scope, { ...credentials, ...c }, now)['authorization'];
  const all = [
    sign({}),
    sign({ method: 'PUT' }),
    sign({ url: `${host}/a` }),
    sign({ headers: { 'x-amz-target': 'B' } }),
    sign({ body: '{} ' }),
  ];
  all.push(sign({}, { sessionToken: 'one' }), sign({}, { sessionToken: 'two' }));
  expect(new Set(all).size).toBe(7);
  expect(all[6]).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target');
});
