import type { ApiRequest } from './request.ts';
import { urlTemplateProblem } from './url-template.ts';

interface Api {
  baseUrl: string;
  hosts?: Record<string, string>;
}

/** The URL that a request's path stands below, its parameters not filled in; undefined where it names a host that is not declared. */
export function baseUrlFor(api: Api, { host }: Pick<ApiRequest, 'host'>): string | undefined {
  if (host === undefined) return api.baseUrl;
  return api.hosts !== undefined && Object.hasOwn(api.hosts, host) ? api.hosts[host] : undefined;
}

/** Every URL below which requests of the connector may stand. */
export function baseUrlsOf(api: Api): string[] {
  return [api.baseUrl, ...Object.values(api.hosts ?? {})];
}

/** What is wrong with further hosts: they are whole already, since nothing that is learned with an account chooses among them. */
export function hostsProblems({ hosts = {} }: Api): string[] {
  return Object.entries(hosts).flatMap(([name, url]) => {
    if (!/^[a-z][a-z0-9_]{0,30}$/.test(name)) return [`${JSON.stringify(name)} is no name of a host`];
    const problem = urlTemplateProblem(url, []) ?? (/[?@]/.test(url) ? 'holds more than a host and a path' : undefined);
    return problem === undefined ? [] : [`api.hosts.${name} ${problem}`];
  });
}
