import type { Contract } from '../contract.ts';
import { salesforce } from '../sources.ts';

const contract: Contract = { specifications: [[/jsforce|salesforce/, salesforce]] };

export default contract;
