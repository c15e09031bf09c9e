import { readFileSync } from 'node:fs';
import { reveal, Secret } from '@grantway/contract';
import { createEgress } from '@grantway/egress';
import {
  awsKmsWrapper,
  azureKeyVaultWrapper,
  breakGlassWrapper,
  type GcpServiceAccount,
  gcpKmsWrapper,
  type KeySources,
  type KeyWrapper,
  localKeyWrapper,
  transitWrapper,
} from '@grantway/vault';
import { ConfigError, isLoopback, type KeySettings } from './config.ts';
import { readMasterKey } from './data-dir.ts';

/**
 * Makes wrappers of the settings. Key services are reached through an egress of their own, which lets through exactly the
 * hosts that the operator named: they often have private addresses, and nothing else may go there.
 *
 * @throws ConfigError with every problem at once
 */
export function openMasterKeys(
  settings: KeySettings,
  masterKey: Secret<Buffer> | undefined,
): { sources: KeySources; close(): Promise<void> } {
  const problems: string[] = [];
  const hosts = new Set<string>();
  const allowed = (name: string, text: string): string => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname)))) {
      throw new Error(`${name} must be an https address`);
    }
    hosts.add(`${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`);
    return text.replace(/\/$/, '');
  };
  // Made after the last host is known.
  let egress: ReturnType<typeof createEgress> | undefined;
  const send = (request: Parameters<NonNullable<typeof egress>['send']>[0]) => (egress as NonNullable<typeof egress>).send(request);

  const attempt = <T>(name: string, make: () => T): T | undefined => {
    try {
      return make();
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const needed = <T>(name: string, value: T | undefined): T => {
    if (value === undefined) throw new Error(`${name} is required for it`);
    return value;
  };

  const kinds: Record<string, (key: string) => KeyWrapper> = {
    file: (file) => localKeyWrapper(readMasterKey(file)),
    aws(keyArn) {
      const { accessKeyId, secretAccessKey, sessionToken, endpoint } = settings.aws;
      const credentials = new Secret({
        accessKeyId: needed('AWS_ACCESS_KEY_ID', accessKeyId),
        secretAccessKey: reveal(needed('AWS_SECRET_ACCESS_KEY', secretAccessKey)),
        ...(sessionToken === undefined ? {} : { sessionToken: reveal(sessionToken) }),
      });
      const region = keyArn.split(':')[3] ?? '';
      const url = allowed('AWS_ENDPOINT_URL_KMS', endpoint ?? `https://kms.${region}.amazonaws.com`);
      return awsKmsWrapper({ keyArn, credentials, endpoint: url, send });
    },
    gcp(keyName) {
      const file = needed('GOOGLE_APPLICATION_CREDENTIALS', settings.googleCredentialsFile);
      const account = JSON.parse(readFileSync(file, 'utf8')) as GcpServiceAccount;
      if (typeof account.client_email !== 'string' || typeof account.private_key !== 'string') {
        throw new Error('GOOGLE_APPLICATION_CREDENTIALS is not the file of a service account');
      }
      allowed('its token_uri', account.token_uri ?? 'https://oauth2.googleapis.com/token');
      allowed('Cloud KMS', 'https://cloudkms.googleapis.com');
      return gcpKmsWrapper({ keyName, serviceAccount: new Secret(account), send });
    },
    azure(keyId) {
      const credentials = new Secret({
        tenantId: needed('AZURE_TENANT_ID', settings.azure.tenantId),
        clientId: needed('AZURE_CLIENT_ID', settings.azure.clientId),
        clientSecret: reveal(needed('AZURE_CLIENT_SECRET', settings.azure.clientSecret)),
      });
      allowed('Entra ID', 'https://login.microsoftonline.com');
      return azureKeyVaultWrapper({ keyId: allowed('the key', keyId), credentials, send });
    },
    transit(key) {
      const { namespace } = settings.vault;
      const token = needed('VAULT_TOKEN', settings.vault.token);
      return transitWrapper({ key: allowed('the key', key), token, send, ...(namespace === undefined ? {} : { namespace }) });
    },
  };
  const made = new Map<string, KeyWrapper>();
  const wrapperOf = (source: string): KeyWrapper => {
    const known = made.get(source);
    if (known !== undefined) return known;
    const at = source.indexOf(':');
    const kind = kinds[source.slice(0, at)];
    if (kind === undefined) throw new Error('a key starts with aws:, gcp:, azure:, transit: or file:');
    const wrapper = kind(source.slice(at + 1));
    made.set(source, wrapper);
    return wrapper;
  };

  const primary = attempt('the master key', () =>
    settings.source === undefined ? localKeyWrapper(needed('GRANTWAY_MASTER_KEY', masterKey)) : wrapperOf(settings.source),
  );
  const { second, breakGlassFile } = settings;
  const more = [
    second === undefined ? undefined : attempt('GRANTWAY_SECOND_KEY', () => wrapperOf(second)),
    breakGlassFile === undefined
      ? undefined
      : attempt('GRANTWAY_BREAK_GLASS_KEY_FILE', () => breakGlassWrapper(readFileSync(breakGlassFile, 'utf8'))),
  ].filter((wrapper) => wrapper !== undefined);
  const byEnvironment = new Map<string, KeyWrapper>();
  for (const { environmentId, source } of settings.byEnvironment) {
    const wrapper = attempt(`GRANTWAY_ENVIRONMENT_KEYS, ${environmentId}`, () => wrapperOf(source));
    if (wrapper !== undefined) byEnvironment.set(environmentId, wrapper);
  }
  if (primary === undefined || problems.length > 0) throw new ConfigError(problems);
  if (more.some(({ id }) => id === primary.id)) throw new ConfigError(['GRANTWAY_SECOND_KEY is the master key itself']);
  egress = createEgress({ allowHosts: [...hosts], userAgent: 'grantway' });
  return { sources: { primary, more, byEnvironment }, close: () => (egress as NonNullable<typeof egress>).close() };
}
