import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { LongestFirst } from './test/harness/sequencer.js';
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

/**
 * What keeps nothing in its process and changes nothing of it, neither environment nor clock, console, `fetch` or prototypes: these
 * files share the processes of the workers, so that what they import is loaded once for all of them. Each other file has its own.
 */
const shared = ['connectors/**', 'packages/{connector-kit,contract,core,mcp-client}/**', 'test/{contracts,interop,wishes}/**'];
const notTests = ['**/node_modules/**', '**/dist/**', ...(onServers ? independent : [])];
const files = '{apps,packages,connectors,test,infra}/**/*.test.ts';

/** Of each project; what is not here is the run's. */
export const inProject = {
  testTimeout: 30_000,
  hookTimeout: 60_000,
  setupFiles: ['test/harness/worker.ts'],
  execArgv: inspectable,
  // Real servers and real databases: two files at once are what two cores carry.
  maxWorkers: 2,
};

/** @param mode `long` for the long form of some; a project does not inherit it */
export const settings = (mode: string) => ({
  test: {
    projects: [
      { test: { ...inProject, mode, name: 'alone', include: [files], exclude: [...notTests, ...shared] } },
      {
        test: { ...inProject, mode, name: 'shared', isolate: false, include: shared.map((some) => `${some}/*.test.ts`), exclude: notTests },
      },
    ],
    globalSetup: ['test/harness/global-setup.ts'],
    sequence: { sequencer: LongestFirst },
    maxWorkers: inProject.maxWorkers,
    reporters: ['default', ['json', { outputFile: '.test-report/vitest.json' }], new Watchdog()],
  },
});

export default defineConfig(({ mode }) => settings(mode) as ViteUserConfig);
