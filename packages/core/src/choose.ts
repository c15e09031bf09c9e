import type { Choice, Credential } from '@grantway/connector-kit';
import { Fault } from '@grantway/contract';
import { schema } from '@grantway/db';
import { withLearned } from '@grantway/oauth';
import { and, eq } from 'drizzle-orm';
import { readSession, unchangedApp } from './consent.ts';
import type { Modules } from './ctx.ts';
import { keepOrGiveBack } from './intake.ts';
import { openChoices } from './lookup.ts';
import { mustBeLive, openLink, type Request } from './open-link.ts';
import { sealedPlace } from './verification.ts';

const t = schema.verifications;

/**
 * The person chose, in the browser that consented, which site or tenant the account is for. The question is answered once;
 * the credential then goes the way of every other: identified, matched, stored.
 * @throws Fault link_invalid, link_used, link_expired, verification_required when this browser has nothing to choose,
 *   form_invalid, consent_failed, provider_unavailable, identity_mismatch, account_changed
 */
export async function chooseAccount(
  modules: Modules,
  token: string,
  form: { question: string; choice: string },
  request: Request,
  browsers: readonly string[],
): Promise<void> {
  const open = await openLink(modules, token, request);
  mustBeLive(open.link);
  if (browsers.length === 0) throw new Fault('verification_required');
  const { ctx } = open;
  const macs = await Promise.all(browsers.map((b) => modules.sealing.mac('browser', [b])));
  const { row, credential, chosen } = await ctx.tx(async (tx) => {
    const [waiting] = await tx
      .select()
      .from(t)
      .where(and(openChoices(open.link.id, macs), eq(t.id, form.question)))
      .for('update');
    if (waiting?.sealedCt == null || waiting.sessionId === null) throw new Fault('verification_required');
    const choices = waiting.facts['choices'] as Choice[];
    const picked = /^\d{1,3}$/.test(form.choice) ? choices[Number(form.choice)] : undefined;
    if (picked === undefined) throw new Fault('form_invalid', { errors: [{ pointer: '/choice', detail: 'choose one of them' }] });
    const opened = await modules.sealing.open<Credential>(sealedPlace(waiting), waiting.sealedCt);
    await tx.update(t).set({ outcome: 'done', sealedCt: null }).where(eq(t.id, waiting.id));
    return { row: waiting, credential: withLearned(opened, picked.values), chosen: picked };
  });
  await keepOrGiveBack(
    open,
    credential,
    {
      scopes: row.facts['scopes'] as string[],
      fields: row.facts['fields'] as Record<string, string>,
      sessionId: row.sessionId ?? undefined,
      browserMac: row.browserMac,
      chosen,
    },
    // A connection that was edited meanwhile ends the flow here as well.
    async () => unchangedApp(open, await readSession(ctx, row.sessionId as string)),
  );
}
