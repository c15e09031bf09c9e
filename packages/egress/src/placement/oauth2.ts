import { type Credential, fillText, type OAuth2Auth, parametersOf } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import type { Placement } from './placed.ts';

const standard = { authorization: 'Bearer {access_token}' };

/** RFC 6750 section 2.1, or the connector's own header templates. `token` names one of the connector's further tokens. */
export function placeOAuth2(
  auth: OAuth2Auth,
  credential: Secret<Credential>,
  fields: Record<string, string>,
  token: string | undefined,
): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'oauth2') throw malformed('the credential is of another kind than the connector');
  const { access_token, refresh_token, id_token, tokens = {} } = opened;
  const chosen = token === undefined ? access_token : Object.hasOwn(tokens, token) ? tokens[token] : undefined;
  if (chosen === undefined) throw malformed(`the credential has no token ${token}`);
  const all: Record<string, string> = { ...tokens, access_token: chosen };
  const parameters = parametersOf(auth);
  const fill = (template: string) =>
    template.replace(/\{([a-z][a-z0-9_]*)\}/g, (whole, name: string) => {
      const value = Object.hasOwn(all, name) ? all[name] : fillText(whole, parameters, fields);
      if (value === undefined || !/^[\x21-\x7e]+$/.test(value)) throw malformed('the access token cannot stand in a header');
      return value;
    });
  const headers = Object.entries(auth.tokenHeaders ?? standard).map(([name, template]) => [name.toLowerCase(), fill(template)]);
  return {
    headers: Object.fromEntries(headers),
    secrets: [access_token, refresh_token, id_token, ...Object.values(tokens)].filter((value) => value !== undefined),
  };
}

/** What was learned with the grant; it outweighs what was set since, so that a token stays with the host that issued it. */
export function learnedWith(credential: Secret<Credential>): Record<string, string> {
  const opened = reveal(credential);
  return opened.kind === 'oauth2' ? { ...opened.extra } : {};
}
