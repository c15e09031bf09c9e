import { reveal, type Secret } from '@grantway/contract';
import type { KeyWrapper, WrapContext } from '../master-key.ts';
import { type AwsCredentials, signAwsRequest } from './aws-signature.ts';
import { askForJson, KeyServiceError, type Send, stringOf } from './key-service.ts';

export interface AwsKmsOptions {
  /** arn:aws:kms:<region>:<account>:key/<id>. Not an alias: what an alias points to can change under us. */
  keyArn: string;
  credentials: Secret<AwsCredentials>;
  /** Default: https://kms.<region>.amazonaws.com */
  endpoint?: string;
  send: Send;
}

const arn = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\/[A-Za-z0-9-]+$/;

/** AWS KMS, TrentService (docs.aws.amazon.com/kms/latest/APIReference). The context is its EncryptionContext and stands in CloudTrail. */
export function awsKmsWrapper({ keyArn, credentials, endpoint, send }: AwsKmsOptions): KeyWrapper {
  const region = arn.exec(keyArn)?.[1];
  if (region === undefined) throw new Error('an AWS KMS key is named by its key ARN, arn:aws:kms:<region>:<account>:key/<id>');
  const id = `aws:${keyArn}`;
  const url = `${endpoint ?? `https://kms.${region}.amazonaws.com`}/`;

  async function ask(action: 'Encrypt' | 'Decrypt', input: Record<string, unknown>): Promise<Record<string, unknown>> {
    const body = JSON.stringify({ KeyId: keyArn, ...input });
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` };
    const signed = signAwsRequest(
      { method: 'POST', url, headers, body },
      { region: region as string, service: 'kms' },
      reveal(credentials),
      new Date(),
    );
    const answer = await askForJson(send, id, { method: 'POST', url, headers: signed, body });
    // Without this a caller of ours could be handed what another key wrapped.
    if (answer['KeyId'] !== keyArn) throw new KeyServiceError(id, 'answered for another key');
    return answer;
  }
  const EncryptionContext = (c: WrapContext) => ({
    'grantway:purpose': c.purpose,
    'grantway:environment': c.environmentId === '' ? 'installation' : c.environmentId,
    'grantway:data_key': c.dataKeyId,
  });
  return {
    id,
    wrap: async (key, c) =>
      Buffer.from(
        stringOf(
          id,
          await ask('Encrypt', { Plaintext: key.toString('base64'), EncryptionContext: EncryptionContext(c) }),
          'CiphertextBlob',
        ),
        'base64',
      ),
    unwrap: async (blob, c) =>
      Buffer.from(
        stringOf(
          id,
          await ask('Decrypt', { CiphertextBlob: blob.toString('base64'), EncryptionContext: EncryptionContext(c) }),
          'Plaintext',
        ),
        'base64',
      ),
  };
}
