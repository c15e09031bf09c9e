import { appRevocationProblems } from './app-revocation.ts';
import { type ApiKeyAuth, type AuthSpec, fieldsOf, type OAuth2Auth, parametersOf, templatesOf } from './auth.ts';
import { baseUrlFor, hostsProblems } from './hosts.ts';
import { accepts, isHostSuffix, type Parameter } from './parameters.ts';
import type { ApiRequest } from './request.ts';
import { placeholders, urlTemplateProblem } from './url-template.ts';

const nameShape = /^[a-z][a-z0-9_]*$/;
const headerShape = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** What is wrong with what a connector declares about parameters, URLs and templates; empty when nothing is. */
export function authProblems({
  auth,
  api,
  identify,
}: {
  auth: AuthSpec;
  api: { baseUrl: string; hosts?: Record<string, string>; headers?: Record<string, string> };
  identify: { request: ApiRequest };
}): string[] {
  const parameters = parametersOf(auth);
  const problems = parameters.flatMap((p) => parameterProblems(p, parameters));
  const url = (name: string, template: string | undefined, allowed: readonly Parameter[]) => {
    const problem = template === undefined ? undefined : urlTemplateProblem(template, allowed);
    if (problem !== undefined) problems.push(`${name} ${problem}`);
  };
  const whole = parameters.find((p) => p.operatorUrl === true && api.baseUrl === `{${p.name}}`);
  if (whole === undefined) url('api.baseUrl', api.baseUrl, parameters);
  problems.push(...operatorProblems(auth, api));
  if (/\?/.test(api.baseUrl)) problems.push('api.baseUrl holds a query');
  problems.push(...hostsProblems(api));
  const ofAuth = [
    identify.request,
    'revocation' in auth ? auth.revocation : undefined,
    auth.kind === 'oauth2' ? auth.lookup?.request : undefined,
    auth.kind === 'oauth2' ? auth.revocationByApp : undefined,
  ];
  for (const request of ofAuth) {
    if (request !== undefined && baseUrlFor(api, request) === undefined) problems.push(`${request.path} names the host ${request.host}`);
  }
  for (const [name, template] of Object.entries(api.headers ?? {})) {
    if (!headerShape.test(name)) problems.push(`api.headers.${name} is no header name`);
    for (const held of placeholders(template)) {
      if (!parameters.some((p) => p.name === held)) problems.push(`{${held}} in api.headers is no parameter`);
    }
  }
  if (auth.kind === 'api_key') problems.push(...placeProblems(auth));
  if (auth.kind !== 'oauth2') return problems;

  // The person's browser is sent away before anything else is known; the token endpoint may be told by the redirect back.
  const asked = fieldsOf(auth);
  url('authorizeUrl', auth.authorizeUrl, asked);
  const beforeToken = [...asked, ...(auth.captureFromCallback ?? [])];
  url('tokenUrl', auth.tokenUrl, beforeToken);
  url('revokeUrl', auth.revokeUrl, parameters);
  return [...problems, ...oauthProblems(auth, api.baseUrl, parameters)];
}

