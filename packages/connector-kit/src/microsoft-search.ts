import type { ApiRequest } from './request.ts';

/** Where the next page of a search in Microsoft Graph begins (`POST /search/query`); its answers say only whether there is one. */
export function nextHit({ json }: ApiRequest, isMore: boolean): string | null {
  const [{ from, size }] = (json as { requests: [{ from: number; size: number }] }).requests;
  return isMore ? String(from + size) : null;
}
