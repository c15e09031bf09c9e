import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Asking, askingSetting, mcpCall } from './asking.ts';
import { Browser } from './browser.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
  for (const [name, mode] of [
    ['by-app', { mode: 'app', user_verify_urls: ['http://127.0.0.1:9/verify?tenant=a'] }],
    ['by-chat', { mode: 'chat' }],
  ] as const) {
    await broker.api('/v1/connections', { body: { name, connector: 'linear', sandbox: true } });
    // Connected first, verified from now on.
    await askingSetting(broker, {}, name);
    verifications.push([name, mode]);
  }
});
const verifications: [string, Json][] = [];
afterAll(() => broker?.close());

const byUser = { approval: { write: 'always_ask' }, approvers: 'user' };
const parked = async (of: Asking, more: Json = {}): Promise<Json> =>
  mcpCall(broker, of.url, 'linear_issue_create', { teamId: randomUUID(), title: 'An issue', ...more });
const idIn = (result: Json): string => result._meta['grantway/approval_id'];
const statusOf = async (id: string) => (await broker.api(`/v1/approvals/${id}`)).body.status;

async function operatorLink(more: Json = {}): Promise<{ id: string; link: string; of: Asking }> {
  const of = await askingSetting(broker);
  const id = idIn(await parked(of, more));
  const made = await broker.api(`/v1/approvals/${id}/link`, { method: 'POST' });
  expect(made.status).toBe(200);
  return { id, link: made.body.link, of };
}

const post = (link: string, fields: Record<string, string>, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }) =>
  fetch(`${link}/decide`, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams(fields) });
const formTokenIn = (html: string) => /name="_form" value="([^"]+)"/.exec(html)?.[1] as string;

