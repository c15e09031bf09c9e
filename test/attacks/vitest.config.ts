import base from '../../vitest.config.ts';

/** The settings of `npm test`, with a report of its own for `npm run attacks`. */
export default { test: { ...base.test, reporters: ['default', ['json', { outputFile: '.test-report/attacks.json' }]] } };
