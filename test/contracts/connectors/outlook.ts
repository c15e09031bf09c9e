import type { Contract } from '../contract.ts';
import { graph, graphOpenapi } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/ms-365|graph/i, graph],
    [/ms-365|graph/i, graphOpenapi],
  ],
  // Graph's OpenAPI document leaves out what every list takes: the page's token, out of @odata.nextLink.
  allowed: [{ operation: /./, at: 'query.$skiptoken', page: 'https://learn.microsoft.com/en-us/graph/query-parameters' }],
  answers: [
    [/^timeZone$/, ['UTC']],
    [/^dateTime$/, ['2025-11-21T10:00:00.0000000']],
  ],
  present: /^(start|end|timeZone|dateTime)$/,
};

export default contract;
