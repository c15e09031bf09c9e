import type { Contract } from '../contract.ts';
import { graph, graphOpenapi } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/ms-365|graph/i, graph],
    [/ms-365|graph/i, graphOpenapi],
  ],
  // Graph's OpenAPI document leaves out what every list takes: the page's token, out of @odata.nextLink.
  allowed: [
    { operation: /./, at: 'query.$skiptoken', page: 'https://learn.microsoft.com/en-us/graph/query-parameters' },
    // The document has the keys that all kinds of attachments share; a file has its bytes as well, and says its kind.
    {
      operation: 'send-mail',
      at: 'body.Message.attachments.*.@odata.type',
      page: 'https://learn.microsoft.com/en-us/graph/api/resources/fileattachment',
    },
    {
      operation: 'send-mail',
      at: 'body.Message.attachments.*.contentBytes',
      page: 'https://learn.microsoft.com/en-us/graph/api/resources/fileattachment',
    },
    {
      operation: 'create-draft-email',
      at: 'body.attachments.*.contentBytes',
      page: 'https://learn.microsoft.com/en-us/graph/api/resources/fileattachment',
    },
  ],
  // https://learn.microsoft.com/en-us/graph/api/attachment-get: the raw contents of an attachment are at its own address, with this behind it.
  paths: [[/\/\$value$/, '']],
  answers: [
    [/^timeZone$/, ['UTC']],
    [/^dateTime$/, ['2025-11-21T10:00:00.0000000']],
  ],
  present: /^(start|end|timeZone|dateTime)$/,
};

export default contract;
