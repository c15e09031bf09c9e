import type { Contract } from '../contract.ts';
import { attio } from '../sources.ts';

const contract: Contract = { specifications: [[/attio-ts-sdk/, attio]] };

export default contract;
