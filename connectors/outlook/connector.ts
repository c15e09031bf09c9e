import { connector } from '@grantway/connector-kit';
import { graphBaseUrl, graphFault, graphIdentity, graphRefusals, microsoftAuth } from '@grantway/connector-kit/microsoft';
import { attachmentAdd, attachmentDownload } from './attachments.ts';
import { eventAccept, eventCreate, eventDecline, eventDelete, eventTentativelyAccept, eventUpdate, schedulesGet } from './event-changes.ts';
import { calendarsList, eventGet, eventsList } from './events.ts';
import { attachmentsList, foldersList, messageDelete, messageMove, messageUpdate, peopleSearch } from './mailbox.ts';
import { messageGet, messagesList, messagesSearch } from './messages.ts';
import { draftCreate, draftSend, messageForward, messageReply, messageReplyAll, messageSend } from './sending.ts';

export default connector({
  id: 'outlook',
  name: 'Outlook',
  description: 'Read, write and sort mail, and keep the calendar, of a Microsoft 365 or Outlook.com account.',
  docs: 'https://learn.microsoft.com/graph/api/resources/mail-api-overview',
  auth: microsoftAuth(
    {
      'Mail.Read': 'Read your mail',
      'Mail.ReadWrite': 'Read your mail, write drafts, and mark, move and delete messages',
      'Mail.Send': 'Send mail as you',
      'Calendars.Read': 'Read your calendars',
      'Calendars.ReadWrite': 'Read your calendars, and add, change, answer and delete events',
      'People.Read': 'Find your contacts and the people whom you work and write with',
    },
    ['Mail.ReadWrite', 'Mail.Send', 'Calendars.ReadWrite', 'People.Read'],
  ),
  api: {
    baseUrl: graphBaseUrl,
    fault: graphFault,
    refusals: graphRefusals({ code: 'ErrorItemNotFound', message: 'The specified object was not found in the store.' }),
  },
  identify: graphIdentity,
  tools: [
    messagesList,
    messagesSearch,
    messageGet,
    messageSend,
    messageReply,
    messageReplyAll,
    messageForward,
    messageUpdate,
    messageMove,
    messageDelete,
    draftCreate,
    draftSend,
    foldersList,
    attachmentsList,
    attachmentDownload,
    attachmentAdd,
    eventsList,
    eventGet,
    eventCreate,
    eventUpdate,
    eventDelete,
    eventAccept,
    eventTentativelyAccept,
    eventDecline,
    calendarsList,
    schedulesGet,
    peopleSearch,
  ],
});
