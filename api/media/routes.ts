/** Stored files at the API's root, where the addresses of manifests and alerts point. */
import Type from 'typebox';
import { MEDIA_BASE } from '../../hub/core/content-url.ts';
import { route, type Route } from '../route.ts';
import { serveMedia } from './serve-media.ts';

const MediaParams = Type.Object({ '*': Type.String({ description: 'The storage key, slashes included' }) });

const MediaQuery = Type.Object(
  {
    expires: Type.Optional(Type.String({ description: 'When the address runs out, in seconds since 1970' })),
    signature: Type.Optional(Type.String({ description: 'HMAC-SHA-256 over both, base64url' })),
  },
  { additionalProperties: false },
);

/** CORS (Fetch standard §3.2) of these addresses: players' pages live on any origin, and nothing of the asker is looked at. */
export const MEDIA_CORS = {
  origin: '*',
  methods: ['GET', 'HEAD'],
  allowedHeaders: ['Range', 'If-None-Match', 'If-Range'],
  exposedHeaders: ['Accept-Ranges', 'Content-Length', 'Content-Range', 'ETag', 'Retry-After'],
  maxAge: 600,
  strictPreflight: false,
};

/** The route of `ctx.media.sign`'s addresses. */
export function mediaRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      url: `${MEDIA_BASE}*`,
      policy: 'public',
      operationId: 'getMedia',
      summary: 'A stored file, at the signed address that a manifest, an alert or a piece of content gave',
      params: MediaParams,
      query: MediaQuery,
      data: Type.Unknown({ description: 'The bytes of the file, of its own content type' }),
      raw: true,
      download: true,
      // Counted in the handler: only what is not signed by us.
      bucket: 'none',
      handler: serveMedia,
    }),
  ];
}
