import { randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { reveal, Secret } from '@grantway/contract';
import { describe, expect, it } from 'vitest';
import { localKeyWrapper, parseMasterKey } from './master-key.ts';
import { openRecord, VaultError } from './record.ts';

describe('a master key', () => {
  it.each(['base64', 'base64url', 'hex'] as const)('is accepted as %s, with white space around it', (encoding) => {
    const key = randomBytes(32);
    for (const text of [key.toString(encoding), `\n ${key.toString(encoding)}\r\n`])
      expect(reveal(parseMasterKey(text)).equals(key)).toBe(true);
  });

  it('is accepted as hex in capitals and as base64 without its padding', () => {
    const key = randomBytes(32);
    expect(reveal(parseMasterKey(key.toString('hex').toUpperCase())).equals(key)).toBe(true);
    expect(reveal(parseMasterKey(key.toString('base64').replace(/=+$/, ''))).equals(key)).toBe(true);
  });

  it.each([1, 16, 24, 31, 33, 48, 64])('of %i bytes is refused with the command that makes a right one', (length) => {
    for (const encoding of ['base64', 'hex'] as const) {
      expect(() => parseMasterKey(randomBytes(length).toString(encoding))).toThrow('openssl rand -base64 32');
    }
  });

  it.each(['', ' ', '\n', 'not base64 at all!', 'ключ', `${'A'.repeat(42)}.=`])('is refused as %j', (text) => {
    expect(() => parseMasterKey(text)).toThrow('must be 32 random bytes');
  });

  const counting = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
  it.each([
    ['zeros', Buffer.alloc(32)],
    ['ones', Buffer.alloc(32, 0xff)],
    ['one letter', Buffer.alloc(32, 'a')],
    ['eight bytes four times', Buffer.concat(Array(4).fill(counting.subarray(0, 8)))],
    ['sixteen bytes twice', Buffer.concat(Array(2).fill(counting.subarray(0, 16)))],
    ['hex digits over and over', Buffer.from('0123456789abcdef'.repeat(4), 'hex')],
    ['counting up', counting],
    ['counting down', Buffer.from(counting).reverse()],
    ['counting in fives', Buffer.from(counting.map((n) => n * 5))],
    ['change me', Buffer.from('changeme'.repeat(4))],
    ['a sentence', Buffer.from('the quick brown fox jumps over 1')],
    ['a sentence and a line end', Buffer.from('Correct-Horse_Battery!Staple 42\n')],
    ['the alphabet', Buffer.from('abcdefghijklmnopqrstuvwxyzABCDEF')],
    ['the word default', Buffer.from('default-master-key-0123456789xyz')],
  ])('is refused when it is a placeholder: %s', (_name, bytes) => {
    expect(bytes.length).toBe(32);
    for (const encoding of ['base64', 'hex'] as const) expect(() => parseMasterKey(bytes.toString(encoding))).toThrow('placeholder');
  });

  it('that is random is never taken for a placeholder: 20 000 of them', () => {
    for (let i = 0; i < 20_000; i++) parseMasterKey(randomBytes(32).toString('base64'));
    expect(() => parseMasterKey(randomBytes(32).toString('base64'))).not.toThrow();
  });

  it('does not stand in the message that refuses it, nor in what prints it', () => {
    const text = Buffer.from('the quick brown fox jumps over 1').toString('base64');
    expect(() => parseMasterKey(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining(text.slice(0, 8)) }));
    const good = randomBytes(32);
    const shown = `${parseMasterKey(good.toString('hex'))} ${inspect(parseMasterKey(good.toString('hex')), { depth: 9, showHidden: true })}`;
    expect(shown).not.toContain(good.toString('hex').slice(0, 8));
  });
});

describe('a wrapped data key', () => {
  const wrapper = localKeyWrapper(new Secret(randomBytes(32)));
  const context = { purpose: 'record', environmentId: 'env_a', dataKeyId: randomUUID() };

  it('opens for its own purpose, environment and id only', async () => {
    const key = randomBytes(32);
    const blob = await wrapper.wrap(key, context);
    expect((await wrapper.unwrap(blob, context)).equals(key)).toBe(true);
    const wrong = [
      { ...context, purpose: 'lookup' },
      { ...context, environmentId: 'env_b' },
      { ...context, environmentId: '' },
      { ...context, dataKeyId: randomUUID() },
      { purpose: 'recorde', environmentId: 'nv_a', dataKeyId: context.dataKeyId },
    ];
    for (const other of wrong) await expect(wrapper.unwrap(blob, other)).rejects.toThrow(VaultError);
  });

  it('does not open under another master key', async () => {
    const blob = await wrapper.wrap(randomBytes(32), context);
    await expect(localKeyWrapper(new Secret(randomBytes(32))).unwrap(blob, context)).rejects.toThrow(VaultError);
  });

  it('of another length is refused, although it was wrapped here', async () => {
    const blob = await wrapper.wrap(randomBytes(16), context);
    await expect(wrapper.unwrap(blob, context)).rejects.toThrow(VaultError);
  });

  it('is not sealed under the master key itself', async () => {
    const masterKey = randomBytes(32);
    const own = localKeyWrapper(new Secret(masterKey));
    const blob = await own.wrap(randomBytes(32), context);
    const id = own.id.replace('local:', '');
    const asDataKey = { id: `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-0000-000000000000`, key: masterKey };
    const fields = ['data_key_wraps', context.purpose, context.environmentId, context.dataKeyId];
    expect(() => openRecord(asDataKey, fields, blob)).toThrow(VaultError);
  });

  it('names its master key by a fingerprint that is stable, differs, and holds nothing of the key', () => {
    const masterKey = randomBytes(32);
    const { id } = localKeyWrapper(new Secret(masterKey));
    expect(id).toMatch(/^local:[0-9a-f]{16}$/);
    expect(localKeyWrapper(new Secret(Buffer.from(masterKey))).id).toBe(id);
    expect(localKeyWrapper(new Secret(randomBytes(32))).id).not.toBe(id);
    expect(masterKey.toString('hex')).not.toContain(id.slice(6));
  });
});
