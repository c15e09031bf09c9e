export function writeSnapshot(file: string): void;
