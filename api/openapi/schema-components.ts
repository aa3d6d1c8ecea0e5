/**
 * Schemas of the document: what has a name stands in the components, once, and is referred to everywhere else.
 *
 * A schema is known by its shape, that is by what it says apart from its description and default: a copy with a description of its
 * own is the same schema, and keeps that description beside its reference (JSON Schema 2020-12 allows it).
 */
import { isJsonObject, plainJson, type Json, type JsonObject } from './json.ts';

/** Keywords that hold one schema. */
const ONE = new Set(['items', 'additionalProperties', 'not', 'contains', 'propertyNames']);
/** Keywords that hold a list of schemas. */
const LISTS = new Set(['anyOf', 'allOf', 'oneOf', 'prefixItems']);
/** Keywords that hold schemas by name. */
const MAPS = new Set(['properties', 'patternProperties']);

function shapeOf({ description: _d, default: _f, $id: _i, ...rest }: JsonObject): string {
  return JSON.stringify(rest);
}

export class SchemaComponents {
  readonly #names = new Map<string, string>();
  readonly #shapes = new Map<string, string>();
  readonly #components = new Map<string, JsonObject>();

  /** True when nothing has this name. */
  isFree(name: string): boolean {
    return !this.#shapes.has(name);
  }

  /** True when a schema of this shape has a name. */
  isNamed(schema: unknown): boolean {
    return this.#names.has(shapeOf(plainJson(schema)));
  }

  /** Names every schema of this shape; the first name stays. Throws when the name belongs to another shape. */
  name(name: string, schema: unknown): void {
    const shape = shapeOf(plainJson(schema));
    if (this.#names.has(shape)) return;
    if (!this.isFree(name)) throw new Error(`two schemas are called ${name}: give one of them another name`);
    this.#names.set(shape, name);
    this.#shapes.set(name, shape);
  }

  /** The schema as it stands in the document. */
  of(schema: unknown): JsonObject {
    return this.#refer(plainJson(schema));
  }

  /** What was referred to, by name. */
  all(): Record<string, JsonObject> {
    return Object.fromEntries([...this.#components].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  #refer(node: JsonObject): JsonObject {
    if (typeof node['$id'] === 'string') this.name(node['$id'], node);
    const name = this.#names.get(shapeOf(node));
    if (name === undefined) return this.#parts(node);
    if (!this.#components.has(name)) {
      // Held before its parts are made, so that a schema that contains itself ends.
      this.#components.set(name, {});
      this.#components.set(name, this.#parts(node));
    }
    const { description, default: fallback } = node;
    return {
      $ref: `#/components/schemas/${name}`,
      ...(description !== undefined && description !== this.#components.get(name)?.['description'] && { description }),
      ...(fallback !== undefined && fallback !== this.#components.get(name)?.['default'] && { default: fallback }),
    };
  }

  #parts({ $id: _id, ...node }: JsonObject): JsonObject {
    const made: Record<string, Json> = {};
    // A client's generator makes a type of it only when it is told which.
    const isWords = Array.isArray(node['enum']) && node['enum'].every((word) => typeof word === 'string');
    if (isWords && node['type'] === undefined) made['type'] = 'string';
    for (const [key, value] of Object.entries(node)) {
      if (ONE.has(key) && isJsonObject(value)) made[key] = this.#refer(value);
      else if (key === 'required' && Array.isArray(value) && value.length === 0) continue;
      else if (LISTS.has(key) && Array.isArray(value)) made[key] = value.map((part) => this.#refer(part as JsonObject));
      else if (MAPS.has(key) && isJsonObject(value)) {
        made[key] = Object.fromEntries(
          Object.entries(value).map(([name, part]) => [name, this.#refer(part as JsonObject)]),
        );
      } else made[key] = value;
    }
    return made;
  }
}
