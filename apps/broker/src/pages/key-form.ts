import type { Field } from '@grantway/connector-kit';
import { type Fault, faults } from '@grantway/contract';
import type { LinkView } from '@grantway/core';
import { wordsOf } from './error-page.ts';
import { type Html, html, safeHref } from './html.ts';
import { linkPath } from './page.ts';

/** Why a form comes back. `values` are the answers worth keeping; a secret's is never shown again. */
export interface FormProblem {
  status: number;
  message: string;
  /** What to do about it. */
  advice?: string;
  /** Field name -> what is wrong with it. */
  fields: Record<string, string>;
  values: Record<string, string>;
}

/** The form of a key connector, made from its fields; those that the operator fixed are not in the view. */
export function keyForm(view: LinkView, token: string, tokenInput: Html, problem?: FormProblem): Html {
  const wrong = view.fields.filter((f) => problem?.fields[f.name] !== undefined);
  const first = wrong[0]?.name ?? (problem === undefined ? undefined : view.fields.find((f) => f.secret)?.name);
  const docs = safeHref(view.connector.docs);
  return html`${alertOf(problem, wrong)}
<form method="post" action="${linkPath(token, '/key')}" autocomplete="off">
${tokenInput}
${view.fields.map((f) => fieldOf(f, problem, f.name === first))}
<button class="button" type="submit">Check and connect</button>
</form>
${docs !== undefined && html`<p class="quiet small"><a href="${docs}" rel="noopener noreferrer" target="_blank">${view.connector.name} documentation</a></p>`}`;
}

function alertOf(problem: FormProblem | undefined, wrong: Field[]): Html | undefined {
  if (problem === undefined) return undefined;
  return html`<div class="alert" role="alert"><strong>${problem.message}</strong>${problem.advice !== undefined && html`<p>${problem.advice}</p>`}${
    wrong.length > 0 && html`<ul>${wrong.map((f) => html`<li><a href="#f-${f.name}">${problem.fields[f.name]}</a></li>`)}</ul>`
  }</div>`;
}

/** What an OAuth vendor's own address depends on, asked before the person is sent there; none of it is secret. */
export function beforeConsentForm(view: LinkView, token: string, tokenInput: Html, label: string, problem?: FormProblem): Html {
  const wrong = view.fields.filter((f) => problem?.fields[f.name] !== undefined);
  const first = wrong[0]?.name;
  return html`${alertOf(problem, wrong)}
<form method="post" action="${linkPath(token, '/go')}" autocomplete="off">
${tokenInput}
${view.fields.map((f) => fieldOf(f, problem, f.name === first))}
<button class="button" type="submit">${label}</button>
</form>`;
}

function fieldOf(field: Field, problem: FormProblem | undefined, focus: boolean): Html {
  const { name } = field;
  const message = problem?.fields[name];
  const described = [field.help === undefined ? undefined : `h-${name}`, message === undefined ? undefined : `e-${name}`].filter(
    (id) => id !== undefined,
  );
  const value = field.secret ? undefined : (problem?.values[name] ?? field.default);
  const attributes = html` id="f-${name}" name="${name}"${field.optional !== true && html` required`}${described.length > 0 && html` aria-describedby="${described.join(' ')}"`}${message !== undefined && html` aria-invalid="true"`}${focus && html` autofocus`}`;
  const pattern = patternOf(field);
  return html`<div class="field${message !== undefined && ' wrong'}">
<label for="f-${name}">${field.label}${field.optional === true && html` <span class="quiet">(optional)</span>`}</label>
${field.help !== undefined && html`<p class="help" id="h-${name}">${field.help}</p>`}
${
  field.multiline === true
    ? html`<textarea${attributes} rows="8" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="16384"></textarea>`
    : field.options === undefined
      ? html`<input${attributes} type="${field.secret ? 'password' : 'text'}" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="4096"${
          value !== undefined && html` value="${value}"`
        }${field.placeholder !== undefined && html` placeholder="${field.placeholder}"`}${
          pattern !== undefined &&
          html` pattern="${pattern}" title="${field.label}, as ${field.help === undefined ? 'the provider shows it' : 'described above'}"`
        }>`
      : html`<select${attributes} autocomplete="off">${value === undefined && html`<option value="">Choose…</option>`}${field.options.map(
          (o) => html`<option value="${o.value}"${o.value === value && html` selected`}>${o.label}</option>`,
        )}</select>`
}
${message !== undefined && html`<p class="error" id="e-${name}">${message}</p>`}
</div>`;
}

/**
 * The field's pattern for the browser to hint with, where its dialect can read it: the `v` flag, in which a bare `-` may
 * not begin or end a class. White space around a pasted key is let through, because the server trims it. The server
 * decides in any case.
 */
function patternOf({ pattern }: Field): string | undefined {
  if (pattern === undefined || pattern.flags !== '') return undefined;
  const bare = pattern.source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  const source = `\\s*(?:${bare.replaceAll(/(?<=[^\\[])-(?=\])/g, '\\-').replaceAll(/(?<=(?<!\\)\[\^?)-/g, '\\-')})\\s*`;
  try {
    new RegExp(source, 'v');
    return source;
  } catch {
    return undefined;
  }
}

export function problemOf(fault: Fault, connectorName: string, values: Record<string, string>): FormProblem {
  const said: Partial<Record<string, { message: string; advice?: string }>> = {
    form_invalid: { message: 'Please look at these fields again:' },
    key_rejected: {
      message: `${connectorName} did not accept this`,
      advice: 'Nothing was stored. Check that every key was copied whole and is still valid, then enter it again.',
    },
    provider_unavailable: {
      message: `${connectorName} could not be reached just now`,
      advice: 'Nothing was stored. Wait a moment, then enter the key again.',
    },
  };
  // The details are written by core from the field's own label; they never hold the value.
  const fields = Object.fromEntries((fault.errors ?? []).map((e) => [e.pointer.slice(1), e.detail]));
  return { status: faults[fault.code].status, ...(said[fault.code] ?? { message: wordsOf(fault.code).title }), fields, values };
}
