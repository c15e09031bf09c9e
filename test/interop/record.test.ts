import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import published from '@grantway/vault/record.vectors.json' with { type: 'json' };
import { expect, it } from 'vitest';

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const vectors = at('../../packages/vault/src/record.vectors.json');
const run = (file: string) => spawnSync('python3', [at('decode_record.py'), file], { encoding: 'utf8', timeout: 20_000 });
