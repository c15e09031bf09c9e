import type { ApiRequest } from './request.ts';
import { placeholders } from './url-template.ts';

/**
 * A vendor's own revocation where the app asks and not the token: HTTP Basic (RFC 7617) with the connection's client id and secret,
 * and the token named in the body. Texts are templates over `{client_id}`, `{access_token}` and `{refresh_token}`.
 */
export interface AppRevocation {
  method: 'POST' | 'DELETE';
  /** Below `api.baseUrl`; a whole segment may be `{client_id}`. Tokens stand in bodies only. */
  path: string;
  /** One of the connector's `hosts`; absent: its base URL. */
  host?: string;
  json?: Record<string, string>;
  form?: Record<string, string>;
}

export interface RevocationValues {
  client_id: string;
  access_token: string;
  refresh_token?: string | undefined;
}

/** The request for one grant, without its authentication; undefined where the grant has no token of the kind that is named. */
export function appRevocationRequest(spec: AppRevocation, values: RevocationValues): ApiRequest | undefined {
  let isWhole = true;
  const fill = (template: string, encode: (value: string) => string = (value) => value) =>
    template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name as keyof RevocationValues] : undefined;
      if (value === undefined || value === '') isWhole = false;
      return encode(value ?? '');
    });
  const filled = (texts: Record<string, string>) => Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(text)]));
  const { method, host, json, form } = spec;
  const request: ApiRequest = {
    method,
    path: fill(spec.path, encodeURIComponent),
    ...(host === undefined ? {} : { host }),
    ...(json === undefined ? {} : { json: filled(json) }),
    ...(form === undefined ? {} : { form: filled(form) }),
  };
  return isWhole ? request : undefined;
}

/** Whether the request names the token that others are made of, so that nothing is left when it has been done. */
export function namesRefreshToken({ json, form }: AppRevocation): boolean {
  return namesIn({ ...json, ...form }).includes('refresh_token');
}

export function appRevocationProblems(spec: AppRevocation): string[] {
  const problems: string[] = [];
  if ((spec.json === undefined) === (spec.form === undefined)) problems.push('it has either json or form');
  for (const segment of spec.path.split('/')) {
    if (placeholders(segment).length > 0 && segment !== '{client_id}') problems.push(`${segment} stands in its path`);
  }
  const named = namesIn({ ...spec.json, ...spec.form });
  for (const name of named) if (!['client_id', 'access_token', 'refresh_token'].includes(name)) problems.push(`{${name}} is nothing known`);
  if (!named.some((name) => name.endsWith('_token'))) problems.push('it names no token');
  return problems;
}

function namesIn(texts: Record<string, string>): string[] {
  return Object.values(texts).flatMap(placeholders);
}
