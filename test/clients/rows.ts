/** What a client is put through, in this order. */
export const steps = ['connect', 'list', 'call', 'tool error', 'authorize again', 'revoked URL'] as const;
export type Step = (typeof steps)[number];

export interface Row {
  client: string;
  version: string;
  protocol: string;
  outcomes: Partial<Record<Step, string>>;
}

export function table(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(['client', 'version', 'protocol', ...steps]),
    line(Array(steps.length + 3).fill('---')),
    ...rows.map((row) => line([row.client, row.version, row.protocol, ...steps.map((step) => row.outcomes[step] ?? 'not run')])),
  ].join('\n');
}
