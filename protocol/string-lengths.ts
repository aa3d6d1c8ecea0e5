/**
 * `maxLength` as JSON Schema means it: Unicode code points (RFC 8259 §7 characters). TypeBox counts grapheme clusters, of which one
 * letter with ten thousand combining accents is a single one: it would pass for a short text and fail in a database column,
 * together with everything that was written in the same batch.
 */

/** The few JSON Schema keywords that our schemas use to nest. */
interface JsonSchema {
  readonly type?: unknown;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** The lengths that a schema limits, without everything else; null below a point where nothing is limited. */
export interface StringLimits {
  readonly max: number | null;
  readonly fields: readonly (readonly [name: string, limits: StringLimits])[];
  readonly items: StringLimits | null;
  /** Of every field of a record. */
  readonly values: StringLimits | null;
}

/** Where a string is too long, as a JSON Pointer (RFC 6901), and how long it may be. */
export interface TooLong {
  readonly pointer: string;
  readonly limit: number;
}

/** What a schema limits. Costs as much as compiling it: do it once. */
export function stringLimits(schema: object): StringLimits | null {
  const { maxLength, properties = {}, patternProperties = {}, items, anyOf = [], allOf = [] } = schema as JsonSchema;
  const parts = [...anyOf, ...allOf].map(stringLimits).filter((part) => part !== null);
  const fields = Object.entries(properties).flatMap(([name, property]) => {
    const limits = stringLimits(property);
    return limits === null ? [] : [[name, limits] as const];
  });
  const records = Object.values(patternProperties)
    .map(stringLimits)
    .filter((part) => part !== null);
  const maxima = [
    ...(maxLength === undefined ? [] : [maxLength]),
    ...parts.flatMap(({ max }) => (max === null ? [] : [max])),
  ];
  const limits: StringLimits = {
    // Of alternatives the widest counts: which of them a value is, the schema has said already.
    max: maxima.length === 0 ? null : Math.max(...maxima),
    fields: [...fields, ...parts.flatMap((part) => part.fields)],
    items:
      (items === undefined ? null : stringLimits(items)) ?? parts.find((part) => part.items !== null)?.items ?? null,
    values: records[0] ?? parts.find((part) => part.values !== null)?.values ?? null,
  };
  const limitsNothing =
    limits.max === null && limits.fields.length === 0 && limits.items === null && limits.values === null;
  return limitsNothing ? null : limits;
}

/** The first string of a value that is longer than its schema allows, or null. The value passed its schema before. */
export function firstTooLong(limits: StringLimits | null, value: unknown): TooLong | null {
  if (limits === null) return null;
  if (typeof value === 'string') {
    const { max } = limits;
    return max !== null && value.length > max && codePoints(value) > max ? { pointer: '', limit: max } : null;
  }
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    if (limits.items === null) return null;
    for (let index = 0; index < value.length; index++) {
      const found = below(limits.items, value[index], index);
      if (found !== null) return found;
    }
    return null;
  }
  const object = value as Readonly<Record<string, unknown>>;
  for (const [name, field] of limits.fields) {
    const found = below(field, object[name], name);
    if (found !== null) return found;
  }
  if (limits.values === null) return null;
  for (const name of Object.keys(object)) {
    const found = below(limits.values, object[name], name);
    if (found !== null) return found;
  }
  return null;
}

function below(limits: StringLimits, value: unknown, name: string | number): TooLong | null {
  const found = firstTooLong(limits, value);
  return found === null ? null : { pointer: `/${name}${found.pointer}`, limit: found.limit };
}

/** Characters as Unicode and databases count them; half a surrogate pair counts as one. */
function codePoints(text: string): number {
  let count = 0;
  for (const _point of text) count++;
  return count;
}
