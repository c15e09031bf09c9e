export * from './legacy-session.ts';
export * from './modern-caller.ts';
export { mirroredHeaders, mirroredValues, paramHeaders } from './param-headers.ts';
export * from './wire.ts';