describe('an approval link', () => {
  it('shows the call: tool, effect, account, person, and each argument', async () => {
    const { id, link, of } = await operatorLink({ title: 'Checkout <b>is</b> slow', description: 'Since noon.\nTwo regions.' });
    const response = await fetch(link);
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self'");
    expect(response.headers.getSetCookie()).toEqual([]);
    for (const words of [
      'Approve this call?',
      of.user,
      'It changes something',
      'Checkout &lt;b&gt;is&lt;/b&gt; slow',
      'Approve once',
      'Deny',
    ])
      expect(html).toContain(words);
    expect(html).toContain('Since noon.\nTwo regions.');
    expect(html).toContain(`Personal: <strong><bdi>${(await broker.api(`/v1/approvals/${id}`)).body.account_label}</bdi>`);
    expect(html).not.toContain('Nobody checks who');
  });

  it('A17: is looked at by anybody as often as they like, and decides nothing', async () => {
    const { id, link } = await operatorLink();
    for (const method of ['GET', 'HEAD', 'GET']) await fetch(link, { method, headers: { 'user-agent': 'a link preview' } });
    for (const query of ['?decision=approve', '?pressed=approve']) await fetch(`${link}${query}`);
    expect((await fetch(`${link}/decide?decision=approve`)).status).toBe(405);
    expect(await statusOf(id)).toBe('pending');
  });

  it('takes a form of its own page only: no other site, no other token, no other approval’s', async () => {
    const [own, other] = [await operatorLink(), await operatorLink()];
    const token = formTokenIn(await (await fetch(own.link)).text());
    const foreign = formTokenIn(await (await fetch(other.link)).text());
    const attempts: [Record<string, string>, Record<string, string>?][] = [
      [{ decision: 'approve' }],
      [{ _form: foreign, decision: 'approve' }],
      [{ _form: token, decision: 'approve' }, { 'sec-fetch-site': 'cross-site' }],
      [{ _form: token, decision: 'approve' }, { origin: 'https://evil.example' }],
      [{ _form: token, decision: 'approve' }, { origin: 'null' }],
    ];
    for (const [fields, headers] of attempts) expect((await post(own.link, fields, headers)).status).toBe(403);
    expect((await post(own.link, { _form: token, decision: 'yes' })).status).toBe(422);
    expect(await statusOf(own.id)).toBe('pending');
    expect((await post(own.link, { _form: token, decision: 'approve' })).status).toBe(303);
    expect([await statusOf(own.id), await statusOf(other.id)]).toEqual(['approved', 'pending']);
  });

  it('decides once: the second press says what it is, and that it changed nothing', async () => {
    const { id, link } = await operatorLink();
    const page = { url: link, html: await (await fetch(link)).text() };
    const browser = new Browser();
    const first = await browser.submit(page, { decision: 'deny', reason: 'not on a Friday' });
    expect(new URL(first.headers.get('location') ?? '', link).href).toBe(link);
    const denied = await (await fetch(link)).text();
    expect(denied).toContain('not on a Friday');
    const second = await browser.submit(page, { decision: 'approve' });
    const late = await (await fetch(new URL(second.headers.get('location') ?? '', link))).text();
    expect(late).toContain('It was over before you pressed “Approve”, which changed nothing.');
    const again = await browser.submit(page, { decision: 'deny' });
    expect(await (await fetch(new URL(again.headers.get('location') ?? '', link))).text()).not.toContain('It was over before');
    const approval = (await broker.api(`/v1/approvals/${id}`)).body;
    expect(approval).toMatchObject({ status: 'denied', reason: 'not on a Friday', decided_by: { kind: 'link', id: null } });
  });

  it('of nobody, with another secret, or of another kind is no link', async () => {
    const { link } = await operatorLink();
    const token = link.split('/').at(-1) as string;
    const changed = (link.at(-8) === 'A' ? 'B' : 'A') + token.slice(-7);
    const authorization = await broker.api('/v1/connected-accounts/authorization-link', {
      body: { connection_name: 'linear', identifier: 'somebody' },
    });
    for (const other of ['gwap_x', token.slice(0, -8) + changed, authorization.body.link.split('/').at(-1)]) {
      const response = await fetch(`${broker.baseUrl}/approve/${other}`);
      expect(response.status, other).toBe(404);
      expect(await response.text()).toContain('This link does not work');
    }
    expect((await fetch(`${broker.baseUrl}/connect/${token}`)).status).toBe(404);
  });

  it('after its time says so, and takes nothing', async () => {
    const { id, link } = await operatorLink();
    const page = { url: link, html: await (await fetch(link)).text() };
    await broker.modules.db.system('sweep').query({
      name: 'test expire approval',
      text: "update approvals set expires_at = now() - interval '1 second' where id = $1",
      values: [id],
    });
    expect(await (await fetch(link)).text()).toContain('This approval has expired');
    expect((await new Browser().submit(page, { decision: 'approve' })).headers.get('location')).toContain('?pressed=approve');
    expect(await statusOf(id)).not.toBe('approved');
  });
});

describe('the link that an agent hands on', () => {
  it('F05: is not the operator’s, and on a local address says that nobody is checked', async () => {
    const of = await askingSetting(broker, byUser);
    const result = await parked(of);
    const link = result._meta['grantway/approval_link'];
    expect(result.content[0].text).toContain(`Approval link: ${link}`);
    expect((await broker.api(`/v1/approvals/${idIn(result)}/link`, { method: 'POST' })).body.link).not.toBe(link);
    const html = await (await fetch(link)).text();
    expect(html).toContain('Nobody checks who is at the keyboard');
    await new Browser().submit({ url: link, html }, { decision: 'approve' });
    expect((await broker.api(`/v1/approvals/${idIn(result)}`)).body).toMatchObject({
      status: 'approved',
      decided_by: { kind: 'link', id: of.user },
    });
  });

  it('F05: approves nothing where people are verified: the operator’s app is asked who is there, and decides', async () => {
    const results: [string, Asking, Json][] = [];
    for (const [name] of verifications) {
      const of = await askingSetting(broker, byUser, name);
      results.push([name, of, await parked(of)]);
    }
    for (const [name, verification] of verifications) {
      const [connection] = (await broker.api(`/v1/connections?name=${name}`)).body.items;
      expect((await broker.api(`/v1/connections/${connection.id}`, { method: 'PATCH', body: { verification } })).status).toBe(200);
    }
    for (const [name, of, result] of results) {
      const [id, link] = [idIn(result), result._meta['grantway/approval_link']];
      const response = await fetch(link);
      const page = { url: link, html: await response.text() };
      const sent = await new Browser().submit(page, { decision: 'approve' });
      if (name === 'by-app') {
        expect(response.headers.get('content-security-policy')).toContain("form-action 'self' http://127.0.0.1:9;");
        expect(sent.headers.get('location')).toBe(`http://127.0.0.1:9/verify?tenant=a&approval_id=${id}`);
      } else {
        expect(page.html).toContain('it can say no, not yes');
        expect(page.html).not.toContain('value="approve"');
        expect(sent.status).toBe(403);
      }
      expect(await statusOf(id)).toBe('pending');
      if (name === 'by-app') {
        const decided = await broker.api(`/v1/approvals/${id}/approve`, { body: { user_identifier: of.user } });
        expect(decided.body.decided_by).toEqual({ kind: 'user', id: of.user });
      } else {
        expect((await new Browser().submit(page, { decision: 'deny' })).status).toBe(303);
        expect(await statusOf(id)).toBe('denied');
      }
    }
  });

  it('is not given where the operator approves', async () => {
    expect(JSON.stringify(await parked(await askingSetting(broker)))).not.toContain('gwap_');
  });
});

