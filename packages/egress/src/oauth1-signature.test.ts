import { describe, expect, it } from 'vitest';
import { type OAuth1Request, oauth1Authorization, signatureBase, signOAuth1 } from './oauth1-signature.ts';

/** The parameters of an Authorization header, decoded. */
const read = (header: string) =>
  Object.fromEntries(
    [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name as string, decodeURIComponent(value as string)]),
  );

describe('RFC 5849, the worked examples', () => {
  it('section 3.4.1.1: the signature base string', () => {
    const base = signatureBase(
      'POST',
      new URL('http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b'),
      [
        ['oauth_consumer_key', '9djdj82h48djs9d2'],
        ['oauth_token', 'kkk9d7dh3k39sjv7'],
        ['oauth_signature_method', 'HMAC-SHA1'],
        ['oauth_timestamp', '137131201'],
        ['oauth_nonce', '7d8f3e4a'],
      ],
      'c2&a3=2+q',
    );
    expect(base).toBe(
      'POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26' +
        'oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26' +
        'oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7',
    );
    // As erratum 2550 corrects it.
    expect(signOAuth1(base, 'j49sk3j29djd', 'dh893hdasih9')).toBe('r6/TJjbCOr97/+UU0NsvSne7s5g=');
  });

  const consumer = { key: 'dpf43f3p2l4k3l03', secret: 'kd94hf93k423kf44' };
  const sign = (request: Omit<OAuth1Request, 'consumer' | 'realm'>) => read(oauth1Authorization({ ...request, consumer, realm: 'Photos' }));

  it('section 1.2: temporary credentials', () => {
    const url = new URL('https://photos.example.net/initiate');
    const more = { oauth_callback: 'http://printer.example.com/ready' };
    expect(sign({ method: 'POST', url, more, timestamp: 137131200, nonce: 'wIjqoS' })).toEqual({
      realm: 'Photos',
      oauth_consumer_key: 'dpf43f3p2l4k3l03',
      oauth_signature_method: 'HMAC-SHA1',
      oauth_timestamp: '137131200',
      oauth_nonce: 'wIjqoS',
      oauth_callback: 'http://printer.example.com/ready',
      oauth_signature: '74KNZJeDHnMBp0EMJ9ZHt/XKycU=',
    });
  });

  it('section 1.2: token credentials', () => {
    const url = new URL('https://photos.example.net/token');
    const token = { token: 'hh5s93j4hdidpola', secret: 'hdhd0244k9j7ao03' };
    const signed = sign({
      method: 'POST',
      url,
      token,
      more: { oauth_verifier: 'hfdp7dh39dks9884' },
      timestamp: 137131201,
      nonce: 'walatlh',
    });
    expect(signed.oauth_signature).toBe('gKgrFCywp7rO0OXSjdot/IHF7IU=');
  });

  it('section 1.2: a photo', () => {
    const url = new URL('http://photos.example.net/photos?file=vacation.jpg&size=original');
    const token = { token: 'nnch734d00sl2jdk', secret: 'pfkkdhi9sl3r4s00' };
    expect(sign({ method: 'GET', url, token, timestamp: 137131202, nonce: 'chapoH' }).oauth_signature).toBe('MdpQcU8iPSUjWoN/UDMsK2sui9I=');
  });
});

describe('section 3.6: percent-encoding', () => {
  it('leaves only letters, digits, hyphen, dot, low line and tilde as they are', () => {
    const base = signatureBase('GET', new URL('https://a.example/p?x=%21%27%28%29%2A~-._%C3%A6%20'), [], undefined);
    expect(base).toBe('GET&https%3A%2F%2Fa.example%2Fp&x%3D%2521%2527%2528%2529%252A~-._%25C3%25A6%2520');
  });
});
