const coloured = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
const code = (n: number) => (text: string) => (coloured ? `\u001b[${n}m${text}\u001b[0m` : text);

export const paint = { bold: code(1), dim: code(2), red: code(31), green: code(32), yellow: code(33) };

/** Rows under headings, columns as wide as their longest cell. */
export function table(headings: string[], rows: string[][]): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: string[]) => `   ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd();
  return [paint.bold(line(headings)), ...rows.map(line)].join('\n');
}

/** One text within so many characters, on one line. */
export function short(text: string, most: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

/** The words after each other in lines of at most 100 characters, below each other. */
export function wrapped(words: string[], separator = ', '): string[] {
  const lines: string[] = [];
  for (const [i, word] of words.entries()) {
    const text = i === words.length - 1 ? word : `${word}${separator.trimEnd()}`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + text.length < 100) lines[lines.length - 1] = `${last} ${text}`;
    else lines.push(text);
  }
  return lines;
}
