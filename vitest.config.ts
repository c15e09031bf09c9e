import { defineConfig } from 'vitest/config';
import { inspectable, Watchdog } from './test/harness/watchdog.js';

export default defineConfig({
  test: {
    include: ['{apps,packages,connectors,test,infra}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['test/harness/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real servers and real databases: two files at once are what two cores carry.
    maxWorkers: 2,
    execArgv: inspectable,
    reporters: ['default', ['json', { outputFile: '.test-report/vitest.json' }], new Watchdog()],
  },
});
