import { settings } from '../../vitest.config.ts';

/** The settings of `npm test`, with a report of its own for `npm run attacks`. */
export default ({ mode }: { mode: string }) => ({
  test: { ...settings(mode).test, reporters: ['default', ['json', { outputFile: '.test-report/attacks.json' }]] },
});
