export * from './auth.ts';
export * from './connector.ts';
export * from './parameters.ts';
export * from './request.ts';
export * from './sandbox-url.ts';
export * from './scopes.ts';
export * from './tool.ts';
export * from './url-template.ts';