const executablePath = '/usr/bin/chromium';
describe.skipIf(!existsSync(executablePath))('in a real browser', () => {
  it('F06: shows what will be sent as text, names what cannot be seen, and folds what is long with its length', {
    timeout: 120_000,
  }, async () => {
    const hidden = 'pay \u202Eecila\u202C and\u200B nobody\u00AD else';
    const long = `${'A long report. '.repeat(400)}THE END`;
    const { id, link } = await operatorLink({
      title: `<img src=x onerror=alert(1)> ${hidden}`,
      description: long,
      labelIds: [randomUUID(), randomUUID()],
    });
    const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu'] });
    try {
      for (const [name, viewport] of [
        ['phone', { width: 390, height: 844 }],
        ['desktop', { width: 1280, height: 900 }],
      ] as const) {
        const page = await (await browser.newContext({ viewport })).newPage();
        const incidents: string[] = [];
        page.on('dialog', (dialog) => {
          incidents.push('dialog');
          void dialog.dismiss();
        });
        page.on('console', (message) => void (/Content Security Policy/i.test(message.text()) && incidents.push(message.text())));
        await page.goto(link);
        const shown = await page.locator('.arguments').innerText();
        expect(shown).toContain('<img src=x onerror=alert(1)> pay ⟦U+202E⟧ecila⟦U+202C⟧ and⟦U+200B⟧ nobody⟦U+00AD⟧ else');
        expect(shown).toContain(`Long: show all ${long.length} characters`);
        expect(shown).not.toContain('THE END');
        const isWide = await page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');
        expect(isWide, `${name} scrolls sideways`).toBe(false);
        await shoot(page, `approval-${name}`);
        await page.getByText(`Long: show all ${long.length} characters`).click();
        expect(await page.locator('.arguments').innerText()).toContain('THE END');
        expect(incidents).toEqual([]);
      }
      const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
      await page.goto(link);
      await page.getByText('Say why (optional)').click();
      await page.getByLabel('Your agent reads this').fill('looks right');
      await page.getByRole('button', { name: 'Approve once' }).click();
      await page.getByRole('heading', { name: 'Approved' }).waitFor();
      await shoot(page, 'approval-approved');
      await page.reload();
      await page.getByRole('heading', { name: 'Approved' }).waitFor();
      expect((await broker.api(`/v1/approvals/${id}`)).body).toMatchObject({ status: 'approved', reason: 'looks right' });
    } finally {
      await browser.close();
    }
  });
});

/** For people who want to look: GRANTWAY_TEST_SCREENSHOTS names a folder. */
async function shoot(page: { screenshot(options: { path: string; fullPage: boolean }): Promise<unknown> }, name: string): Promise<void> {
  const folder = process.env['GRANTWAY_TEST_SCREENSHOTS'];
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}
