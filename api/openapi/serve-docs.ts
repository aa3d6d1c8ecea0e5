/** Serves the document at /openapi.json, and at /docs as pages to read and try out. Both are public. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { registerPublic } from '../register-routes.ts';
import { openApiDocument } from './documented-routes.ts';

/** How long the document may be kept, in seconds. It changes with the program only. */
const CACHED_SECONDS = 300;

/**
 * What the pages need (CSP 3), and nothing of it for the rest of the API: their own scripts and styles, icons as data, and requests to
 * this API. The reader sets styles on elements.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
].join('; ');

/** Adds both addresses. */
export async function serveDocs(app: FastifyInstance): Promise<void> {
  const document = openApiDocument();
  const text = JSON.stringify(document);
  await registerPublic(
    app,
    async (scope) => {
      scope.get('/openapi.json', (_request, reply) =>
        reply
          .header('cache-control', `public, max-age=${CACHED_SECONDS}`)
          .type('application/json; charset=utf-8')
          .send(text),
      );
      // The document is ours (docs/decisions/0023): the plugin only hands it to the reader.
      await scope.register(swagger, { mode: 'static', specification: { document: document as never } });
      await scope.register(swaggerUi, {
        routePrefix: '/docs',
        staticCSP: PAGE_POLICY,
        uiConfig: { layout: 'BaseLayout', docExpansion: 'list', persistAuthorization: false },
        theme: { title: 'Podoh CMS contract' },
      });
    },
    {},
  );
}
