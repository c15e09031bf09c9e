import type { Contract } from '../contract.ts';
import { google } from '../sources.ts';

const contract: Contract = { specifications: [[/./, google('gmail.v1')]] };

export default contract;
