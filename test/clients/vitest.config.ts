import { inProject, settings } from '../../vitest.config.ts';

/** The settings of `npm test`, for the matrix with the clients that `npm run clients` installs. */
export default {
  test: {
    ...settings('test').test,
    ...inProject,
    projects: undefined,
    include: ['test/clients/published.matrix.ts'],
    reporters: ['default'],
  },
};
