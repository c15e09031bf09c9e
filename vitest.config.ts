import { defineConfig } from 'vitest/config';
import { inspectable, Watchdog } from './test/harness/watchdog.js';

/** What knows of neither PostgreSQL nor Redis, or brings its own: the same whichever servers the others run on. */
const independent = [
  'connectors/**',
  'packages/{contract,connector-kit,egress,oauth,mcp-client}/**',
  'packages/db/src/embedded-postgres.test.ts',
  'apps/sandbox/**',
  'test/wishes/**',
];
const onServers = process.env.GRANTWAY_TEST_DATABASE_ADMIN_URL !== undefined;

export default defineConfig({
  test: {
    include: ['{apps,packages,connectors,test,infra}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', ...(onServers ? independent : [])],
    globalSetup: ['test/harness/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real servers and real databases: two files at once are what two cores carry.
    maxWorkers: 2,
    execArgv: inspectable,
    reporters: ['default', ['json', { outputFile: '.test-report/vitest.json' }], new Watchdog()],
  },
});
