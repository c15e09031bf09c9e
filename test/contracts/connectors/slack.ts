import type { Contract } from '../contract.ts';
import { slack } from '../sources.ts';

const contract: Contract = {
  specifications: [[/./, slack]],
  answers: [[/(^|_)ts$|^latest_reply$/, ['1763719205.482159', '1763719321.000739']]],
};

export default contract;
