import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { ids } from './example-parts.ts';
import { typed } from './fields.ts';

const slug = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const docs = 'https://docs.attio.com/rest-api/endpoint-reference/attributes/';
const shownMax = 200;

interface OptionBody {
  id: { option_id?: string; status_id?: string };
  title: string;
  is_archived: boolean;
}

export const listAttributeOptions = tool({
  name: 'attio_list_attribute_options',
  aliases: ['attio_list_attribute_statuses', 'attio_list_select_options', 'attio_list_statuses'],
  title: 'List stages or choices',
  description:
    'List what a status attribute, such as the stage of a pipeline, or a select attribute may be set to: the titles that values of ' +
    'attio_update_list_entry and attio_update_record take. Slugs and types of attributes come from attio_list_attributes.',
  effect: 'read',
  scopes: ['object_configuration:read', 'list_configuration:read'],
  input: z.object({
    target: z.enum(['objects', 'lists']).describe('Whose attribute'),
    identifier: slug.describe('Slug or id from attio_list_objects or attio_list_lists'),
    attribute: slug.describe('Slug of the attribute from attio_list_attributes, for example stage'),
    type: z.enum(['status', 'select']).describe('Type of the attribute, as attio_list_attributes gives it'),
  }),
  output: z.object({
    options: z.array(z.object({ option_id: z.string(), title: z.string(), is_archived: z.boolean() })),
    truncated: z.boolean(),
  }),
  request: ({ target, identifier, attribute, type }) =>
    type === 'status'
      ? get(path`/v2/${target}/${identifier}/attributes/${attribute}/statuses`)
      : get(path`/v2/${target}/${identifier}/attributes/${attribute}/options`),
  respond: (body: { data: OptionBody[] }) => ({
    options: body.data.slice(0, shownMax).map(({ id, title, is_archived }) => {
      return { option_id: id.status_id ?? id.option_id ?? '', title, is_archived };
    }),
    truncated: body.data.length > shownMax,
  }),
  docs: `${docs}list-statuses`,
  provenance: typed('GET /v2/{target}/{identifier}/attributes/{attribute}/statuses'),
  examples: [
    {
      input: { target: 'lists', identifier: 'seed_pipeline', attribute: 'stage', type: 'status' },
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, object_id: ids.list, attribute_id: ids.note, status_id: ids.thread },
              title: 'Due diligence',
              is_archived: false,
              celebration_enabled: false,
              target_time_in_status: 'P0Y0M14DT0H0M0S',
            },
          ],
        },
      },
      gives: { options: [{ option_id: ids.thread, title: 'Due diligence', is_archived: false }], truncated: false },
    },
    {
      input: { target: 'objects', identifier: 'companies', attribute: 'categories', type: 'select' },
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, object_id: ids.companies, attribute_id: ids.note, option_id: ids.comment },
              title: 'Robotics',
              is_archived: false,
            },
          ],
        },
      },
      gives: { options: [{ option_id: ids.comment, title: 'Robotics', is_archived: false }], truncated: false },
    },
  ],
});
