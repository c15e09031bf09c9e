import type { OAuth2Auth } from '@grantway/connector-kit';

/** Reads a connector's authorization parameters back into scope names: the inverse of what the connector sends. */
export interface ScopeReader {
  /** Names of the parameters that carry scopes. */
  params: string[];
  /** Declared scopes in the request, and the words in it that are no declared scope. */
  read(request: URLSearchParams): { scopes: string[]; unknown: string[] };
  /** The parameters in which this scope was asked for. */
  paramsOf(scope: string): string[];
  /** The vendor's own words for these scopes: what its answers and its API know. */
  words(scopes: string[]): string[];
}

/**
 * With `scopeParams` the vendor's parameter names and wording are learned by calling it: once with nothing, for what it
 * always sends, and once for each scope, for where that one goes.
 */
export function scopeReader(auth: OAuth2Auth): ScopeReader {
  const write = auth.scopeParams ?? ((scopes: string[]) => ({ scope: scopes.join(auth.scopeSeparator) }));
  const words = (text: string) => text.split(auth.scopeSeparator).filter((word) => word !== '');
  const always = new Set(Object.entries(write([])).flatMap(([param, text]) => words(text).map((word) => `${param} ${word}`)));
  const params = new Set(Object.keys(write(Object.keys(auth.scopes))));
  const meaning = new Map<string, string>();
  for (const scope of Object.keys(auth.scopes)) {
    for (const [param, text] of Object.entries(write([scope]))) {
      params.add(param);
      for (const word of words(text)) if (!always.has(`${param} ${word}`)) meaning.set(`${param} ${word}`, scope);
    }
  }
  const named = (scope: string) => [...meaning].filter(([, known]) => known === scope).map(([key]) => key.slice(key.indexOf(' ') + 1));
  return {
    params: [...params],
    paramsOf: (scope) => [...meaning].filter(([, known]) => known === scope).map(([key]) => key.slice(0, key.indexOf(' '))),
    words: (scopes) => [...new Set(scopes.flatMap(named))],
    read(request) {
      const scopes = new Set<string>();
      const unknown = new Set<string>();
      for (const param of params) {
        for (const word of request.getAll(param).flatMap(words)) {
          const scope = meaning.get(`${param} ${word}`);
          if (scope !== undefined) scopes.add(scope);
          else if (!always.has(`${param} ${word}`)) unknown.add(word);
        }
      }
      return { scopes: [...scopes], unknown: [...unknown] };
    },
  };
}
