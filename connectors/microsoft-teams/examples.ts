/** Entries as Microsoft's reference pages show them, with invented values. */

export const ids = {
  team: 'fbe2bf47-16c8-47cf-b4a5-4b9b187c5011',
  channel: '19:4a95f7d8db4c4e7fae857bcebe062311@thread.tacv2',
  chat: '19:2da4c29f6d7041eca70b638b43d45411@thread.v2',
  mira: '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b',
  theo: '8ea0e38b-efb3-4757-924a-5f94061c1122',
  message: '1763718922395',
  reply: '1763719205150',
};

const context = 'https://graph.microsoft.com/v1.0/$metadata';

export const contextOf = (what: string) => ({ '@odata.context': `${context}#${what}` });

export function messageExample(id: string, content: string, sent: string, changes: object = {}) {
  return {
    id,
    replyToId: null,
    etag: id,
    messageType: 'message',
    createdDateTime: sent,
    lastModifiedDateTime: sent,
    lastEditedDateTime: null,
    deletedDateTime: null,
    subject: null,
    summary: null,
    chatId: null,
    importance: 'normal',
    locale: 'en-us',
    webUrl: `https://teams.example/l/message/${id}`,
    policyViolation: null,
    eventDetail: null,
    from: {
      application: null,
      device: null,
      user: {
        '@odata.type': '#microsoft.graph.teamworkUserIdentity',
        id: ids.theo,
        displayName: 'Theo Brandt',
        userIdentityType: 'aadUser',
      },
    },
    body: { contentType: 'html', content },
    channelIdentity: { teamId: ids.team, channelId: ids.channel },
    attachments: [],
    mentions: [],
    reactions: [],
    ...changes,
  };
}

/** What the tools make of the message above. */
export const messageGiven = (id: string, text: string, sent: string) => ({
  id,
  sent_at: sent,
  modified_at: sent,
  from: { id: ids.theo, name: 'Theo Brandt', kind: 'user' as const },
  subject: null,
  text,
  truncated: false,
  deleted: false,
  attachments: [],
  mentions: [],
  reactions: [],
  web_url: `https://teams.example/l/message/${id}`,
});

export function memberExample(id: string, displayName: string, email: string, roles: string[]) {
  return {
    '@odata.type': '#microsoft.graph.aadUserConversationMember',
    id: `made-up-membership-of-${id}`,
    roles,
    displayName,
    visibleHistoryStartDateTime: '0001-01-01T00:00:00Z',
    userId: id,
    email,
    tenantId: '2432b57b-0abd-43db-aa7b-16eadd115d11',
  };
}
