import { describe, expect, it } from 'vitest';
import { type AuthVariant, type Connector, connector } from './connector.ts';
import { get } from './request.ts';
import acme from './testing/example.ts';
import { idAliasesOf, variantOf, waysOf } from './variants.ts';

const byKey: AuthVariant = {
  label: 'Personal key',
  description: 'Each person pastes a key of their own; no app is registered.',
  auth: {
    kind: 'bearer',
    fields: [{ name: 'key', label: 'Key', secret: true, pattern: /^[a-z0-9]{8,40}$/ }],
    token: '{key}',
    scheme: '',
  },
};
const withVariants = (authVariants: Record<string, AuthVariant>, more: Partial<Connector> = {}): Connector => ({
  ...acme,
  ...more,
  authVariants,
});

describe('a variant', () => {
  const whole = connector(withVariants({ personal_key: { ...byKey, api: { baseUrl: 'https://keys.acme.example' } } }));

  it('is the connector with another way in: what it does not name is the connector’s own', () => {
    const used = variantOf(whole, 'personal_key');
    expect(used).toMatchObject({ id: acme.id, variant: 'personal_key', auth: byKey.auth });
    expect(used?.api).toEqual({ ...acme.api, baseUrl: 'https://keys.acme.example' });
    expect([used?.tools, used?.identify]).toEqual([whole.tools, whole.identify]);
    expect(used?.authVariants).toBeUndefined();
  });

  it('is made once, and the default is the connector itself', () => {
    expect(variantOf(whole, 'personal_key')).toBe(variantOf(whole, 'personal_key'));
    expect(variantOf(whole, null)).toBe(whole);
    expect(waysOf(whole).map(({ variant }) => variant)).toEqual([undefined, 'personal_key']);
  });

  it.each(['other', 'constructor', '__proto__', ''])('that is not declared is none: %j', (id) => {
    expect(variantOf(whole, id)).toBeUndefined();
    expect(variantOf(acme, id)).toBeUndefined();
  });

  it('gives its other ids to the names of the tools, so that whoever calls one finds it', () => {
    const aliased = connector(withVariants({ personal_key: { ...byKey, aliases: ['acmepat'] } }, { aliases: ['acme-tasks'] }));
    expect(idAliasesOf(aliased)).toEqual([
      { alias: 'acme-tasks', variant: null },
      { alias: 'acmepat', variant: 'personal_key' },
    ]);
    for (const tool of aliased.tools) expect(tool.aliases).toContain(tool.name.replace(/^acme_/, 'acmepat_'));
  });
});

describe('connector() refuses', () => {
  const broken: [string, Connector, RegExp][] = [
    ['an id that is no word', withVariants({ 'Personal key': byKey }), /authVariants\.Personal key: the id/],
    ['one without a label', withVariants({ key: { ...byKey, label: '' } }), /authVariants\.key: the label/],
    ['one that says nothing of itself', withVariants({ key: { ...byKey, description: 'A key.' } }), /the description has 6/],
    [
      'a template over nothing',
      withVariants({ key: { ...byKey, auth: { ...byKey.auth, token: '{other}' } as never } }),
      /authVariants\.key: \{other\} is no field/,
    ],
    [
      'a host that the default way in alone knows',
      withVariants({ key: { ...byKey, api: { baseUrl: 'https://{site}.acme.example' } } }),
      /authVariants\.key: api\.baseUrl/,
    ],
    [
      'an identify call to a host that there is not',
      withVariants({ key: { ...byKey, identify: { ...acme.identify, request: { ...get('/me'), host: 'elsewhere' } } } }),
      /authVariants\.key: \/me names the host elsewhere/,
    ],
    ['another id that is the connector’s own', withVariants({ key: { ...byKey, aliases: [acme.id] } }), /the other id acme/],
    ['another id twice', withVariants({ key: { ...byKey, aliases: ['pat'] } }, { aliases: ['pat'] }), /the other id pat is there twice/],
    ['one that says itself which it is', { ...acme, variant: 'key' }, /a variant is declared in authVariants/],
  ];
  it.each(broken)('%s', (_, definition, words) => {
    expect(() => connector(definition)).toThrow(words);
  });
});