function oauthProblems(auth: OAuth2Auth, baseUrl: string, parameters: readonly Parameter[]): string[] {
  const problems: string[] = [];
  for (const field of fieldsOf(auth)) if (field.secret) problems.push(`the field ${field.name} of an OAuth connector is secret`);
  if (auth.clientAuthentication === 'none' && auth.pkce !== 'S256') problems.push('a public client needs PKCE');
  if (auth.defaultLifeSeconds !== undefined && !(Number.isInteger(auth.defaultLifeSeconds) && auth.defaultLifeSeconds >= 30)) {
    problems.push('defaultLifeSeconds');
  }
  for (const scope of [...Object.keys(auth.scopeCovers ?? {}), ...(auth.unlistedScopes ?? [])]) {
    if (auth.scopes[scope] === undefined && auth.scopeCovers?.[scope] === undefined) problems.push(`${scope} is no scope`);
  }
  if (auth.leewaySeconds !== undefined && !(auth.rotationClass === 'C' && Number.isInteger(auth.leewaySeconds) && auth.leewaySeconds > 0)) {
    problems.push('leewaySeconds');
  }
  const { offline } = auth;
  if (offline !== undefined && 'scope' in offline && !auth.defaultScopes.includes(offline.scope)) {
    problems.push(`offline: ${offline.scope} is not asked for`);
  }
  for (const [name, value] of offline !== undefined && 'params' in offline ? Object.entries(offline.params) : []) {
    if (auth.authorizeParams?.[name] !== value) problems.push(`offline: ${name} is not sent`);
  }
  for (const { name, pointer } of auth.captureFromToken ?? []) {
    if (!pointer.startsWith('/')) problems.push(`the pointer of ${name}`);
  }
  for (const capture of auth.captureFromCallback ?? []) {
    if (['state', 'code', 'error', 'iss'].includes(capture.parameter)) problems.push(`${capture.name} is taken from ${capture.parameter}`);
  }
  for (const [parameter, template] of Object.entries(auth.verifyCallback?.equals ?? {})) {
    if (['state', 'code', 'error', 'iss'].includes(parameter)) problems.push(`verifyCallback.equals.${parameter}`);
    for (const name of placeholders(template)) {
      if (!fieldsOf(auth).some((f) => f.name === name)) problems.push(`{${name}} in verifyCallback is no field`);
    }
  }
  if (auth.verifyCallback?.signature !== undefined && auth.clientAuthentication === 'none') {
    problems.push('a public client has no secret to check a signature with');
  }
  if (auth.revocationByApp !== undefined) {
    if (auth.clientAuthentication === 'none') problems.push('a public client cannot ask for a revocation by its secret');
    problems.push(...appRevocationProblems(auth.revocationByApp).map((problem) => `revocationByApp: ${problem}`));
  }
  const tokens = Object.entries(auth.moreTokens ?? {});
  for (const [name, pointer] of tokens) {
    if (!nameShape.test(name) || name === 'access_token' || !pointer.startsWith('/')) problems.push(`moreTokens.${name}`);
  }
  if (auth.tokenHeaders !== undefined) {
    const known = ['access_token', ...tokens.map(([name]) => name), ...parameters.map((p) => p.name)];
    const held = Object.entries(auth.tokenHeaders).flatMap(([header, template]) => {
      if (!headerShape.test(header) || !/^[\x20-\x7e]+$/.test(template)) problems.push(`tokenHeaders.${header}`);
      return placeholders(template);
    });
    for (const name of held) if (!known.includes(name)) problems.push(`{${name}} in tokenHeaders is nothing known`);
    if (!held.includes('access_token')) problems.push('tokenHeaders send no access token');
  }
  const { lookup } = auth;
  if (lookup !== undefined) {
    if (lookup.captures.length === 0) problems.push('the lookup captures nothing');
    if (!/^[a-z][a-z ]{1,30}$/.test(lookup.noun)) problems.push('lookup.noun');
    const others = parameters.filter((p) => !lookup.captures.includes(p));
    const problem = urlTemplateProblem(lookup.baseUrl ?? baseUrl, others);
    if (problem !== undefined) problems.push(`lookup.baseUrl ${problem}`);
    if (!lookup.request.path.startsWith('/')) problems.push('lookup.request');
    for (const choice of lookup.example.gives) {
      for (const p of lookup.captures) {
        if (!accepts(p, choice.values[p.name] ?? '')) problems.push(`the lookup's example does not fit ${p.name}`);
      }
    }
  }
  return problems;
}

/** A whole URL is the operator's, and stands nowhere but in the base URL; so does the name of a header. */
function operatorProblems(auth: AuthSpec, api: { headers?: Record<string, string> }): string[] {
  const problems: string[] = [];
  const fields = fieldsOf(auth);
  for (const { name, setBy, secret, default: preset, pattern, options, hostSuffixes, operatorUrl } of fields) {
    if (setBy === 'operator' && secret) problems.push(`${name}: a secret is not the operator's to set`);
    if (operatorUrl !== true) continue;
    if (setBy !== 'operator') problems.push(`${name}: a whole URL is for the operator to set`);
    if ([preset, pattern, options, hostSuffixes].some((other) => other !== undefined))
      problems.push(`${name}: a whole URL has no other rule`);
    if (
      [...Object.values(api.headers ?? {}), ...(auth.kind === 'oauth2' || auth.kind === 'oauth1' ? [] : templatesOf(auth))].some((t) =>
        placeholders(t).includes(name),
      )
    )
      problems.push(`${name}: a whole URL stands in a header`);
  }
  for (const header of auth.kind === 'api_key' ? Object.keys(auth.headers) : []) {
    const held = placeholders(header);
    const field = fields.find((f) => header === `{${f.name}}`);
    if (held.length > 0 && (field?.setBy !== 'operator' || field.pattern === undefined)) problems.push(`auth.headers.${header}`);
  }
  return problems;
}

function parameterProblems(parameter: Parameter, all: readonly Parameter[]): string[] {
  const { name, pattern, hostSuffixes } = parameter;
  const problems: string[] = [];
  if (!nameShape.test(name) || ['access_token', 'refresh_token', 'id_token'].includes(name)) problems.push(`${name} is no parameter name`);
  if (all.filter((p) => p.name === name).length > 1) problems.push(`the parameter ${name} is declared twice`);
  if (hostSuffixes !== undefined && (hostSuffixes.length === 0 || !hostSuffixes.every(isHostSuffix))) {
    problems.push(`${name}: a host suffix is a name of two labels at least, in lower case`);
  }
  if (pattern !== undefined && !(pattern.source.startsWith('^') && pattern.source.endsWith('$') && !/[gmy]/.test(pattern.flags))) {
    problems.push(`${name}: the pattern is not anchored`);
  }
  return problems;
}

function placeProblems(auth: ApiKeyAuth): string[] {
  const problems: string[] = [];
  const { headers, query = {}, pathPrefix } = auth;
  if (Object.keys(headers).length + Object.keys(query).length === 0 && pathPrefix === undefined) problems.push('the key is placed nowhere');
  for (const name of Object.keys(query)) if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(name)) problems.push(`auth.query.${name}`);
  if (pathPrefix !== undefined && !/^\/(?:[A-Za-z0-9._~-]|\{[a-z][a-z0-9_]*\})+$/.test(pathPrefix)) problems.push('auth.pathPrefix');
  return problems;
}
