import { type AuthSpec, isIssued, type MintedAuth, scopesOf } from '../auth.ts';
import { valueAt } from './pointer.ts';
import { requestProblems } from './tool-rules.ts';

/** What is wrong with a kind that asks for tokens with a long-lived secret, or signs with one. */
export function issuedProblems(auth: AuthSpec): string[] {
  if (!isIssued(auth) && auth.kind !== 'oauth1') return [];
  const found: string[] = [];
  if (auth.revocation !== undefined) found.push(...requestProblems(auth.revocation).map((problem) => `revocation: ${problem}`));
  for (const [scope, words] of Object.entries(scopesOf(auth))) {
    if (words.length < 8 || words === scope) found.push(`${scope} has no plain words`);
  }
  if (auth.kind === 'oauth2_client_credentials') {
    for (const name of ['grant_type', 'scope', 'client_id', 'client_secret'])
      if (name in (auth.tokenParams ?? {})) found.push(`it overrides ${name}`);
  }
  if (auth.kind === 'minted') found.push(...mintProblems(auth));
  return found;
}

function mintProblems({ mint, answer, headers, lifeSeconds }: MintedAuth): string[] {
  const found: string[] = [];
  if (mint.form !== undefined && mint.json !== undefined) found.push('both a JSON and a form body');
  if (mint.method === 'GET' && (mint.form !== undefined || mint.json !== undefined)) found.push('a GET with a body');
  const { token, expires_at, expires_in } = answer.slots;
  for (const pointer of [token, expires_at, expires_in]) {
    if (pointer !== undefined && valueAt(answer.body, pointer) === undefined) found.push(`nothing stands at ${pointer}`);
  }
  if (expires_at === undefined && expires_in === undefined && lifeSeconds === undefined) found.push('nothing says how long a token lives');
  if (!Object.values(headers).some((template) => template.includes('{token}'))) found.push('no header carries the token');
  for (const name of Object.keys(headers)) if (/^(cookie|host)$/i.test(name)) found.push(`the token may not stand in ${name}`);
  // RFC 7519 section 4.1.4; vendors that take such assertions allow ten minutes at most.
  if (mint.jwt !== undefined && (mint.jwt.lifeSeconds < 60 || mint.jwt.lifeSeconds > 600))
    found.push('the assertion lives too long or too short');
  return found;
}
