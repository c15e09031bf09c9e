import { describe, expect, it } from 'vitest';
import { mirroredHeaders, paramHeaders } from './param-headers.ts';
import { headerValue } from './wire.ts';

const schema = (properties: unknown) => ({ type: 'object', properties });
const marked = (name: unknown, type = 'string') => ({ type, 'x-mcp-header': name });

describe('arguments that are repeated in headers', () => {
  it('are found by their place, nested ones too', () => {
    const params = paramHeaders(
      schema({ region: marked('Region'), where: schema({ zone: marked('Zone', 'integer') }), other: { type: 'string' } }),
    );
    expect(mirroredHeaders(params as never, { region: 'eu', where: { zone: 7 }, other: 'x' })).toEqual({
      'mcp-param-region': 'eu',
      'mcp-param-zone': '7',
    });
    expect(mirroredHeaders(params as never, { region: null })).toEqual({});
  });

  it.each([
    ['an empty name', schema({ a: marked('') })],
    ['a name with a blank', schema({ a: marked('a b') })],
    ['a name with a line break', schema({ a: marked('a\r\nb') })],
    ['no string', schema({ a: marked(7) })],
    ['a type that is no plain value', schema({ a: marked('A', 'object') })],
    ['two names that differ in case only', schema({ a: marked('Same'), b: marked('same') })],
    ['an argument that may not be there', { type: 'object', oneOf: [schema({ a: marked('A') })] }],
    ['items of a list', schema({ a: { type: 'array', items: marked('A') } })],
    ['the whole', { ...schema({}), 'x-mcp-header': 'A' }],
  ])('%s makes the tool unusable', (_, wrong) => {
    expect(paramHeaders(wrong)).toBeUndefined();
  });

  it('an argument that is called so is no annotation', () => {
    expect(paramHeaders(schema({ 'x-mcp-header': { type: 'string' } }))?.size).toBe(0);
  });
});

it.each([
  ['plain', 'plain'],
  ['with blank', 'with blank'],
  [' edge', '=?base64?IGVkZ2U=?='],
  ['ü', '=?base64?w7w=?='],
  ['=?base64?eA==?=', '=?base64?PT9iYXNlNjQ/ZUE9PT89?='],
  ['', '=?base64??='],
])('the header value of %j', (value, header) => {
  expect(headerValue(value)).toBe(header);
});
