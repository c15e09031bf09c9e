import { describe, expect, it } from 'vitest';
import type { Connector } from '../connector.ts';
import { waysOf } from '../variants.ts';
import { badInputRules } from './bad-input-rules.ts';
import { connectorRules } from './connector-rules.ts';
import { provenanceRules } from './provenance-rules.ts';
import { type ToolRule, toolRules as wholeness } from './tool-rules.ts';

export { connectorRules } from './connector-rules.ts';
export { folio } from './files-example.ts';
export { hostileStrings } from './tool-rules.ts';

export const toolRules: ToolRule[] = [...wholeness, ...provenanceRules, ...badInputRules];

/** Registers every promise that the kit asks of a connector and of each of its tools. Call it from `connector.test.ts`. */
export function connectorSuite(connector: Connector): void {
  describe(`connector ${connector.id}`, () => {
    for (const rule of connectorRules) {
      it(rule.title, () => expect(rule.problems(connector)).toEqual([]));
    }
    for (const tool of connector.tools) {
      describe(tool.name, () => {
        for (const rule of toolRules) {
          it(rule.title, () => expect(rule.problems(tool, connector)).toEqual([]));
        }
      });
    }
    for (const way of waysOf(connector).slice(1)) {
      describe(`by ${way.variant}`, () => {
        for (const rule of connectorRules) {
          it(rule.title, () => expect(rule.problems(way)).toEqual([]));
        }
        it.each(way.tools.map((tool) => [tool.name, tool] as const))('%s keeps every promise', (_name, tool) => {
          expect(toolRules.flatMap((rule) => rule.problems(tool, way).map((problem) => `${rule.title}: ${problem}`))).toEqual([]);
        });
      });
    }
  });
}
