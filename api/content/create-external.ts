/** Content that is not ours to store: a stream, or a web page. */
import Type, { type Static } from 'typebox';
import { mutate, type Mutation } from '../mutation.ts';
import { ownerGroup } from '../ownership.ts';
import type { Call } from '../route.ts';
import { contentJson, ContentName, DurationMs, OwnerGroup, type ContentJson } from './content-json.ts';
import { insertContent } from './insert-content.ts';
import { ADDRESS_CHARS_MAX, externalAddress, SCHEMES, withoutSecrets } from './external-address.ts';

export const ContentAddress = Type.String({
  minLength: 1,
  maxLength: ADDRESS_CHARS_MAX,
  description: `stream: ${SCHEMES.stream.join(', ')}; html: ${SCHEMES.html.join(', ')}. Players fetch it, the server never does`,
});

export const ExternalContent = Type.Object(
  {
    type: Type.Enum(['stream', 'html'], { description: 'stream: live pictures; html: a web page' }),
    name: ContentName,
    url: ContentAddress,
    groupId: Type.Optional(OwnerGroup),
    durationMs: Type.Optional(DurationMs),
  },
  { additionalProperties: false },
);

/** Makes content of an address. VALIDATION_ERROR for an address of another kind, NOT_FOUND for the group. */
export async function createExternal(
  call: Call<unknown, unknown, Static<typeof ExternalContent>>,
): Promise<ContentJson> {
  const { ctx, actor, body } = call;
  const url = externalAddress(body.type, body.url);
  return mutate(call, async (tx, now): Promise<Mutation<ContentJson>> => {
    const row = await insertContent(tx, actor, now, {
      name: body.name.trim(),
      type: body.type,
      status: 'ready',
      group_id: await ownerGroup(tx, actor, body.groupId),
      duration_ms: body.durationMs ?? null,
      url,
    });
    return {
      data: contentJson(ctx.media, row, now),
      changes: [],
      audit: {
        action: 'content.created',
        entity: 'content',
        entityId: row.id,
        detail: { type: body.type, name: row.name, url: withoutSecrets(url), groupId: row.group_id },
      },
    };
  });
}
