import { expect, it } from 'vitest';
import { calledName } from './search-mode.ts';

it.each([
  ['a tool by its own name', { name: 'a_tool', arguments: {} }, 'a_tool'],
  ['a tool by call_tool', { name: 'call_tool', arguments: { name: 'a_tool', arguments: { x: 1 } } }, 'a_tool'],
  ['call_tool without arguments for the tool', { name: 'call_tool', arguments: { name: 'a_tool' } }, 'a_tool'],
  ['call_tool without a tool', { name: 'call_tool', arguments: {} }, undefined],
  ['call_tool without arguments', { name: 'call_tool' }, undefined],
  ['call_tool with one argument too many', { name: 'call_tool', arguments: { name: 'a_tool', now: true } }, undefined],
  ['call_tool with arguments that are none', { name: 'call_tool', arguments: { name: 'a_tool', arguments: [] } }, undefined],
  ['a search', { name: 'search_tools', arguments: { query: 'a tool' } }, undefined],
  ['a description', { name: 'describe_tool', arguments: { name: 'a_tool' } }, undefined],
  ['no name', { arguments: {} }, undefined],
])('tells which tool a call is of in the end: %s', (_what, params, name) => {
  expect(calledName(params)).toBe(name);
});
