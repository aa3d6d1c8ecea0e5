/** What every answer of the API has to be, whatever was asked. */
import type { LightMyRequestResponse } from 'fastify';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { ERROR_STATUS, type ErrorCode } from '../../protocol/errors.ts';
import { openApiDocument } from '../openapi/documented-routes.ts';
import { isJsonObject, type JsonObject } from '../openapi/json.ts';
import { documentPath } from '../openapi/operations.ts';
import type { Route } from '../route.ts';

const failureEnvelope = Compile(
  Type.Object(
    {
      success: Type.Literal(false),
      error: Type.Object(
        {
          code: Type.Enum(Object.keys(ERROR_STATUS)),
          message: Type.String({ minLength: 1 }),
          details: Type.Optional(
            Type.Array(Type.Object({ field: Type.String(), message: Type.String() }, { additionalProperties: false })),
          ),
        },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  ),
);

/** Codes whose status is another one for once: what came too slowly, and a range beyond the end. */
const OTHER_STATUS: ReadonlySet<number> = new Set([408, 416]);

/** Checks answers of one route. Returns what is wrong with an answer, or null. */
export function answerChecker(route: Route): (answer: LightMyRequestResponse) => string | null {
  const documented = documentedStatuses(route);
  const data = Compile(route.data);
  return (answer) => {
    const { statusCode, headers } = answer;
    const type = String(headers['content-type'] ?? '');
    if (statusCode >= 500) return `a server's error: ${answer.body.slice(0, 500)}`;
    if (!documented.has(String(statusCode)))
      return `the document does not name ${statusCode}: ${answer.body.slice(0, 300)}`;
    if (headers['x-request-id'] === undefined) return 'no X-Request-Id';
    if (statusCode >= 400) return failureFault(answer, type);
    if (statusCode >= 300) return null;
    if (route.raw && !type.startsWith('application/json'))
      return answer.rawPayload.length === 0 ? 'an empty file' : null;
    if (!type.startsWith('application/json')) return `the content type is ${type}`;
    const value: unknown = answer.json();
    const shown = route.raw ? value : (value as JsonObject)['data'];
    if (!data.Check(shown)) return `not the schema's: ${JSON.stringify(data.Errors(shown).slice(0, 3))}`;
    if (!route.raw && (value as JsonObject)['success'] !== true) return 'no success';
    return null;
  };
}

function failureFault(answer: LightMyRequestResponse, type: string): string | null {
  if (type !== 'application/json; charset=utf-8') return `a failure's content type is ${type}`;
  const value: unknown = answer.json();
  if (!failureEnvelope.Check(value)) return `not the envelope of failures: ${answer.body.slice(0, 300)}`;
  const { code } = (value as { error: { code: ErrorCode } }).error;
  const fits = ERROR_STATUS[code] === answer.statusCode || OTHER_STATUS.has(answer.statusCode);
  return fits ? null : `${code} came with ${answer.statusCode}`;
}

let document: JsonObject | null = null;

function documentedStatuses({ method, url }: Route): ReadonlySet<string> {
  document ??= openApiDocument();
  const path = (document['paths'] as JsonObject)[documentPath(url)];
  const operation = isJsonObject(path) ? path[method.toLowerCase()] : undefined;
  if (!isJsonObject(operation)) throw new Error(`${method} ${url} is not documented`);
  return new Set(Object.keys(operation['responses'] as JsonObject));
}
