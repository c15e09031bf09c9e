import type { Contract } from '../contract.ts';
import { brave } from '../sources.ts';

const contract: Contract = { specifications: [[/mcp-server/, brave]] };

export default contract;
