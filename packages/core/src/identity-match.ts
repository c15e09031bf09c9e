import type { ProviderAccount } from '@grantway/connector-kit';
import { Fault } from '@grantway/contract';
import type { StoredIdentityMatch } from '@grantway/db';

/**
 * Whether the account that the provider named may be this user's (security.md A03). It holds even where a link was used by
 * somebody else. An account that does not tell what the policy asks for does not pass.
 * @throws Fault identity_mismatch
 */
export function matchIdentity(match: StoredIdentityMatch, account: ProviderAccount, identifier: string): void {
  if (!fits(match, account, identifier)) {
    throw new Fault('identity_mismatch', {
      detail: 'the provider account that answered is not one that this user may connect',
      internal: `identity policy ${match.policy}`,
    });
  }
}

function fits({ policy, value }: StoredIdentityMatch, { email, team }: ProviderAccount, identifier: string): boolean {
  switch (policy) {
    case 'any':
      return true;
    case 'email':
      return email !== undefined && email !== '' && sameAddress(email, value ?? identifier);
    case 'domain':
      return email !== undefined && value !== undefined && domainOf(email) === value.toLowerCase() && value !== '';
    case 'team':
      return team !== undefined && value !== undefined && team === value;
  }
}

/** Domains know no case (RFC 5321 section 2.4); what stands before the at sign is compared as it is. */
function sameAddress(a: string, b: string): boolean {
  const [x, y] = [split(a), split(b)];
  return x !== undefined && y !== undefined && x.local === y.local && x.domain === y.domain;
}

function domainOf(address: string): string | undefined {
  return split(address)?.domain;
}

function split(address: string): { local: string; domain: string } | undefined {
  const at = address.lastIndexOf('@');
  // One at sign only: a quoted local part may hold another, and would make two readers disagree.
  if (at <= 0 || at !== address.indexOf('@') || at === address.length - 1) return undefined;
  return { local: address.slice(0, at), domain: address.slice(at + 1).toLowerCase() };
}
