export * from './auth.ts';
export * from './connector.ts';
export * from './remote-tool.ts';
export * from './request.ts';
export * from './sandbox-url.ts';
export * from './tool.ts';
