// Generated from the connectors' tools by: npm run gen

/** Other names that tools are called by, and the tools' own. */
export const aliases: Readonly<Record<string, string>> = {};
