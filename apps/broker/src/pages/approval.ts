import { Fault, isFault, parseBearer } from '@grantway/contract';
import { decideByLink, viewApproval } from '@grantway/core';
import { approvalPath, type Decision, renderApproval, renderDecided } from './approval-page.ts';
import { type Page, requestOf, tokenOf } from './page.ts';
import { readSubjectForm, subjectInput } from './same-site-form.ts';

/** What an approval link opens. Looking decides nothing: previews and scanners look too (security.md A17). */
export const approval: Page = {
  method: 'GET',
  path: '/approve/:token',
  changes: false,
  async run({ modules }, request) {
    const token = tokenOf(request);
    const view = await viewApproval(modules, token, requestOf(request));
    if (view.status !== 'pending' || view.isOver) {
      const { pressed } = request.query as { pressed?: unknown };
      return { page: renderDecided(view, isDecision(pressed) ? pressed : undefined) };
    }
    const { approveBy } = view;
    return {
      page: renderApproval(view, token, await subjectInput(modules, subjectOf(token))),
      // Chromium holds the redirect that follows a form post to it as well.
      formAction: approveBy.kind === 'app' ? ["'self'", new URL(approveBy.url).origin] : ["'self'"],
    };
  },
};

/** The button was pressed on our own page: one decision, the first one. */
export const approvalDecision: Page = {
  method: 'POST',
  path: '/approve/:token/decide',
  changes: true,
  async run({ modules }, request) {
    const token = tokenOf(request);
    const { decision = '', reason = '' } = await readSubjectForm(modules, request, () => subjectOf(token));
    if (!isDecision(decision)) throw new Fault('form_invalid');
    const said = reason.replaceAll('\0', '').trim().slice(0, 500);
    try {
      const onward = await decideByLink(modules, token, decision, said === '' ? undefined : said, requestOf(request));
      return { location: onward?.continueAt ?? approvalPath(token) };
    } catch (error) {
      // The page says what it is now, and that this press changed nothing.
      const isLate = isFault(error) && ['approval_decided', 'approval_expired', 'approval_cancelled'].includes(error.code);
      if (!isLate) throw error;
      return { location: `${approvalPath(token)}?pressed=${decision}` };
    }
  },
};

/** @throws Fault link_invalid */
function subjectOf(token: string): string[] {
  const id = parseBearer('approval', token)?.id;
  if (id === undefined) throw new Fault('link_invalid');
  return ['approval', id];
}

function isDecision(value: unknown): value is Decision {
  return value === 'approve' || value === 'deny';
}
