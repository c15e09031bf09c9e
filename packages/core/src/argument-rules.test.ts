import { describe, expect, it } from 'vitest';
import { argumentRule, breaches, narrowed } from './argument-rules.ts';

const of = (place: string, rule: Parameters<typeof argumentRule>[1], args: Record<string, unknown>) =>
  breaches(argumentRule(place, rule), args).map(({ pointer, detail }) => `${pointer} ${detail}`);

describe('F14: a rule is kept by', () => {
  const kept: [string, Parameters<typeof argumentRule>[1], Record<string, unknown>][] = [
    ['a', { enum: ['x', 1, true, null] }, { a: null }],
    ['a', { enum: ['x'] }, {}],
    ['a', { enum: ['x'] }, { a: ['x', 'x'] }],
    ['a', { pattern: '[a-z]+', min_length: 2, max_length: 3 }, { a: 'abc' }],
    ['a', { max_length: 2 }, { a: '😀😀' }],
    ['a', { minimum: 1, maximum: 2 }, { a: 1.5 }],
    ['a', { max_items: 1 }, { a: [1] }],
    ['a', { email_domains: ['Example.com'] }, { a: ['x@example.com', 'y@EXAMPLE.com, z@example.com'] }],
    ['/a/b', { enum: ['x'] }, { a: { b: 'x' } }],
    ['/a/*/b', { enum: ['x'] }, { a: [{ b: 'x' }, {}, { c: 1 }] }],
    ['/a~1b', { enum: ['x'] }, { 'a/b': 'x' }],
    ['a', { required: true }, { a: null }],
  ];
  it.each(kept)('%s %j %j', (place, rule, args) => expect(of(place, rule, args)).toEqual([]));
});

describe('F14: a rule is broken by', () => {
  const broken: [string, Parameters<typeof argumentRule>[1], Record<string, unknown>, string[]][] = [
    ['a', { enum: ['x', 'y'] }, { a: 'X' }, ['/a must be one of "x", "y"']],
    ['a', { enum: [1] }, { a: '1' }, ['/a must be 1']],
    ['a', { enum: ['x'] }, { a: ['x', 'z'] }, ['/a each item must be "x"']],
    ['a', { enum: ['x'] }, { a: [['x']] }, ['/a each item must be "x"']],
    ['a', { enum: ['x'] }, { a: { x: 1 } }, ['/a must be "x"']],
    ['a', { pattern: 'ab' }, { a: 'xabx' }, ['/a must match the pattern ab']],
    ['a', { pattern: 'ab' }, { a: 7 }, ['/a must match the pattern ab']],
    ['a', { pattern: 'a|b' }, { a: 'a\nb' }, ['/a must match the pattern a|b']],
    ['a', { min_length: 2 }, { a: '😀' }, ['/a must have at least 2 characters']],
    ['a', { maximum: 5 }, { a: '3' }, ['/a must be at most 5']],
    ['a', { maximum: 5 }, { a: Number.NaN }, ['/a must be at most 5']],
    ['a', { minimum: 5 }, { a: null }, ['/a must be at least 5']],
    ['a', { max_items: 1 }, { a: [1, 2] }, ['/a must have at most 1 items']],
    [
      'a',
      { email_domains: ['example.com'] },
      { a: ['x@example.com', 'x@evil.com'] },
      ['/a each item must be plain e-mail addresses of example.com'],
    ],
    ['a', { email_domains: ['example.com'] }, { a: { email: 'x@evil.com' } }, ['/a must be plain e-mail addresses of example.com']],
    ['a', { required: true }, {}, ['/a must be given']],
    ['/a/b', { required: true }, { a: {} }, ['/a/b must be given']],
    ['/a/b', { enum: ['x'] }, { a: 'y' }, ['/a must be an object']],
    ['/a/b', { enum: ['x'] }, { a: [{ b: 'y' }] }, ['/a must be an object']],
    ['/a/*/b', { enum: ['x'] }, { a: [{ b: 'x' }, { b: 'y' }] }, ['/a/1/b must be "x"']],
    ['/a/*', { enum: ['x'] }, { a: 'y' }, ['/a must be a list']],
    ['/a/*', { enum: ['x'] }, { a: { 0: 'y' } }, ['/a must be a list']],
  ];
  it.each(broken)('%s %j %j', (place, rule, args, expected) => expect(of(place, rule, args)).toEqual(expected));
});

describe('the schema that a model sees', () => {
  const schema = {
    type: 'object',
    properties: {
      text: { type: 'string', maxLength: 10, description: 'What to say.' },
      kind: { type: 'string', enum: ['a', 'b', 'c'] },
      maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      tags: { type: 'array', items: { type: 'string' } },
      count: { type: 'integer', minimum: 1 },
      free: {},
      inner: { type: 'object', properties: { id: { type: 'string' } } },
    },
    required: ['text'],
  };
  const shown = (place: string, rule: Parameters<typeof argumentRule>[1]) =>
    narrowed(schema, argumentRule(place, rule)) as { properties: Record<string, unknown>; required: string[] };

  it('has the rule in its own words where they reach', () => {
    expect(shown('text', { pattern: 'a+', max_length: 20, min_length: 1, required: true })).toMatchObject({
      properties: { text: { pattern: '^(?:a+)$', maxLength: 10, minLength: 1 } },
      required: ['text'],
    });
    expect(shown('kind', { enum: ['b', 'x'], required: true })).toMatchObject({
      properties: { kind: { enum: ['b'] } },
      required: ['text', 'kind'],
    });
    expect(shown('maybe', { enum: ['x'] }).properties['maybe']).toEqual({ anyOf: [{ type: 'string', enum: ['x'] }] });
    expect(shown('tags', { enum: ['x'], max_items: 2 }).properties['tags']).toEqual({
      type: 'array',
      items: { type: 'string', enum: ['x'] },
      maxItems: 2,
    });
    expect(shown('count', { minimum: 0, maximum: 5 }).properties['count']).toEqual({ type: 'integer', minimum: 1, maximum: 5 });
    expect(shown('/inner/id', { enum: ['x'] }).properties['inner']).toEqual({
      type: 'object',
      properties: { id: { type: 'string', enum: ['x'] } },
    });
  });

  it('says it in a sentence where they do not', () => {
    expect(shown('text', { email_domains: ['example.com'] }).properties['text']).toMatchObject({
      description: 'What to say. Must be plain e-mail addresses of example.com.',
    });
    expect(shown('free', { maximum: 3 }).properties['free']).toEqual({ description: 'Must be at most 3.' });
    expect(narrowed({ type: 'object' }, argumentRule('/x/y', { enum: ['z'] }))).toEqual({
      type: 'object',
      description: 'X → y must be "z".',
    });
  });
});
