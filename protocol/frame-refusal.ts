/**
 * Why bytes from outside were refused: a closed list, the same for frames (answered with `error BAD_FRAME`) and HTTP bodies
 * (413 for `too-large`, 400 for the rest). The names are metric labels and stand in the golden bad frames.
 */
export const REFUSALS = {
  'too-large': 'more bytes than FRAME_BYTES_MAX',
  empty: 'no bytes at all',
  malformed: 'not well-formed JSON (RFC 8259) or MessagePack, or cut short',
  'trailing-bytes': 'bytes after the end of the one value',
  'too-deep': 'objects and arrays nested deeper than FRAME_DEPTH_MAX',
  'too-many-values': 'more values and keys than FRAME_VALUES_MAX',
  'length-lies': 'a MessagePack length that the remaining bytes cannot hold',
  'unsupported-type': 'a MessagePack extension, binary or reserved type',
  'key-not-string': 'a MessagePack map key that is not a string',
  'unsafe-integer': 'a 64-bit integer that IEEE 754 doubles cannot hold exactly',
  'not-utf8': 'text that is not well-formed UTF-8 (RFC 3629)',
  'lone-surrogate': 'a \\u escape that is half of a surrogate pair',
  'forbidden-key': 'the key __proto__',
  'duplicate-key': 'the same key twice in one object',
  'not-an-object': 'a value that is not an object',
  'no-type': 'a frame whose type is missing or not a string',
  schema: 'a known type whose fields are missing, of another kind or out of range',
} as const;

export type Refusal = keyof typeof REFUSALS;
