import { mark } from './marks.ts';

// A setup file runs once more for each file, also where one process runs many.
mark();
