import { File, FileLinkCreate, FileUploadLink, FileUploadQuery, PageQuery, pageOf, UserIdentifier } from '@grantway/contract';
import { createFile, createUploadLink, deleteFile, getFile, listFiles, openFile } from '@grantway/core';
import { z } from 'zod';
import { route } from '../http.ts';

const id = { id: 'The file’s id, the handle' };
const ofUser = { user_identifier: UserIdentifier.optional().describe('Only where the file is this user’s') };

export const files = [
  route({
    method: 'POST',
    path: '/v1/files',
    summary: 'Upload a file',
    description:
      'The body is the file, as it is, with its Content-Type. The answer’s id is what tools take as file_id, for this user alone. Files are kept sealed and end by themselves.',
    permission: 'files:write',
    audit: 'file.created',
    query: z.object(FileUploadQuery),
    upload: true,
    status: 201,
    reply: File,
    faults: ['payload_too_large', 'file_limit', 'unsupported_media_type', 'request_timeout', 'user_suspended'],
    run: (ctx, { query, sent }) => createFile(ctx, query, sent),
  }),
  route({
    method: 'POST',
    path: '/v1/files/upload-links',
    summary: 'Create an upload link',
    description:
      'For an agent that has a file and no access token: PUT the bytes to the link, once, before it expires. Whoever has the link can use it.',
    permission: 'files:write',
    audit: 'file_link.created',
    body: FileLinkCreate,
    status: 201,
    reply: FileUploadLink,
    faults: ['user_suspended'],
    run: (ctx, { body }) => createUploadLink(ctx, body),
  }),
  route({
    method: 'GET',
    path: '/v1/files',
    summary: 'List files',
    description: 'Files that can be used now, newest first.',
    permission: 'files:read',
    query: z.object({ ...PageQuery, user_identifier: UserIdentifier.optional().describe('Only this user’s') }),
    status: 200,
    reply: pageOf(File),
    run: (ctx, { query }) => listFiles(ctx, query),
  }),
  route({
    method: 'GET',
    path: '/v1/files/{id}',
    summary: 'Get a file',
    permission: 'files:read',
    params: id,
    query: z.object(ofUser),
    status: 200,
    reply: File,
    run: (ctx, { params, query }) => getFile(ctx, params['id'] as string, query.user_identifier),
  }),
  route({
    method: 'GET',
    path: '/v1/files/{id}/content',
    summary: 'Download a file',
    description: 'The bytes, as a stream. One that ends before Content-Length is not the whole file.',
    permission: 'files:read',
    params: id,
    query: z.object(ofUser),
    status: 200,
    download: (ctx, { params, query }) => openFile(ctx, params['id'] as string, query.user_identifier),
  }),
  route({
    method: 'DELETE',
    path: '/v1/files/{id}',
    summary: 'Delete a file',
    permission: 'files:write',
    audit: 'file.deleted',
    params: id,
    query: z.object(ofUser),
    status: 204,
    run: async (ctx, { params, query }) => {
      await deleteFile(ctx, params['id'] as string, query.user_identifier);
      return undefined;
    },
  }),
];
