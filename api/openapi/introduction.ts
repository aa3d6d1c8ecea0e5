/** What a newcomer reads first: how to sign in, what answers look like, how to come again safely. */
import { ERROR_STATUS } from '../../protocol/errors.ts';

const CODES = Object.entries(ERROR_STATUS)
  .map(([code, status]) => `| \`${code}\` | ${status} |`)
  .join('\n');

export const INTRODUCTION = `Everything that an operator manages on Podoh: users, groups, devices, content, schedules, alerts and reports.
Players speak another contract, with the hub: \`protocol/asyncapi.json\`.

## Signing in

\`POST /api/v1/auth/login\` with a username and password gives an \`accessToken\` (RS256 JWT, 15 minutes) and a \`refreshToken\` (7 days, for
one use). Send the first with every call: \`Authorization: Bearer <accessToken>\`. Before it runs out, \`POST /api/v1/auth/refresh\`
exchanges the second for a new pair; one that is used twice ends the whole session. The public keys are at \`/.well-known/jwks.json\`.

An \`admin\` may do everything in the tenant; a \`manager\` works on devices, content, schedules and alerts inside the assigned groups and
their subtrees; a \`user\` reads there. What is outside of that, or of another tenant, answers 404 as if it were not there.

## Answers and errors

A success is \`{"success": true, "data": ...}\`, of a list with \`"meta": {"page", "limit", "total"}\`. A failure is
\`{"success": false, "error": {"code", "message", "details"?: [{"field", "message"}]}}\` with the status of its code:

| code | status |
|---|---|
${CODES}

Every answer carries \`X-Request-Id\`, under which the log has it. A request that did not arrive in time is 408, with \`VALIDATION_ERROR\`.
Timestamps are ISO 8601 UTC with milliseconds, durations have their unit in their name, ids are integers. Unknown fields and query
parameters are refused.

## Lists

\`page\` (from 1), \`limit\` (50, at most 200), \`sort\` (a leading minus sorts descending), \`q\` (text) and filters of their own.

## Doing it once

Send an \`Idempotency-Key\` (a UUID, say) with every POST. Sent again with the same key within 24 hours, the same request has no second
effect and gives the first answer, marked \`Idempotent-Replayed: true\`. The same key with another request is 409
\`IDEMPOTENCY_MISMATCH\`; while the first is still under way, 409 \`CONFLICT\`.

## Editing together

What has a \`version\` is edited by \`PUT\` with the fields to change and the version that the change is based on, either as \`version\` in the
body or as \`If-Match: "7"\`, which is the \`ETag\` of a GET. Has somebody else been faster it is 409 \`VERSION_CONFLICT\`, and the details name
the current version: read it again, and decide again.

## Limits

100 requests a minute for each user; raising and stopping alerts has an allowance of its own of the same size, so that browsing never
delays an emergency. Past it: 429 with \`Retry-After\`, in seconds. A process that is overloaded answers 503 with \`Retry-After\`, but goes on
to sign people in and to raise and stop alerts. JSON bodies are at most 256 KiB.

## Media

Files are uploaded in one form (\`POST /api/v1/content\`), or announced (\`POST /api/v1/content/uploads\`), sent to the address in the answer with
the headers given there, and completed. Nothing is shown before it was verified. The \`url\` of content is signed and runs out: it needs
no token, and whoever keeps a list should fetch it again rather than keep addresses. Paths are relative to this server.

## As it happens

\`GET /api/v1/live\` is a WebSocket (subprotocol \`podoh.live.v1\`) of JSON messages. It says \`ready\`, and from then on what changed:
\`presence\` (devices that came and went), \`ladder\` (how far alerts have come), \`deployments\` (how far schedules have come) and \`changed\`
(what to read again). It tells changes and never all there is: read over REST what you show, then listen. The operation has the schemas.
`;
