import { describe, expect, it } from 'vitest';
import { metadataProblem } from './index.ts';

const issuer = 'https://login.acme.example';
const whole = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/keys`,
  code_challenge_methods_supported: ['S256'],
};

describe('A09: a provider whose metadata does not offer S256 is refused', () => {
  it.each([
    ['left out', undefined],
    ['null', null],
    ['empty', []],
    ['plain only', ['plain']],
    ['another case', ['s256']],
    ['with a space', ['S256 ']],
    ['a text', 'S256'],
    ['a text of several', 'plain S256'],
    ['an object', { 0: 'S256', length: 1 }],
    ['an object of methods', { S256: true }],
    ['nested', [['S256']]],
    ['a number', 256],
    ['true', true],
    ['S384', ['S384', 'S512']],
  ])('%s', (_name, methods) => {
    expect(metadataProblem({ issuer }, { ...whole, code_challenge_methods_supported: methods })).toMatch(/S256/);
  });

  it.each([[['S256']], [['plain', 'S256']], [['S256', 'S512']]])('%j passes', (methods) => {
    expect(metadataProblem({ issuer }, { ...whole, code_challenge_methods_supported: methods })).toBeUndefined();
  });

  it('the operator’s word counts where the metadata says nothing, and never against what it says', () => {
    const { code_challenge_methods_supported: _, ...silent } = whole;
    expect(metadataProblem({ issuer, assumeS256: true }, silent)).toBeUndefined();
    for (const methods of [['plain'], [], null, 'S256']) {
      expect(metadataProblem({ issuer, assumeS256: true }, { ...whole, code_challenge_methods_supported: methods })).toMatch(/S256/);
    }
  });
});

describe('A13: an endpoint in the metadata that is not a plain https URL is refused', () => {
  const hostile = [
    undefined,
    null,
    5,
    '',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'a:$(calc.exe)?response_type=code',
    'ftp://login.acme.example/authorize',
    'http://login.acme.example/authorize',
    'http://127.0.0.1/authorize',
    '//login.acme.example/authorize',
    '/authorize',
    'https://user@login.acme.example/authorize',
    'https://user:pass@login.acme.example/authorize',
    'https://login.acme.example/authorize#x',
    'https://login.acme.example\\@evil.example',
    'https://login.acme.example/a b',
    'https://login.acme.example/a\nb',
    'https://',
  ];
  it.each(['authorization_endpoint', 'token_endpoint', 'jwks_uri'])('%s', (name) => {
    for (const url of hostile) expect(metadataProblem({ issuer }, { ...whole, [name]: url }), String(url)).toContain(name);
  });

  it('http is for a provider that is reached so itself, and for its own address only', () => {
    const local = 'http://127.0.0.1:9000';
    const own = { ...whole, authorization_endpoint: `${local}/a`, token_endpoint: `${local}/t`, jwks_uri: `${local}/k` };
    expect(metadataProblem({ issuer: local }, own)).toBeUndefined();
    expect(metadataProblem({ issuer: local }, { ...own, authorization_endpoint: 'http://127.0.0.1:9001/a' })).toMatch(
      /authorization_endpoint/,
    );
    expect(metadataProblem({ issuer }, own)).toMatch(/authorization_endpoint/);
  });
});
