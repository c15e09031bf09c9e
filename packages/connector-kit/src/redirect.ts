/** Where a worked example's answer leads to, in the place of the file itself. */
export function redirectIn({ status = 200, headers = {} }: { status?: number; headers?: Record<string, string> }): string | undefined {
  return status >= 300 && status < 400 ? Object.entries(headers).find(([name]) => name.toLowerCase() === 'location')?.[1] : undefined;
}
