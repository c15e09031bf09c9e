/**
 * Whether a text holds nothing but plain e-mail addresses of some domains: `a@example.com`, or several with commas between
 * them. Whoever reads it afterwards may know more forms of an address (RFC 5322 section 3.4: names, angle brackets,
 * comments, quoted local parts, groups, routes) and could see another domain in it than we do: all of them are refused.
 * So are domains that are written in other letters or as an address literal, final dots, empty places and anything over
 * the limits of RFC 5321 section 4.5.3.1.
 */
export function areAddressesOf(text: string, domains: ReadonlySet<string>): boolean {
  return text.length <= maxLength && text.split(',').every((part) => isAddressOf(trimmed(part), domains));
}

const maxLength = 50_000;

/** RFC 5322 dot-atom without `%` and `!`, which once routed mail on to another host. */
const localPart = /^[A-Za-z0-9#$&'*+\-/=?^_`{|}~]+(?:\.[A-Za-z0-9#$&'*+\-/=?^_`{|}~]+)*$/;

function isAddressOf(address: string, domains: ReadonlySet<string>): boolean {
  const at = address.indexOf('@');
  if (at < 1 || at > 64 || address.length > 254) return false;
  return localPart.test(address.slice(0, at)) && domains.has(lowered(address.slice(at + 1)));
}

/** Spaces and nothing else: line ends begin headers. */
function trimmed(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && text[from] === ' ') from++;
  while (to > from && text[to - 1] === ' ') to--;
  return text.slice(from, to);
}

/** ASCII letters only: there are others whose small form is an ASCII letter, such as the Kelvin sign. */
function lowered(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostName = new RegExp(`^(?:${label}\\.)+${label}$`);

/** A domain of a rule as it is compared; undefined for what is none. International ones are written in their `xn--` form. */
export function ruleDomain(text: string): string | undefined {
  const domain = lowered(text);
  return domain.length <= 253 && hostName.test(domain) ? domain : undefined;
}
