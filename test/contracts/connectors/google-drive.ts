import type { Contract } from '../contract.ts';
import { google } from '../sources.ts';

const contract: Contract = { specifications: [[/./, google('drive.v3')]] };

export default contract;
