import { defineMatrix } from './matrix.ts';
import { official } from './official.ts';

defineMatrix(official, () => {});
