/** The content's part of the CMS contract. */
import Type from 'typebox';
import { API_BASE, IdParams, route, type Route } from '../route.ts';
import { ContentJson } from './content-json.ts';
import { getUsage, UsageJson } from './content-usage.ts';
import { ExternalContent } from './create-external.ts';
import { completeUpload, createUpload, receiveUpload, UploadRequest, UploadTicket } from './direct-upload.ts';
import { ContentUpdate, removeContent, updateContent } from './edit-content.ts';
import { ContentQuery, getContent, listContent } from './find-content.ts';
import { getQuota, QuotaJson } from './quota.ts';
import { createContent, UploadForm } from './upload-content.ts';
import {
  getUpload,
  PartAddressQuery,
  PartsTicket,
  receivePart,
  UploadProgress,
  UploadProgressQuery,
} from './upload-parts.ts';

const URL = `${API_BASE}/content`;

export function contentRoutes(): Route[] {
  return [...libraryRoutes(), ...itemRoutes(), ...directRoutes()];
}

function libraryRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: URL,
      policy: 'user',
      operationId: 'listContent',
      summary: 'Content, the newest first',
      query: ContentQuery,
      data: Type.Array(ContentJson),
      paged: true,
      handler: listContent,
    }),
    route({
      method: 'POST',
      url: URL,
      policy: 'manager',
      operationId: 'createContent',
      summary: 'Upload a file, which is verified before this answers; or add a stream or a web page by its address',
      body: ExternalContent,
      upload: 'form',
      form: UploadForm,
      data: ContentJson,
      status: 201,
      handler: createContent,
    }),
    route({
      method: 'GET',
      url: `${URL}/quota`,
      policy: 'user',
      operationId: 'getContentQuota',
      summary: 'How much the tenant keeps, and may keep',
      data: QuotaJson,
      handler: getQuota,
    }),
  ];
}

function itemRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${URL}/:id`,
      policy: 'user',
      operationId: 'getContent',
      summary: 'One piece of content, with an address for its bytes when it is ready',
      params: IdParams,
      data: ContentJson,
      handler: getContent,
    }),
    route({
      method: 'PUT',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'updateContent',
      summary: 'Change what content is called, whose it is, how long it stands, or the address it plays from',
      params: IdParams,
      body: ContentUpdate,
      data: ContentJson,
      handler: updateContent,
    }),
    route({
      method: 'DELETE',
      url: `${URL}/:id`,
      policy: 'manager',
      operationId: 'removeContent',
      summary: 'Delete content that nothing uses',
      params: IdParams,
      data: Type.Object({}),
      handler: removeContent,
    }),
    route({
      method: 'GET',
      url: `${URL}/:id/usage`,
      policy: 'user',
      operationId: 'getContentUsage',
      summary: 'What uses the content; while anything does it cannot be deleted',
      params: IdParams,
      data: UsageJson,
      handler: getUsage,
    }),
  ];
}

function directRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      url: `${URL}/uploads`,
      policy: 'manager',
      operationId: 'createUpload',
      summary: 'Announce a file that is to be sent straight to the store; the address is good for an hour',
      description:
        'With `parts: true` the file is sent in parts, in any order and again if need be, within a day: each is PUT to its own address, ' +
        'which `GET /content/uploads/{id}` gives for all that are missing. So an upload that was cut off goes on where it was.',
      body: UploadRequest,
      data: Type.Union([UploadTicket, PartsTicket]),
      status: 201,
      handler: createUpload,
    }),
    route({
      method: 'PUT',
      url: `${URL}/uploads/:id/file`,
      policy: 'public',
      operationId: 'sendUpload',
      summary: 'The bytes of an announced upload; the address is its own permission',
      params: IdParams,
      query: Type.Object(
        {
          expires: Type.String({ maxLength: 20, description: 'Part of the address' }),
          signature: Type.String({ maxLength: 128, description: 'Part of the address' }),
        },
        { additionalProperties: false },
      ),
      upload: 'bytes',
      data: Type.Object({}),
      handler: receiveUpload,
    }),
    route({
      method: 'GET',
      url: `${URL}/uploads/:id`,
      policy: 'manager',
      operationId: 'getUpload',
      summary: 'How far an upload in parts has come, and where its missing parts go',
      params: IdParams,
      query: UploadProgressQuery,
      data: UploadProgress,
      handler: getUpload,
    }),
    route({
      method: 'PUT',
      url: `${URL}/uploads/:id/part`,
      policy: 'public',
      operationId: 'sendPart',
      summary: 'The bytes of one part of an announced upload; the address is its own permission',
      params: IdParams,
      query: PartAddressQuery,
      upload: 'bytes',
      data: Type.Object({}),
      handler: receivePart,
    }),
    route({
      method: 'POST',
      url: `${URL}/uploads/:id/complete`,
      policy: 'manager',
      operationId: 'completeUpload',
      summary: 'The bytes are there: verify them. Answers when that is done, or after 7 seconds with status verifying',
      params: IdParams,
      data: ContentJson,
      handler: completeUpload,
    }),
  ];
}
