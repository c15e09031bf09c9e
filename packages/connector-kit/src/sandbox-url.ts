/**
 * Where the sandbox stands in for a vendor's URL: `https://api.linear.app/graphql` becomes
 * `<sandbox origin>/api.linear.app/graphql`. One rule for API, token and authorization endpoints.
 */
export function sandboxUrl(url: string, sandboxOrigin: string): string {
  const { host, pathname, search } = new URL(url);
  return `${sandboxOrigin}/${host}${pathname === '/' ? '' : pathname}${search}`;
}
