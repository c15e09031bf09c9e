import { accepts, type Parameter } from './parameters.ts';

/** The `{names}` in a template. */
export function placeholders(template: string): string[] {
  return [...template.matchAll(/\{([a-z][a-z0-9_]*)\}/g)].map((m) => m[1] as string);
}

const hostPart = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;
const segmentPart = /^[a-z0-9_~-][a-z0-9._~-]*$/i;

/**
 * The URL of a template, its parameters filled in. Every value is held against its declaration here, wherever it came from
 * and whatever was checked before.
 * @throws RangeError where a value is missing or does not fit
 */
export function fillUrl(template: string, parameters: readonly Parameter[], values: Readonly<Record<string, string>>): URL {
  const whole = wholeOf(template, parameters);
  if (whole !== undefined) return new URL(valueFor(whole.name, parameters, values));
  const filled = template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_whole, name: string, at: number) => {
    const value = valueFor(name, parameters, values);
    if (!(isInHost(template, at) ? hostPart : segmentPart).test(value)) throw new RangeError(`the field ${name} may not stand in a URL`);
    return value;
  });
  const url = new URL(filled);
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new RangeError('the URL is not a plain one');
  }
  return url;
}

/** A constant header's value. @throws RangeError */
export function fillText(template: string, parameters: readonly Parameter[], values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_whole, name: string) => valueFor(name, parameters, values));
}

/** The parameter that is the whole URL. */
function wholeOf(template: string, parameters: readonly Parameter[]): Parameter | undefined {
  const name = /^\{([a-z][a-z0-9_]*)\}$/.exec(template)?.[1];
  return parameters.find((p) => p.name === name && p.operatorUrl === true);
}

function valueFor(name: string, parameters: readonly Parameter[], values: Readonly<Record<string, string>>): string {
  const parameter = parameters.find((p) => p.name === name);
  const value = Object.hasOwn(values, name) ? values[name] : parameter?.default;
  if (parameter === undefined || value === undefined || !accepts(parameter, value)) throw new RangeError(`the field ${name} does not fit`);
  return value;
}

export function isInHost(template: string, at: number): boolean {
  const end = template.indexOf('/', template.indexOf('//') + 2);
  return end === -1 || at < end;
}

/**
 * What is wrong with a URL that a connector declares, or undefined. https, a plain host, no user, no fragment, and nothing
 * but unreserved characters and separators: no scheme that a browser would run, no character that a shell would
 * (security.md A13).
 */
export function urlTemplateProblem(template: string, parameters: readonly Parameter[]): string | undefined {
  if (placeholders(template).some((name) => parameters.some((p) => p.name === name && p.operatorUrl === true))) {
    return 'holds a whole URL of the operator, which is for api.baseUrl alone';
  }
  const shape = /^https:\/\/[a-z0-9.{}_-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._~%{}/+@:=-]*)?(?:\?[A-Za-z0-9._~%+:/=&-]*)?$/;
  if (!shape.test(template)) return 'is not a plain https URL';
  for (const match of template.matchAll(/\{([^}]*)\}/g)) {
    const name = match[1] as string;
    const parameter = parameters.find((p) => p.name === name);
    if (parameter === undefined) return `holds {${name}}, which is no parameter`;
    if (parameter.pattern === undefined && parameter.options === undefined && parameter.hostSuffixes === undefined) {
      return `holds {${name}}, which has no options, pattern or host suffixes`;
    }
    if (!isInHost(template, match.index)) continue;
    const rest = template.slice(match.index + match[0].length);
    const endsHost = rest === '' || /^[:/]/.test(rest);
    if (endsHost && parameter.options === undefined && parameter.hostSuffixes === undefined) {
      return `ends its host with {${name}}, which needs options or host suffixes`;
    }
    if (!endsHost && parameter.hostSuffixes !== undefined) return `holds the host {${name}} in the middle of a host`;
    const taken = hostile.find((text) => accepts(parameter, text));
    if (taken !== undefined) return `would take ${JSON.stringify(taken)} for {${name}} in its host`;
  }
  const sample = template.replace(/\{[^}]*\}/g, 'x');
  if (/[{}]/.test(sample) || !URL.canParse(sample)) return 'cannot be parsed';
  const url = new URL(sample);
  // What is parsed and written again must be the same, or two readers could see two hosts.
  if (url.href !== sample && url.href !== `${sample}/`) return 'is not written as it is read';
  return undefined;
}

const hostile = ['evil.example/', 'a@evil.example', 'a:80', 'a/b', 'a\\b', 'a?b', 'a#b', '..', '.a', 'a.', 'a b', 'a\nb', 'a%2e', '{a}'];
