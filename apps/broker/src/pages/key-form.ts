import type { Field } from '@grantway/connector-kit';
import type { LinkView } from '@grantway/core';
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
  return html`${
    problem &&
    html`<div class="alert" role="alert"><strong>${problem.message}</strong>${problem.advice !== undefined && html`<p>${problem.advice}</p>`}${
      wrong.length > 0 && html`<ul>${wrong.map((f) => html`<li><a href="#f-${f.name}">${problem.fields[f.name]}</a></li>`)}</ul>`
    }</div>`
  }
<form method="post" action="${linkPath(token, '/key')}" autocomplete="off">
${tokenInput}
${view.fields.map((f) => fieldOf(f, problem, f.name === first))}
<button class="button" type="submit">Check and connect</button>
</form>
${docs !== undefined && html`<p class="quiet small"><a href="${docs}" rel="noopener noreferrer" target="_blank">${view.connector.name} documentation</a></p>`}`;
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
