import { randomBytes, randomUUID } from 'node:crypto';
import {
  type AppCredentials,
  type AuthSpec,
  accepts,
  type Connector,
  type Credential,
  type Field,
  fieldsOf,
  type Parameter,
} from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';

/** An account of a connector whose every secret holds `planted`, and whose other values are some that its declaration takes. */
export function sampleAccount(connector: Connector, planted: string) {
  const { auth } = connector;
  const fields: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  for (const field of fieldsOf(auth)) {
    if (field.secret) secrets[field.name] = planted;
    else if (field.optional !== true || field.default !== undefined) fields[field.name] = sampleValue(field);
  }
  const app = new Secret<AppCredentials>({ client_id: 'made-up-client', client_secret: `${planted}-of-the-app` });
  return { fields, app, credential: new Secret<Credential>(credentialOf(connector, planted, secrets)) };
}

function credentialOf({ auth }: Connector, planted: string, fields: Record<string, string>): Credential {
  switch (auth.kind) {
    case 'oauth2': {
      const learned = [...(auth.captureFromToken ?? []), ...(auth.captureFromCallback ?? [])].map((p) => [p.name, sampleValue(p)]);
      return {
        kind: 'oauth2',
        access_token: planted,
        scopes: [],
        tokens: Object.fromEntries(Object.keys(auth.moreTokens ?? {}).map((name) => [name, `${planted}-${name}`])),
        extra: { ...Object.fromEntries(learned), ...auth.lookup?.example.gives[0]?.values },
      };
    }
    case 'oauth1':
      return { kind: 'oauth1', token: planted, token_secret: `${planted}-secret` };
    case 'oauth2_client_credentials':
    case 'jwt_service_account':
    case 'minted':
      return { kind: auth.kind, fields, requested_scopes: [], access_token: planted, scopes: [] };
    default:
      return { kind: auth.kind, fields };
  }
}

const hex = (digits: number) => randomBytes(digits / 2).toString('hex');

/** What a person enters into our form or before the vendor's page: new secrets each time. */
export function enteredFields(auth: AuthSpec): Record<string, string> {
  const asked = fieldsOf(auth).filter((field) => field.optional !== true);
  return Object.fromEntries(asked.map((field) => [field.name, field.secret ? sampleSecret(field) : sampleValue(field)]));
}

function sampleSecret(field: Field): string {
  const { name, pattern, placeholder } = field;
  const digits = hex(64);
  const made = [
    digits.slice(0, 32),
    digits.slice(0, 40),
    digits,
    digits.slice(0, 22),
    randomUUID(),
    digits.toUpperCase(),
    `${hex(16)}.${hex(32)}`,
  ];
  // How such keys begin is told by the pattern, or shown by the placeholder.
  const begun = /^\^?([A-Za-z]+[_-](?:[a-z0-9]+[_-])*)/.exec(pattern?.source ?? placeholder ?? '')?.[1] ?? '';
  const found = [...made, ...made.map((value) => begun + value), ...(placeholder === undefined ? [] : [placeholder])].find(
    (value) => pattern === undefined || accepts(field, value),
  );
  if (found === undefined)
    throw new Error(`no value is known for the secret ${name}: give the field a placeholder that begins as its keys do`);
  return found;
}

const guesses = [
  'acme',
  'example',
  'eu',
  'us1',
  'us-east-1',
  '12345',
  '3f1e4f0a-8d75-4c7a-8c6d-8e21b1a5a0f2',
  'https://acme.example',
  'v1',
];

function sampleValue(parameter: Parameter & Pick<Field, 'placeholder'> & { example?: string }): string {
  const { name, example, placeholder, options = [], hostSuffixes = [] } = parameter;
  const candidates = [
    parameter.default,
    example,
    placeholder,
    ...options.map(({ value }) => value),
    ...hostSuffixes.map((s) => `acme.${s}`),
  ];
  const found = [...candidates, ...hostSuffixes, ...guesses].find((value) => value !== undefined && accepts(parameter, value));
  // A placeholder is for people; here it stands for what a person would enter.
  if (found === undefined) throw new Error(`no value is known for ${name}: give the field a placeholder that fits`);
  return found;
}
