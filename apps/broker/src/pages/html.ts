/** Markup that is safe to send: made by `html`, or vouched for with `unescapedHtml`. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Value = Html | string | number | undefined | false | readonly Value[];

/**
 * Builds markup. Every value is escaped for text and for double-quoted attributes, the only two places values may stand
 * in; there is no script or style on our pages to escape for. Arrays are joined, `undefined` and `false` leave nothing.
 */
export function html(strings: TemplateStringsArray, ...values: Value[]): Html {
  let markup = strings[0] as string;
  for (const [i, value] of values.entries()) markup += render(value) + strings[i + 1];
  return new Html(markup);
}

/** The one way around escaping; for constants of this folder only. */
export function unescapedHtml(markup: string): Html {
  return new Html(markup);
}

/** Text that others chose: kept apart, so that its writing direction cannot reorder the sentence around it. */
export function foreign(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** An address that may stand in `href`; undefined for anything that is not https (no `javascript:`, no `data:`). */
export function safeHref(url: string): string | undefined {
  return URL.canParse(url) && new URL(url).protocol === 'https:' ? new URL(url).href : undefined;
}

function render(value: Value): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.markup;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeText(String(value));
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;' };

function escapeText(text: string): string {
  return text.replace(/[&<>"'`]/g, (c) => entities[c] as string);
}
