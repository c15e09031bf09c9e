import { connectorSuite } from '@grantway/connector-kit/testing';
import service from './connector.ts';

connectorSuite(service);
