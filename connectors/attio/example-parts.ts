/** Parts of answers as Attio documents them, with invented values. */

export const ids = {
  workspace: '14beef7a-99f7-4534-a87e-70b564330a4c',
  companies: '97052eb9-e65e-443f-a297-f2d9a4a7f795',
  record: '891dcbfc-9141-415d-9b2a-2238a6cc012d',
  list: '33ebdbe9-e529-47c9-b894-0ba25e9c15c0',
  entry: '2e6e29ea-c4e0-4f44-842d-78a891f8c156',
  member: '50cf242c-7fa3-4cad-87d0-75b1af71c57b',
  note: 'ff3f3bd4-40f4-4f80-8187-cd02385af424',
  task: '649e34f4-c39a-4f4d-99ef-48a36bef8f04',
  thread: 'fa1bee9d-d173-4f0f-a1e1-5d4d9b2c7a10',
  comment: 'aa1dc1d9-93ac-4c6c-987e-16b6eea9aab2',
};

export const actor = { type: 'workspace-member', id: ids.member };

function wrapped(attribute_type: string, content: object) {
  return { active_from: '2025-06-02T08:00:00.000000000Z', active_until: null, created_by_actor: actor, attribute_type, ...content };
}

const choice = (title: string) => ({
  id: { workspace_id: ids.workspace, object_id: ids.companies, attribute_id: ids.note, status_id: ids.task },
  title,
  is_archived: false,
  celebration_enabled: false,
  target_time_in_status: null,
});

export const recordBody = {
  id: { workspace_id: ids.workspace, object_id: ids.companies, record_id: ids.record },
  created_at: '2025-06-02T08:00:00.000000000Z',
  web_url: `https://app.attio.com/acme/company/${ids.record}`,
  values: {
    name: [wrapped('text', { value: 'Nordlicht Robotics' })],
    domains: [wrapped('domain', { domain: 'nordlicht.example', root_domain: 'nordlicht.example' })],
    team: [wrapped('record-reference', { target_object: 'people', target_record_id: ids.comment })],
    funding_raised: [wrapped('currency', { currency_value: 1500000, currency_code: 'EUR' })],
    twitter: [],
  },
};

export const recordShown = {
  record_id: ids.record,
  web_url: `https://app.attio.com/acme/company/${ids.record}`,
  created_at: '2025-06-02T08:00:00.000Z',
  values: {
    name: ['Nordlicht Robotics'],
    domains: ['nordlicht.example'],
    team: [{ object: 'people', record_id: ids.comment }],
    funding_raised: [{ amount: 1500000, currency: 'EUR' }],
  },
};

export const entryBody = {
  id: { workspace_id: ids.workspace, list_id: ids.list, entry_id: ids.entry },
  parent_record_id: ids.record,
  parent_object: 'companies',
  created_at: '2025-11-18T13:20:44.010000000Z',
  entry_values: {
    stage: [wrapped('status', { status: choice('Due diligence') })],
    priority: [wrapped('select', { option: choice('High') })],
    owner: [wrapped('actor-reference', { referenced_actor_type: 'workspace-member', referenced_actor_id: ids.member })],
  },
};

export const entryShown = {
  entry_id: ids.entry,
  parent_object: 'companies',
  parent_record_id: ids.record,
  created_at: '2025-11-18T13:20:44.010Z',
  entry_values: { stage: ['Due diligence'], priority: ['High'], owner: [ids.member] },
};
