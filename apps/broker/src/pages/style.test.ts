import { expect, it } from 'vitest';
import { styleText } from './style.ts';

const [light, dark] = [...styleText.matchAll(/:root\{([^}]*)\}/g)].map(([, block = '']) =>
  Object.fromEntries([...block.matchAll(/--([a-z-]+):(#[0-9a-f]{3,6})/g)].map(([, name, value]) => [name, value])),
) as [Record<string, string>, Record<string, string>];

/** WCAG 2.2, relative luminance and contrast ratio. */
function luminance(hex: string): number {
  const full = hex.length === 4 ? [...hex.slice(1)].map((c) => c + c).join('') : hex.slice(1);
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((i) => {
    const c = Number.parseInt(full.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a: string, b: string) => {
  const [hi = 0, lo = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
};

const pairs: [text: string, ground: string, least: number][] = [
  ...['ground', 'glow', 'surface', 'sunken'].flatMap((g): [string, string, number][] => [
    ['text', g, 4.5],
    ['muted', g, 4.5],
    ['accent', g, 4.5],
  ]),
  ['on-accent', 'accent', 4.5],
  ['on-accent', 'accent-strong', 4.5],
  ['accent', 'accent-soft', 4.5],
  ['text', 'info-soft', 4.5],
  ...['good', 'bad', 'warn', 'info'].map((t): [string, string, number] => [t, `${t}-soft`, 4.5]),
  ...['good', 'bad', 'warn', 'read'].map((t): [string, string, number] => [t, 'sunken', 4.5]),
  ['bad', 'surface', 4.5],
  // borders of inputs: 1.4.11
  ['field-line', 'surface', 3],
];

it.each(pairs)('%s on %s reaches %s:1 in light and dark', (text, ground, least) => {
  for (const scheme of [light, { ...light, ...dark }]) {
    expect(contrast(scheme[text] as string, scheme[ground] as string)).toBeGreaterThanOrEqual(least);
  }
});

it('the stylesheet asks nothing of anyone', () => {
  expect(styleText).not.toMatch(/url\(|@import|@font-face|image-set|https?:/i);
});
