/**
 * Whether a text is the whole base URL of an operator's own service: scheme, a name or IPv4 address, perhaps a port, perhaps plain
 * path segments, and written in the one way in which it is read. What it leads to is judged by egress: plain http and private
 * addresses need the operator's explicit exception there.
 */
export function isOperatorUrl(text: string): boolean {
  const shape = /^https?:\/\/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[1-9]\d{0,4})?(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;
  if (!shape.test(text) || !URL.canParse(text)) return false;
  const { href, origin, pathname, username, password, search, hash } = new URL(text);
  const written = pathname === '/' ? origin : origin + pathname;
  return written === text && (href === text || href === `${text}/`) && username + password + search + hash === '';
}
