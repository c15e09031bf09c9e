import type { Contract } from '../contract.ts';
import { slack } from '../sources.ts';

const contract: Contract = {
  specifications: [[/./, slack]],
  answers: [
    [/(^|_)ts$|^latest_reply$|^last_read$/, ['1763719205.482159', '1763719321.000739']],
    [/^(created|updated|date_create|date_update)$/, [1763719200, 1704103200]],
  ],
};

export default contract;
