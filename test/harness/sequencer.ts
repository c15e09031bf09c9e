import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/**
 * The files that take longest, with the seconds that they took on two cores. A long file that begins last leaves the other
 * processors idle until it ends; vitest's own order knows durations only where it ran before. What is not here is short.
 */
const seconds: Record<string, number> = {
  'test/faults/fleet.test.ts': 113,
  'test/measures/measures.test.ts': 96,
  'test/canary/heap.test.ts': 92,
  'test/process/heap.test.ts': 87,
  'packages/db/src/embedded-postgres.test.ts': 73,
  'apps/broker/src/pages/browser.test.ts': 62,
  'packages/vault/src/key-rotation.test.ts': 55,
  'test/process/keys.test.ts': 49,
  'test/faults/faults.test.ts': 46,
  'test/bad-input/upstream.test.ts': 42,
  'test/process/webhooks.test.ts': 40,
  'test/flows/incident.test.ts': 40,
  'test/events/webhooks.test.ts': 37,
  'test/flows/lifecycle.test.ts': 33,
  'test/process/operator.test.ts': 32,
  'test/bad-input/remote-upstream.test.ts': 29,
  'test/coverage/routes.test.ts': 28,
  'test/tool-search/policy.test.ts': 24,
  'test/process/start.test.ts': 24,
  'test/flows/accounts.test.ts': 22,
  'test/policy/tools-by-policies.test.ts': 21,
  'test/flows/verification.test.ts': 20,
  'test/flows/identity-match.test.ts': 20,
  'test/bad-input/bounds.test.ts': 20,
  'apps/broker/src/redis-limits.test.ts': 19,
  'test/flows/no-audit-no-action.test.ts': 18,
  'test/flows/approvals.test.ts': 16,
  'test/flows/ending.test.ts': 15,
  'test/attacks/links.test.ts': 15,
  'packages/vault/src/outage.test.ts': 15,
};

/** Files that have a process to themselves, then the others, so that their processes go on from file to file; in each, longest first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const rank = ({ project, moduleId }: TestSpecification) => ({
      turn: project.config.isolate ? 0 : 1,
      length: seconds[moduleId.slice(root.length + 1)] ?? 0,
    });
    const ranked = (await super.sort(files)).map((file) => ({ file, ...rank(file) }));
    return ranked.sort((a, b) => a.turn - b.turn || b.length - a.length).map(({ file }) => file);
  }
}
