import { type Html, html, unescapedHtml } from './html.ts';
import { stylePath } from './style.ts';

export const iconPath = '/pages/icon.svg';

/** An open gate. */
export const iconSvg =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#0b6b5d"/>' +
  '<path d="M8.5 24V15a7.5 7.5 0 0 1 15 0v9" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/>' +
  '<circle cx="16" cy="17.5" r="2.6" fill="#8be3d2"/><path d="M16 19.5V24" stroke="#8be3d2" stroke-width="2.6" stroke-linecap="round"/></svg>';

const paths = {
  good: '<path d="m6.5 12.5 3.6 3.6 7.4-8"/>',
  bad: '<path d="m8 8 8 8m0-8-8 8"/>',
  warn: '<path d="M12 6.5v6.5m0 3.6v.1"/>',
  clock: '<circle cx="12" cy="12" r="8.4"/><path d="M12 6.5V12l3.5 2.2"/>',
  info: '<path d="M12 11v6m0-9.6v.1"/>',
};
export type Tone = keyof typeof paths;

export function icon(tone: Tone): Html {
  return unescapedHtml(
    `<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${paths[tone]}</svg>`,
  );
}

export interface PageBody {
  title: string;
  main: Html;
  layout?: 'card' | 'wide';
}

/** The frame of every page. */
export function pageOf({ title, main, layout = 'card' }: PageBody): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<title>${title} · Grantway</title>
<link rel="icon" type="image/svg+xml" href="${iconPath}">
<link rel="stylesheet" href="${stylePath}">
</head>
<body class="${layout}">
<header class="top"><img src="${iconPath}" alt="" width="28" height="28"><span>Grantway</span></header>
${main}
</body>
</html>
`.markup;
}

/** A page that says one thing: what happened, and what to do next. */
export function noticeOf(notice: {
  tone: Tone;
  title: string;
  text: Html | string;
  next?: Html | string | undefined;
  extra?: Html | undefined;
}): Html {
  const { tone, title, text, next, extra } = notice;
  return html`<main class="card notice">
<div class="badge ${tone}">${icon(tone)}</div>
<h1>${title}</h1>
<p class="lead">${text}</p>
${next === undefined ? undefined : html`<div class="next"><h2>What to do next</h2><p>${next}</p></div>`}
${extra}
</main>`;
}

/** For people, without a script that would know their time zone: how long from now, and the moment in UTC. */
export function momentOf(at: Date, now: Date = new Date()): Html {
  const minutes = Math.max(0, Math.round((at.getTime() - now.getTime()) / 60_000));
  const [amount, unit] =
    minutes < 120 ? [minutes, 'minute'] : minutes < 2880 ? [Math.round(minutes / 60), 'hour'] : [Math.round(minutes / 1440), 'day'];
  const utc = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(at);
  return html`in ${amount} ${unit}${amount === 1 ? '' : 's'} <span class="quiet">(<time datetime="${at.toISOString()}">${utc} UTC</time>)</span>`;
}
