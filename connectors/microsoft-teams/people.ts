import { get, offsetPattern, post, tool } from '@grantway/connector-kit';
import {
  type GraphPage,
  graphNextCursor,
  graphOperation,
  graphPaging,
  graphTime,
  graphTokenCursor,
  nextCursor,
  nextHit,
  plainText,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { contextOf, ids } from './examples.ts';
import { limit, moment, userId } from './fields.ts';

interface UserEntry {
  id: string;
  displayName?: string | null;
  mail?: string | null;
  userPrincipalName?: string | null;
  jobTitle?: string | null;
  department?: string | null;
}

const User = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  sign_in_name: z.string(),
  title: z.string().nullable(),
});

const user = (u: UserEntry): z.input<typeof User> => ({
  id: u.id,
  name: u.displayName ?? '',
  email: u.mail ?? null,
  sign_in_name: u.userPrincipalName ?? '',
  title: u.jobTitle ?? null,
});

const userFields = 'id,displayName,givenName,surname,mail,userPrincipalName,jobTitle';

const userExample = {
  id: ids.theo,
  displayName: 'Theo Brandt',
  givenName: 'Theo',
  surname: 'Brandt',
  mail: 'theo@acme.example',
  userPrincipalName: 'theo@acme.example',
  jobTitle: 'Site reliability engineer',
};

const userGiven = {
  id: ids.theo,
  name: 'Theo Brandt',
  email: 'theo@acme.example',
  sign_in_name: 'theo@acme.example',
  title: 'Site reliability engineer',
};

