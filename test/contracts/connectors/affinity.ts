import type { Contract } from '../contract.ts';
import type { Schema } from '../description.ts';
import { affinity } from '../sources.ts';

const reference = 'https://developer.affinity.co/api-reference';

/** One value of one field, by its type. The client takes any; what its command line builds for options and people is this. */
const value = (types: string[], data: Schema): Schema => ({
  type: 'object',
  properties: { type: { enum: types }, data: { anyOf: [data, { type: 'null' }] } },
  required: ['type', 'data'],
});
const keyed = (key: string): Schema => ({ type: 'object', properties: { [key]: { type: 'integer' } }, required: [key] });

const contract: Contract = {
  specifications: [[/affinity-sdk/, affinity]],
  supplements: [
    {
      operation: /update_field_value$/,
      at: 'body.value',
      schema: {
        anyOf: [
          value(['text', 'filterable-text', 'datetime'], { type: 'string' }),
          value(['number'], { type: 'number' }),
          value(['dropdown', 'ranked-dropdown'], keyed('dropdownOptionId')),
          value(['person', 'company'], keyed('id')),
        ],
      },
      page: `${reference}/lists/update-a-single-field-value-on-a-list-entry`,
      evidence: { read: 'affinity-sdk 1.29.0, affinity/cli/field_utils.py: what resolve_field_value makes of each type' },
    },
  ],
  allowed: [
    // The client follows the next page's whole address, in which this is.
    { operation: /./, at: 'query.cursor', page: `${reference}/lists/get-metadata-on-all-lists` },
    // It reads all columns at once.
    { operation: 'ListService.get_fields', at: 'query.limit', page: `${reference}/lists/get-metadata-on-a-single-lists-fields` },
  ],
  answers: [
    [/^nextUrl$/, ['https://api.affinity.co/v2/lists?cursor=ICAgICAgIGFmdGVyOjo6NA&limit=20', null]],
    // Left as they come by the client.
    [
      /^fields$/,
      [
        [
          {
            id: 'field-1',
            name: 'Stage',
            type: 'list',
            value: { type: 'ranked-dropdown', data: { dropdownOptionId: 7, text: 'Won', rank: 1 } },
          },
          { id: 'field-2', name: 'Owner', type: 'global', value: { type: 'person', data: null } },
        ],
      ],
    ],
  ],
  // Entries are always of something, opportunities always in a list, columns always of a kind: the client reads both versions with one model.
  present: /^(entity_id|listId|type)$/,
};

export default contract;
