import { createHash, createHmac } from 'node:crypto';
import type { AwsSigV4Auth, Credential } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import { fieldValues } from './field-values.ts';
import type { Placement, Unsigned } from './placed.ts';

/**
 * Signs the request as it will be sent (docs.aws.amazon.com, "Create a signed AWS API request"): method, path, query, host,
 * time and body. Whoever reads the signature can repeat this one request for some minutes and derive nothing else from it.
 */
export function placeAwsSigV4(
  auth: AwsSigV4Auth,
  credential: Secret<Credential>,
  fields: Record<string, string>,
  request: Unsigned,
): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'aws_sigv4') throw malformed('the credential is of another kind than the connector');
  const values = fieldValues(auth, opened, fields);
  const [keyId, secret, region] = [auth.accessKeyId, auth.secretAccessKey, auth.region].map(values.fill) as [string, string, string];
  // They stand in the credential scope, where a slash or a comma would move its borders.
  if (!/^\w{4,128}$/.test(keyId)) throw malformed('the access key id has another shape');
  if (!/^[a-z0-9-]{1,64}$/.test(region) || !/^[a-z0-9-]{1,64}$/.test(auth.service)) throw malformed('the region has another shape');
  const sessionToken = auth.sessionToken === undefined ? undefined : values.fill(auth.sessionToken);

  const time = new Date(request.nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  // S3 alone takes a signature that leaves the body out.
  if (request.bodyHash === null && auth.service !== 's3') throw malformed('a body that is made while it is sent cannot be signed');
  const bodyHash = request.bodyHash === null ? 'UNSIGNED-PAYLOAD' : (request.bodyHash ?? sha256(request.body ?? ''));
  const signed: [string, string][] = [
    ['host', request.url.host],
    // S3 alone wants the body's hash as a header.
    ...(auth.service === 's3' ? ([['x-amz-content-sha256', bodyHash]] as [string, string][]) : []),
    ['x-amz-date', time],
    ...(sessionToken === undefined ? [] : ([['x-amz-security-token', sessionToken]] as [string, string][])),
  ];
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname, auth.service),
    canonicalQuery(request.url),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    bodyHash,
  ].join('\n');
  const scope = `${time.slice(0, 8)}/${region}/${auth.service}/aws4_request`;
  const key = [time.slice(0, 8), region, auth.service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${secret}`);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  return {
    headers: {
      ...Object.fromEntries(signed.filter(([name]) => name !== 'host')),
      authorization: `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
    },
    secrets: values.secrets([auth.accessKeyId, auth.secretAccessKey, auth.sessionToken ?? '']),
  };
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** RFC 3986 section 2.3: letters, digits and -._~ alone stay as they are. */
function strict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The path as sent is encoded once; every service but S3 signs it encoded once more. */
function canonicalPath(pathname: string, service: string): string {
  const segments = pathname.split('/');
  return segments.map((segment) => (service === 's3' ? strict(decodeURIComponent(segment)) : strict(segment))).join('/');
}

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => [strict(name), strict(value)] as const);
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return pairs
    .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}
