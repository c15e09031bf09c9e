import { defineConfig } from 'vitest/config';

/** The architecture test alone, without servers: a part of `npm run check`. */
export default defineConfig({ test: { include: ['test/architecture/**/*.test.ts'], reporters: ['default'] } });
