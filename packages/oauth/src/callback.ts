import { capture, fieldsOf, fillText } from '@grantway/connector-kit';
import { Fault } from '@grantway/contract';
import { isSignedByClientSecret } from './client-authentication.ts';
import { type OAuthApp, withValues } from './oauth-app.ts';

/**
 * Judges the query of the redirect back and takes the connector's parameters out of it, before the code is used. `values`
 * are those that the flow began with. Only what the connector declares is looked at.
 * @throws Fault consent_failed
 */
export function readCallback(operatorsApp: OAuthApp, query: URLSearchParams, values: Record<string, string>): Record<string, string> {
  const { auth } = operatorsApp.connector;
  const app = withValues(operatorsApp, values);
  const names = [...query.keys()];
  if (auth.verifyCallback !== undefined && new Set(names).size !== names.length) throw refused('a parameter came twice');

  const { signature, equals = {} } = auth.verifyCallback ?? {};
  if (signature !== undefined) {
    const given = query.get(signature.parameter) ?? '';
    const signed = [...query]
      .filter(([name]) => name !== signature.parameter)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([name, value]) => `${name}=${value}`)
      .join('&');
    if (!isSignedByClientSecret(app, signed, given)) throw refused('the signature of the redirect does not fit');
  }
  for (const [name, template] of Object.entries(equals)) {
    if (query.get(name) !== fillText(template, fieldsOf(auth), app.values ?? {})) throw refused(`${name} is not what was asked for`);
  }

  const found = capture(auth.captureFromCallback ?? [], ({ parameter }) => {
    const all = query.getAll(parameter);
    return all.length > 1 ? all : all[0];
  });
  if (found.missing.length > 0) throw refused(`the redirect has no ${found.missing.join(', ')} that could be used`);
  return found.values;
}

function refused(internal: string): Fault {
  return new Fault('consent_failed', { detail: 'The provider’s answer is not the one that was asked for.', internal });
}
