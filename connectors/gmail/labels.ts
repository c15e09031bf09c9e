import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { docs, provenance } from './fields.ts';
import { labels, metadata } from './scopes.ts';

const Label = z.object({ id: z.string(), name: z.string(), type: z.string() });

interface LabelBody {
  id: string;
  name: string;
  type?: string;
}

const labelOf = ({ id, name, type }: LabelBody) => ({ id, name, type: type ?? 'user' });

/** Gmail gives all labels at once; there are no pages. */
export const listLabels = tool({
  name: 'gmail_list_labels',
  title: 'List labels',
  description:
    'List all labels of the mailbox with the ids that the other tools take: Gmail’s own such as INBOX, and those that the person made. Put ' +
    'them on messages with gmail_modify_message_labels; make new ones with gmail_create_label.',
  effect: 'read',
  scopes: [metadata],
  input: z.object({}),
  output: z.object({ labels: z.array(Label) }),
  request: () => get('/gmail/v1/users/me/labels'),
  respond: (body: { labels?: LabelBody[] }) => ({ labels: (body.labels ?? []).slice(0, 1000).map(labelOf) }),
  docs: `${docs('labels')}/list`,
  provenance: provenance('labels.list'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          labels: [
            { id: 'INBOX', name: 'INBOX', messageListVisibility: 'hide', labelListVisibility: 'labelShow', type: 'system' },
            {
              id: 'Label_17',
              name: 'Portfolio/Lumen',
              messageListVisibility: 'show',
              labelListVisibility: 'labelShow',
              type: 'user',
              color: { textColor: '#ffffff', backgroundColor: '#16a766' },
            },
          ],
        },
      },
      gives: {
        labels: [
          { id: 'INBOX', name: 'INBOX', type: 'system' },
          { id: 'Label_17', name: 'Portfolio/Lumen', type: 'user' },
        ],
      },
    },
  ],
});

export const createLabel = tool({
  name: 'gmail_create_label',
  title: 'Create a label',
  description:
    'Create a label of the person’s own; a name that exists already is refused, so look with gmail_list_labels first. A slash puts it below ' +
    'another one. Put it on messages with gmail_modify_message_labels and the id in the answer.',
  effect: 'write',
  scopes: [labels],
  input: z.object({
    name: z.string().min(1).max(225).describe('Name, for example Portfolio/Lumen'),
    labelListVisibility: z
      .enum(['labelShow', 'labelShowIfUnread', 'labelHide'])
      .optional()
      .describe('Whether it is shown at the side; shown unless told'),
    messageListVisibility: z.enum(['show', 'hide']).optional().describe('Whether it is shown beside messages; shown unless told'),
  }),
  output: Label,
  request: (input) => post('/gmail/v1/users/me/labels', input),
  respond: labelOf,
  docs: `${docs('labels')}/create`,
  provenance: provenance('labels.create'),
  examples: [
    {
      input: { name: 'Portfolio/Helio' },
      receives: {
        body: { id: 'Label_18', name: 'Portfolio/Helio', messageListVisibility: 'show', labelListVisibility: 'labelShow', type: 'user' },
      },
      gives: { id: 'Label_18', name: 'Portfolio/Helio', type: 'user' },
    },
  ],
});
