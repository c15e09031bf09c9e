export * from './bearer.ts';
export * from './events.ts';
export * from './faults.ts';
export * from './ids.ts';
export * from './permissions.ts';
export * from './plain-url.ts';
export * from './resources.ts';
export * from './secret.ts';
