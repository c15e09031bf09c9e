const coloured = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
const code = (n: number) => (text: string) => (coloured ? `\u001b[${n}m${text}\u001b[0m` : text);

export const paint = { bold: code(1), red: code(31), green: code(32), yellow: code(33) };

/** Rows under headings, columns as wide as their longest cell. */
export function table(headings: string[], rows: string[][]): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: string[]) => `   ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  return [paint.bold(line(headings)), ...rows.map(line)].join('\n');
}
