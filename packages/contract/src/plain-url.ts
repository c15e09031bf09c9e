/**
 * Whether the text is an absolute http or https URL that no two readers could take differently: a plain host (no character
 * that a shell would run), no user, no fragment, and written as a parser writes it again (security.md A13).
 */
export function isPlainUrl(text: string): boolean {
  if (!/^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?(?:[/?][^\s\\#]*)?$/.test(text) || !URL.canParse(text)) return false;
  const { href, username, password } = new URL(text);
  return username === '' && password === '' && (href === text || href === `${text}/`);
}
