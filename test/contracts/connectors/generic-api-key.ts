import type { Contract } from '../contract.ts';

const contract: Contract = { specifications: [], none: 'the address is the operator’s, so no vendor has described it' };

export default contract;
