import type { Contract } from '../contract.ts';
import { hubspot } from '../sources.ts';

const contract: Contract = { specifications: [[/hubspot/, hubspot]] };

export default contract;
