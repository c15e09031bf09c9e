import type { Contract } from '../contract.ts';
import { jira } from '../sources.ts';

const contract: Contract = { specifications: [[/jira/, jira]] };

export default contract;
