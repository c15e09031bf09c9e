import type { Contract } from '../contract.ts';
import { exa } from '../sources.ts';

const contract: Contract = { specifications: [[/exa-js/, exa]] };

export default contract;
