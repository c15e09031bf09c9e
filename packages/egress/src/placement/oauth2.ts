import { type Credential, fillText, type OAuth2Auth, parametersOf } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import type { Placement } from './placed.ts';

/** RFC 6750 section 2.1, or the connector's own header templates. `token` names one of the connector's further tokens. */
export function placeOAuth2(
  auth: OAuth2Auth,
  credential: Secret<Credential>,
  fields: Record<string, string>,
  token: string | undefined,
): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'oauth2') throw malformed('the credential is of another kind than the connector');
  const { access_token, refresh_token, id_token, tokens } = opened;
  const chosen = token === undefined ? access_token : tokens !== undefined && Object.hasOwn(tokens, token) ? tokens[token] : undefined;
  if (chosen === undefined) throw malformed(`the credential has no token ${token}`);
  const headers =
    auth.tokenHeaders === undefined
      ? { authorization: `Bearer ${forHeader(chosen)}` }
      : filledHeaders(auth, auth.tokenHeaders, { ...tokens, access_token: chosen }, fields);
  const secrets = [access_token];
  if (refresh_token !== undefined) secrets.push(refresh_token);
  if (id_token !== undefined) secrets.push(id_token);
  if (tokens !== undefined) secrets.push(...Object.values(tokens));
  return { headers, secrets };
}

function filledHeaders(
  auth: OAuth2Auth,
  templates: Record<string, string>,
  tokens: Record<string, string>,
  fields: Record<string, string>,
): Record<string, string> {
  const parameters = parametersOf(auth);
  const fill = (template: string) =>
    template.replace(/\{([a-z][a-z0-9_]*)\}/g, (whole, name: string) =>
      forHeader(Object.hasOwn(tokens, name) ? tokens[name] : fillText(whole, parameters, fields)),
    );
  return Object.fromEntries(Object.entries(templates).map(([name, template]) => [name.toLowerCase(), fill(template)]));
}

function forHeader(value: string | undefined): string {
  if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) throw malformed('the access token cannot stand in a header');
  return value;
}

/** What was learned with the grant; it outweighs what was set since, so that a token stays with the host that issued it. */
export function learnedWith(credential: Secret<Credential>): Readonly<Record<string, string>> | undefined {
  const opened = reveal(credential);
  return opened.kind === 'oauth2' ? opened.extra : undefined;
}