export const usersSearch = tool({
  name: 'microsoft_teams_users_search',
  title: 'Find people',
  description:
    'Find people of the organization by the beginning of a name or address, with the user ids that microsoft_teams_chat_create and ' +
    'microsoft_teams_presences_get take. Who is in one team is listed by microsoft_teams_team_members_list.',
  effect: 'read',
  scopes: ['User.ReadBasic.All'],
  input: z.object({
    query: z
      .string()
      .regex(/^[^"\\\p{Cc}]{1,100}$/u)
      .describe('Beginning of a first or last name, or of an address'),
    limit,
    cursor: graphTokenCursor,
  }),
  output: z.object({ users: z.array(User), next_cursor: graphNextCursor }),
  request: ({ query, limit: top, cursor }) => ({
    ...get('/users', { $search: `"displayName:${query}" OR "mail:${query}"`, $select: userFields, ...graphPaging(top, cursor) }),
    // $search over the directory is refused without it.
    headers: { ConsistencyLevel: 'eventual' },
  }),
  respond: (body: GraphPage<UserEntry>) => ({ users: body.value.map(user), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/user-list',
  provenance: graphOperation('GET /users'),
  examples: [
    {
      input: { query: 'theo' },
      receives: { body: { ...contextOf(`users(${userFields})`), value: [userExample] } },
      gives: { users: [userGiven], next_cursor: null },
    },
  ],
});

export const profileGet = tool({
  name: 'microsoft_teams_profile_get',
  title: 'Look up oneself',
  description:
    'Tell who this account is: user id, name, address, title. The id is needed by microsoft_teams_chat_create, whose members must include ' +
    'oneself. For other people use microsoft_teams_users_search.',
  effect: 'read',
  scopes: ['User.Read'],
  input: z.object({}),
  output: User,
  request: () => get('/me', { $select: userFields }),
  respond: user,
  docs: 'https://learn.microsoft.com/graph/api/user-get',
  provenance: graphOperation('GET /me'),
  examples: [{ input: {}, receives: { body: { ...contextOf(`users(${userFields})/$entity`), ...userExample } }, gives: userGiven }],
});

interface PresenceEntry {
  id: string;
  availability?: string | null;
  activity?: string | null;
  statusMessage?: { message?: { content?: string | null } | null } | null;
  outOfOfficeSettings?: { isOutOfOffice?: boolean | null; message?: string | null } | null;
}

export const presencesGet = tool({
  name: 'microsoft_teams_presences_get',
  title: 'See who is available',
  description:
    'Tell whether people are available, busy, away or offline now, what they are doing, and whether they are out of office. User ids come ' +
    'from microsoft_teams_users_search or a list of members.',
  effect: 'read',
  scopes: ['Presence.Read.All'],
  input: z.object({ user_ids: z.array(userId).min(1).max(100).describe('User ids, at most 100') }),
  output: z.object({
    presences: z.array(
      z.object({
        user_id: z.string(),
        availability: z.string(),
        activity: z.string(),
        status_message: z.string().nullable(),
        out_of_office: z.boolean(),
      }),
    ),
  }),
  request: ({ user_ids }) => post('/communications/getPresencesByUserId', { ids: user_ids }),
  respond: (body: { value: PresenceEntry[] }) => ({
    presences: body.value.map((p) => ({
      user_id: p.id,
      availability: p.availability ?? 'PresenceUnknown',
      activity: p.activity ?? 'PresenceUnknown',
      status_message: p.statusMessage?.message?.content ? plainText(p.statusMessage.message.content).slice(0, 300) : null,
      out_of_office: p.outOfOfficeSettings?.isOutOfOffice ?? false,
    })),
  }),
  docs: 'https://learn.microsoft.com/graph/api/cloudcommunications-getpresencesbyuserid',
  provenance: graphOperation('POST /communications/getPresencesByUserId'),
  examples: [
    {
      input: { user_ids: [ids.theo] },
      receives: {
        body: {
          ...contextOf('Collection(microsoft.graph.presence)'),
          value: [
            {
              id: ids.theo,
              availability: 'Busy',
              activity: 'InAMeeting',
              outOfOfficeSettings: { message: null, isOutOfOffice: false },
              statusMessage: null,
              sequenceNumber: 'A0637',
            },
          ],
        },
      },
      gives: {
        presences: [{ user_id: ids.theo, availability: 'Busy', activity: 'InAMeeting', status_message: null, out_of_office: false }],
      },
    },
  ],
});

interface Meeting {
  id: string;
  subject?: string | null;
  startDateTime?: string | null;
  endDateTime?: string | null;
  joinWebUrl?: string | null;
}

export const onlineMeetingCreate = tool({
  name: 'microsoft_teams_online_meeting_create',
  aliases: ['microsoftteams_create_online_meeting'],
  title: 'Create an online meeting',
  description:
    'Make a Teams meeting and get its link; nobody is invited and no calendar shows it, so pass the link on, for example with ' +
    'microsoft_teams_chat_message_send. Each call makes another meeting.',
  effect: 'write',
  scopes: ['OnlineMeetings.ReadWrite'],
  input: z.object({
    subject: z.string().min(1).max(255).describe('Title of the meeting'),
    start_date_time: moment.describe('Beginning, for example 2025-11-24T10:00:00+01:00'),
    end_date_time: moment.describe('End, after the beginning'),
    attendee_upns: z.array(z.email()).max(100).optional().describe('Sign-in names of those who may come straight in'),
    allowed_presenters: z
      .enum(['everyone', 'organization', 'roleIsPresenter', 'organizer'])
      .optional()
      .describe('Who may present; the organization’s setting unless told'),
  }),
  output: z.object({
    id: z.string(),
    subject: z.string(),
    start: z.string().nullable(),
    end: z.string().nullable(),
    join_url: z.string().nullable(),
  }),
  request: ({ subject, start_date_time, end_date_time, attendee_upns, allowed_presenters }) =>
    post('/me/onlineMeetings', {
      subject,
      startDateTime: new Date(start_date_time).toISOString(),
      endDateTime: new Date(end_date_time).toISOString(),
      ...(attendee_upns === undefined ? {} : { participants: { attendees: attendee_upns.map((upn) => ({ upn, role: 'attendee' })) } }),
      ...(allowed_presenters === undefined ? {} : { allowedPresenters: allowed_presenters }),
    }),
  respond: (m: Meeting) => ({
    id: m.id,
    subject: m.subject ?? '',
    start: graphTime(m.startDateTime),
    end: graphTime(m.endDateTime),
    join_url: m.joinWebUrl ?? null,
  }),
  docs: 'https://learn.microsoft.com/graph/api/application-post-onlinemeetings',
  provenance: graphOperation('POST /me/onlineMeetings'),
  examples: [
    {
      input: { subject: 'Checkout incident', start_date_time: '2025-11-21T10:15:00Z', end_date_time: '2025-11-21T10:45:00Z' },
      receives: {
        status: 201,
        body: {
          ...contextOf("users('mira')/onlineMeetings/$entity"),
          id: 'MSo1YjFjN2UyYS05ZDM0LTRmNmItOGExMC0zYzJkMWUwZjRhNWI',
          creationDateTime: '2025-11-21T10:00:05.1234567Z',
          startDateTime: '2025-11-21T10:15:00Z',
          endDateTime: '2025-11-21T10:45:00Z',
          joinWebUrl: 'https://teams.example/l/meetup-join/checkout',
          meetingCode: '200000000001',
          subject: 'Checkout incident',
          isBroadcast: false,
          autoAdmittedUsers: 'everyoneInCompany',
          isEntryExitAnnounced: true,
          allowedPresenters: 'everyone',
          allowMeetingChat: 'enabled',
          allowTeamworkReactions: true,
          videoTeleconferenceId: '100000001',
          participants: {
            organizer: { upn: 'mira@acme.example', role: 'presenter', identity: { user: { id: ids.mira, displayName: null } } },
            attendees: [],
          },
          lobbyBypassSettings: { scope: 'organization', isDialInBypassEnabled: false },
          chatInfo: { threadId: '19:meeting_made0up@thread.v2', messageId: '0', replyChainMessageId: null },
        },
      },
      gives: {
        id: 'MSo1YjFjN2UyYS05ZDM0LTRmNmItOGExMC0zYzJkMWUwZjRhNWI',
        subject: 'Checkout incident',
        start: '2025-11-21T10:15:00.000Z',
        end: '2025-11-21T10:45:00.000Z',
        join_url: 'https://teams.example/l/meetup-join/checkout',
      },
    },
  ],
});

interface Hit {
  summary?: string | null;
  resource?: {
    id?: string;
    createdDateTime?: string | null;
    chatId?: string | null;
    channelIdentity?: { teamId?: string | null; channelId?: string | null } | null;
    from?: { emailAddress?: { name?: string | null; address?: string | null } | null } | null;
    subject?: string | null;
  };
}

export const messagesSearch = tool({
  name: 'microsoft_teams_messages_search',
  aliases: ['microsoftteams_search_messages'],
  title: 'Search messages',
  description:
    'Search the chats of this account, and channels where it may read them, with words such as from: or sent>=, newest first. Whole texts: ' +
    'microsoft_teams_chat_messages_list, microsoft_teams_channel_messages_list. Follow next_cursor for more.',
  effect: 'read',
  scopes: ['Chat.Read'],
  input: z.object({
    query: z.string().min(1).max(500).describe('Words in KQL, for example checkout from:theo sent>=2025-11-20 or IsMentioned:true'),
    limit: z.int().min(1).max(25).default(20).describe('Hits per page, 1 to 25'),
    cursor: z.string().regex(offsetPattern).optional().describe('next_cursor of the page before, with the other arguments unchanged'),
  }),
  output: z.object({
    messages: z.array(
      z.object({
        id: z.string(),
        sent_at: z.string().nullable(),
        from: z.string(),
        summary: z.string(),
        chat_id: z.string().nullable(),
        team_id: z.string().nullable(),
        channel_id: z.string().nullable(),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ query, limit: size, cursor = '0' }) =>
    post('/search/query', { requests: [{ entityTypes: ['chatMessage'], query: { queryString: query }, from: Number(cursor), size }] }),
  respond: (body: { value: { hitsContainers?: { hits?: Hit[]; moreResultsAvailable?: boolean | null }[] }[] }, _response, asked) => {
    const containers = body.value.flatMap(({ hitsContainers }) => hitsContainers ?? []);
    return {
      messages: containers
        .flatMap(({ hits }) => hits ?? [])
        .map(({ summary, resource }) => ({
          id: resource?.id ?? '',
          sent_at: graphTime(resource?.createdDateTime),
          from: resource?.from?.emailAddress?.name ?? resource?.from?.emailAddress?.address ?? '',
          summary: plainText(summary ?? '').slice(0, 500),
          chat_id: resource?.chatId ?? null,
          team_id: resource?.channelIdentity?.teamId ?? null,
          channel_id: resource?.channelIdentity?.channelId ?? null,
        })),
      next_cursor: nextHit(
        asked,
        containers.some(({ moreResultsAvailable }) => moreResultsAvailable === true),
      ),
    };
  },
  docs: 'https://learn.microsoft.com/graph/search-concept-chat-messages',
  provenance: graphOperation('POST /search/query'),
  examples: [
    {
      input: { query: 'checkout from:theo' },
      receives: {
        body: {
          value: [
            {
              searchTerms: ['checkout'],
              hitsContainers: [
                {
                  hits: [
                    {
                      hitId: 'AAMkAGIwMDA5MmY0made0up',
                      rank: 1,
                      summary: '...<c0>Checkout</c0> feels slow since the last deploy...',
                      resource: {
                        '@odata.type': '#microsoft.graph.chatMessage',
                        id: ids.message,
                        createdDateTime: '2025-11-21T09:55:22Z',
                        lastModifiedDateTime: '2025-11-21T09:55:22Z',
                        subject: '',
                        importance: 'normal',
                        webLink: 'https://outlook.example/owa/?ItemID=checkout',
                        from: { emailAddress: { name: 'Theo Brandt', address: 'theo@acme.example' } },
                        channelIdentity: { teamId: ids.team, channelId: ids.channel },
                        etag: ids.message,
                      },
                    },
                  ],
                  total: 1,
                  moreResultsAvailable: false,
                },
              ],
            },
          ],
        },
      },
      gives: {
        messages: [
          {
            id: ids.message,
            sent_at: '2025-11-21T09:55:22.000Z',
            from: 'Theo Brandt',
            summary: '...Checkout feels slow since the last deploy...',
            chat_id: null,
            team_id: ids.team,
            channel_id: ids.channel,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
