import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { ApprovalView, LinkView } from '@grantway/core';
import { startBroker, type TestBroker } from '@grantway/test/harness';
import Fastify from 'fastify';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { renderApproval, renderDecided } from './approval-page.ts';
import { choicePage, connectedPage, replacementPage, unfinishedPage } from './done.ts';
import { pageHeaders } from './headers.ts';
import { html } from './html.ts';
import { renderReference, renderWelcome } from './index.ts';
import { renderLanding, usedPage } from './landing.ts';
import { iconPath, iconSvg } from './layout.ts';
import { styleHeaders, stylePath, styleText } from './style.ts';

/** `npm run attacks`. */
const isLong = process.env['MODE'] === 'long';
const limitMs = isLong ? 3_600_000 : 180_000;
const executablePath = '/usr/bin/chromium';
const isMissing = !existsSync(executablePath);
if (isMissing) process.stderr.write(`skipped: the pages in a real browser, for there is no ${executablePath} (apt-get install chromium)\n`);

describe.skipIf(isMissing)('in a real browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  // Before the servers close: they would wait for the sockets that a browser keeps in stock.
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  afterAll(() => browser?.close());

  /** A fresh profile whose every dialog, foreign request and policy violation is written down. */
  async function freshPage(allowed: readonly string[]): Promise<{ page: Page; incidents: string[] }> {
    const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
    const incidents: string[] = [];
    page.on('dialog', (dialog) => {
      incidents.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!allowed.includes(new URL(request.url()).origin)) incidents.push(`request ${request.url()}`);
    });
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) incidents.push(message.text());
    });
    page.on('pageerror', (error) => incidents.push(String(error)));
    return { page, incidents };
  }

  describe('with a broker', () => {
    let broker: TestBroker;
    beforeAll(async () => {
      broker = await startBroker();
      for (const connector of ['linear', 'datadog'])
        await broker.api('/v1/connections', { body: { name: connector, connector, sandbox: true } });
    });
    afterAll(() => broker?.close());

    async function linkFor(connection: string, identifier: string): Promise<string> {
      return (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: connection, identifier } })).body
        .link;
    }
    const statusOf = async (identifier: string) =>
      (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body.items[0].status;

    it('A10, A16: a person denies, tries again, connects, and reloads without harm; the browser asks nobody else', async () => {
      const identifier = `user-${randomBytes(6).toString('hex')}`;
      const { page, incidents } = await freshPage([broker.baseUrl, broker.sandbox.origin]);
      await page.goto(await linkFor('linear', identifier));
      await page.getByRole('button', { name: 'Continue to Linear' }).click();
      expect(new URL(page.url()).origin).toBe(broker.sandbox.origin);
      await page.locator('button[value=deny]').click();
      await page.getByRole('heading', { name: 'You did not give access' }).waitFor();
      expect(await statusOf(identifier)).toBe('PENDING_AUTH');

      await page.getByRole('button', { name: 'Try again' }).click();
      await page.locator('button[value=allow]').click();
      await page.getByRole('heading', { name: 'Linear is connected' }).waitFor();
      expect(await statusOf(identifier)).toBe('ACTIVE');
      expect(page.url()).not.toMatch(/code=|state=/);
      await page.reload();
      await page.getByRole('heading', { name: 'Linear is connected' }).waitFor();
      expect(await page.context().cookies(broker.baseUrl)).toEqual([]);
      expect(incidents).toEqual([]);
    });

    it('a person opens two links in two tabs and finishes both', async () => {
      const identifiers = [0, 1].map(() => `user-${randomBytes(6).toString('hex')}`);
      const { page: first, incidents } = await freshPage([broker.baseUrl, broker.sandbox.origin]);
      const second = await first.context().newPage();
      const tabs = [first, second];
      for (const [i, tab] of tabs.entries()) {
        await tab.goto(await linkFor('linear', identifiers[i] as string));
        await tab.getByRole('button', { name: 'Continue to Linear' }).click();
        await tab.locator('button[value=allow]').waitFor();
      }
      for (const tab of tabs) {
        await tab.locator('button[value=allow]').click();
        await tab.getByRole('heading', { name: 'Linear is connected' }).waitFor();
      }
      for (const identifier of identifiers) expect(await statusOf(identifier)).toBe('ACTIVE');
      expect(incidents).toEqual([]);
    });

    it('a person enters a wrong key, then a good one', async () => {
      const identifier = `user-${randomBytes(6).toString('hex')}`;
      const { page, incidents } = await freshPage([broker.baseUrl]);
      await page.goto(await linkFor('datadog', identifier));
      await page.getByLabel('API key').fill(`invalid-${randomBytes(12).toString('hex')}`);
      await page.getByLabel('Application key').fill(randomBytes(20).toString('hex'));
      await page.getByLabel('Site').selectOption('datadoghq.eu');
      await page.getByRole('button', { name: 'Check and connect' }).click();
      await page.getByRole('alert').getByText('Datadog did not accept this').waitFor();
      expect(await page.getByLabel('API key').inputValue()).toBe('');
      expect(await page.getByLabel('Site').inputValue()).toBe('datadoghq.eu');
      expect(await page.evaluate('document.activeElement.name')).toBe('api_key');

      // As pasted: white space around it must not stop the browser from sending it.
      await page.getByLabel('API key').fill(` ${randomBytes(16).toString('hex')} `);
      await page.getByLabel('Application key').fill(randomBytes(20).toString('hex'));
      await page.getByRole('button', { name: 'Check and connect' }).click();
      await page.getByRole('heading', { name: 'Datadog is connected' }).waitFor();
      expect(await statusOf(identifier)).toBe('ACTIVE');
      expect(incidents).toEqual([]);
    });

    it('A14, A19: another site that posts our form is refused, and one that frames us shows nothing', async () => {
      const link = await linkFor('linear', `user-${randomBytes(6).toString('hex')}`);
      const token = /name="_form" value="([^"]+)"/.exec(await (await fetch(link)).text())?.[1];
      const evil = Fastify();
      evil.get('/post', (_request, reply) =>
        reply
          .type('text/html')
          .send(`<form id=f method=post action="${link}/go"><input name=_form value="${token}"></form><script>f.submit()</script>`),
      );
      evil.get('/frame', (_request, reply) => reply.type('text/html').send(`<iframe src="${link}"></iframe>`));
      await evil.listen({ host: '127.0.0.1', port: 0 });
      const origin = `http://localhost:${(evil.server.address() as AddressInfo).port}`;
      const { page } = await freshPage([]);
      await page.goto(`${origin}/post`);
      await page.getByRole('heading', { name: 'This form is out of date' }).waitFor();
      expect(await page.context().cookies(broker.baseUrl)).toEqual([]);

      await page.goto(`${origin}/frame`);
      // The frame's address is empty until the browser has judged the answer.
      await expect
        .poll(
          () =>
            page
              .frames()
              .filter((f) => f.parentFrame() !== null)
              .map((f) => f.url()),
          { timeout: 10_000 },
        )
        .toEqual(['chrome-error://chromewebdata/']);
      await evil.close();
    });
  });

  describe('hostile text', () => {
    const seeds = [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      '<svg onload=alert(1)>',
      '<svg><script href="data:text/javascript,alert(1)"/></svg>',
      '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
      '<iframe src="javascript:alert(1)"></iframe>',
      '<body onload=alert(1)>',
      '<details open ontoggle=alert(1)>',
      '<input autofocus onfocus=alert(1)>',
      '<video><source onerror=alert(1)></video>',
      '<a href="javascript:alert(1)">x</a>',
      '<form action="https://evil.example"><button>x</button></form>',
      '<meta http-equiv="refresh" content="0;url=https://evil.example">',
      '<base href="https://evil.example/">',
      '<link rel="stylesheet" href="https://evil.example/x.css">',
      '<link rel="prefetch" href="https://evil.example/x">',
      '<img src="https://evil.example/x">',
      '<style>@import "https://evil.example/x"</style>',
      '<object data="https://evil.example/x"></object>',
      '<embed src="https://evil.example/x">',
      '<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)>',
      '<template><script>alert(1)</script></template>',
      '{{constructor.constructor("alert(1)")()}}',
      '#{alert(1)}',
      '&lt;script&gt;alert(1)&lt;/script&gt;',
      '&#x3c;script&#x3e;alert(1)&#x3c;/script&#x3e;',
      '\u003cscript\u003ealert(1)\u003c/script\u003e',
      '＜script＞alert(1)＜/script＞',
      'onmouseover=alert(1) style=position:fixed;inset:0',
      'javascript:alert(1)',
    ];
    const frames = [
      '',
      '">',
      "'>",
      '" autofocus onfocus=alert(1) x="',
      '</title></textarea></style></script>',
      '--><!--',
      '</bdi></p></main>',
    ];
    const payloads = seeds.flatMap((seed) => frames.map((frame) => frame + seed));

    function pagesWith(p: string): string[] {
      const view: LinkView = {
        state: 'live',
        kind: 'oauth2',
        hasConsentPage: true,
        connector: { id: 'linear', name: p, docs: p },
        connectionName: p,
        workspaceName: p,
        identifier: p,
        scopes: [{ name: p, description: p }],
        fields: [],
        sandbox: true,
        expiresAt: new Date(Date.now() + 60_000),
        account: { status: 'ACTIVE', label: p, name: p, owner: 'organization' },
        verification: {
          mode: 'none',
          ready: true,
          chatCode: undefined,
          chatRefused: false,
          signInHost: undefined,
          unusable: false,
          leadsTo: [],
        },
        replacement: { from: p, to: p, mayAdd: true },
        missingScopes: [{ name: p, description: p }],
        choice: { id: p, noun: p, options: [{ label: p, detail: p, current: true }] },
      };
      const asChecked = (mode: LinkView['verification']['mode'], chatCode?: string): LinkView => ({
        ...view,
        verification: { ...view.verification, mode, ready: false, chatCode, signInHost: p, unusable: mode === 'session' },
      });
      const keyView: LinkView = {
        ...view,
        kind: 'api_key',
        fields: [
          { name: 'a', label: p, help: p, secret: true, placeholder: p },
          { name: 'b', label: p, secret: false, default: p },
          { name: 'c', label: p, secret: false, options: [{ value: p, label: p }] },
        ],
      };
      const approval: ApprovalView = {
        id: p,
        audience: 'user',
        status: 'pending',
        isOver: false,
        toolName: p,
        toolTitle: p,
        effect: 'destructive',
        connectorName: p,
        connectionName: p,
        sandbox: true,
        accountLabel: p,
        accountOwner: 'user',
        userIdentifier: p,
        clientName: p,
        configName: p,
        workspaceName: p,
        // Long enough to be folded, whatever it is.
        arguments: { [p]: p.slice(0, 900), nested: { [p.slice(0, 900)]: [p.slice(0, 200)] }, long: p.padEnd(1300, ' x') },
        reason: p,
        expiresAt: view.expiresAt,
        createdAt: view.expiresAt,
        decidedAt: null,
        approveBy: { kind: 'app', url: 'https://app.example/' },
      };
      const token = html`<input type="hidden" name="_form" value="${p}">`;
      const problem = { status: 422, message: p, advice: p, fields: { a: p, b: p, c: p }, values: { b: p, c: p } };
      return [
        renderLanding(view, p, token),
        renderLanding(asChecked('oidc'), p, token),
        renderLanding(asChecked('session'), p, token),
        renderLanding(asChecked('chat', '123456'), p, token),
        replacementPage(view, { from: p, to: p, mayAdd: false }, p, token),
        choicePage(view, { id: p, noun: p, options: [{ label: p, detail: p, current: true }] }, p, token),
        renderLanding({ ...keyView, kind: 'oauth2' }, p, token, problem),
        renderLanding(keyView, p, token, problem),
        connectedPage(view),
        renderApproval(approval, p, token),
        renderDecided({ ...approval, status: 'denied' }, 'approve'),
        usedPage(view),
        unfinishedPage(view, 'account_changed', p, token),
        renderWelcome({
          baseUrl: p,
          version: p,
          mode: 'embedded',
          connectors: 1,
          connections: 1,
          accountsActive: 1,
          accountsWaiting: 1,
          toolCalls24h: 1,
          sandbox: 'http://127.0.0.1:1',
          ready: true,
        }),
        renderReference({
          info: { title: p, description: p, version: p },
          servers: [{ url: p }],
          tags: [{ name: p, description: p }],
          paths: {
            [p]: {
              post: {
                operationId: p,
                tags: [p],
                summary: p,
                description: p,
                security: [{ oauth2: [p] }],
                'x-audit-event': p,
                parameters: [{ name: p, in: 'query', required: true, description: p, schema: { type: p, default: p } }],
                requestBody: {
                  content: {
                    [p]: { schema: { type: 'object', required: [p], properties: { [p]: { type: 'string', enum: [p], description: p } } } },
                  },
                },
                responses: {
                  200: { content: { 'application/json': { schema: { type: 'array', items: { const: p } } } } },
                  [p]: { description: p },
                },
              },
            },
          },
        }),
      ];
    }

    it(`A15: never runs, never loads, never becomes an element: ${payloads.length} payloads in every field of every page`, {
      timeout: limitMs,
    }, async () => {
      const shown = new Map<string, string>();
      const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } });
      app.get('/p/:n', (request, reply) =>
        reply.headers(pageHeaders({ formAction: ["'self'"] })).send(shown.get((request.params as { n: string }).n)),
      );
      app.get(stylePath, (_request, reply) => reply.headers(styleHeaders).send(styleText));
      app.get(iconPath, (_request, reply) => reply.type('image/svg+xml').send(iconSvg));
      app.get('/pages/logos/linear.svg', (_request, reply) => reply.type('image/svg+xml').send(iconSvg));
      await app.listen({ host: '127.0.0.1', port: 0 });
      const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
      const { page, incidents } = await freshPage([origin]);

      // What our own pages are made of: the same elements and attributes with a harmless text.
      const census = `[...document.querySelectorAll('*')].map((e) => e.tagName + '[' + e.getAttributeNames().sort() + ']').join(' ')`;
      const harmless: unknown[] = [];
      for (const [i, page_] of pagesWith('harmless').entries()) {
        shown.set(`harmless-${i}`, page_);
        await page.goto(`${origin}/p/harmless-${i}`);
        harmless.push(await page.evaluate(census));
      }
      // The seven pages of one payload in one visit: each is parsed as a document of its own, without scripts or loads.
      const compare = `(pages) => pages.map((p) => { const document = new DOMParser().parseFromString(p, 'text/html'); return ${census}; })`;
      for (const payload of payloads) {
        const parsed = (await page.evaluate(`(${compare})(${JSON.stringify(pagesWith(payload))})`)) as string[];
        for (const [i, found] of parsed.entries()) expect(found, `page ${i}: ${payload}`).toBe(harmless[i]);
      }
      // And for real, with everything that could fire given the chance to: each seed, in the long form each payload.
      const visited = isLong ? payloads : seeds.map((seed) => `">${seed}`);
      for (const [n, payload] of visited.entries()) {
        for (const [i, markup] of pagesWith(payload).entries()) {
          shown.set(`${n}-${i}`, markup);
          await page.goto(`${origin}/p/${n}-${i}`, { waitUntil: 'load' });
          expect(new URL(page.url()).origin).toBe(origin);
        }
      }
      expect(incidents).toEqual([]);
      await app.close();
    });
  });
});
