export { apiRoutes } from './api/index.ts';
export { type Config, ConfigError, parseConfig, settings } from './config.ts';
export { type Broker, type BrokerOptions, startBroker } from './deps.ts';
export { jobs } from './jobs/index.ts';
export { createLogger } from './logger.ts';
export { openApiDocument } from './openapi.ts';
