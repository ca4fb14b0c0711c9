import type { Json, JsonObject } from '../object.ts';
import { WireWriter } from '../proto/wire.ts';

/** Numbers of the OpenAPI v2 messages clients older than OpenAPI v3 read (gnostic `openapi.v2.Document`). */
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Fill = (writer: WireWriter) => void;

function nested(writer: WireWriter, tag: number, fill: Fill): void {
  const inner = new WireWriter();
  fill(inner);
  writer.bytes(tag, inner.finish());
}

function text(writer: WireWriter, tag: number, value: Json | undefined): void {
  if (typeof value === 'string' && value !== '') writer.text(tag, value);
}

function texts(writer: WireWriter, tag: number, value: Json | undefined): void {
  if (Array.isArray(value)) for (const one of value) writer.text(tag, String(one));
}

function named(writer: WireWriter, tag: number, name: string, fill: Fill): void {
  nested(writer, tag, entry => {
    entry.text(1, name);
    nested(entry, 2, fill);
  });
}

/** `x-…` words: their values travel as YAML text, which JSON is. */
function extensions(writer: WireWriter, tag: number, value: JsonObject): void {
  for (const [name, part] of Object.entries(value)) {
    if (name.startsWith('x-')) named(writer, tag, name, any => any.text(2, `${JSON.stringify(part)}\n`));
  }
}

function schema(writer: WireWriter, value: JsonObject): void {
  text(writer, 1, value.$ref);
  text(writer, 2, value.format);
  if (value.default !== undefined) nested(writer, 5, any => any.text(2, `${JSON.stringify(value.default)}\n`));
  if (typeof value.maximum === 'number') writer.double(7, value.maximum);
  if (typeof value.minimum === 'number') writer.double(9, value.minimum);
  if (typeof value.maxLength === 'number') writer.integer(11, value.maxLength);
  if (typeof value.minLength === 'number') writer.integer(12, value.minLength);
  text(writer, 13, value.pattern);
  if (typeof value.maxItems === 'number') writer.integer(14, value.maxItems);
  if (typeof value.minItems === 'number') writer.integer(15, value.minItems);
  texts(writer, 19, value.required);
  if (Array.isArray(value.enum))
    for (const one of value.enum) nested(writer, 20, any => any.text(2, `${JSON.stringify(one)}\n`));
  const { additionalProperties, items, properties } = value;
  if (isObject(additionalProperties))
    nested(writer, 21, item => nested(item, 1, inner => schema(inner, additionalProperties)));
  if (typeof value.type === 'string') nested(writer, 22, item => texts(item, 1, [value.type!]));
  if (isObject(items)) nested(writer, 23, item => nested(item, 1, inner => schema(inner, items)));
  if (isObject(properties)) {
    nested(writer, 25, list => {
      for (const [name, part] of Object.entries(properties))
        named(list, 1, name, inner => schema(inner, part as JsonObject));
    });
  }
  extensions(writer, 31, value);
}

/** Kinds of parameters that are no body: place in NonBodyParameter, and the number of `type`. */
const PLACES: Readonly<Record<string, readonly [place: number, type: number]>> = { query: [3, 6], path: [4, 5] };

function parameter(writer: WireWriter, value: JsonObject): void {
  nested(writer, 1, one => {
    if (value.in === 'body') {
      nested(one, 1, body => {
        text(body, 2, value.name);
        text(body, 3, value.in);
        if (value.required === true) body.integer(4, 1);
        if (isObject(value.schema)) nested(body, 5, inner => schema(inner, value.schema as JsonObject));
      });
      return;
    }
    const [place, type] = PLACES[String(value.in)] ?? PLACES.query!;
    nested(one, 2, other => {
      nested(other, place, inner => {
        if (value.required === true) inner.integer(1, 1);
        text(inner, 2, value.in);
        text(inner, 4, value.name);
        text(inner, type, value.type);
      });
    });
  });
}

function parameters(writer: WireWriter, tag: number, value: Json | undefined): void {
  if (Array.isArray(value)) for (const one of value) nested(writer, tag, item => parameter(item, one as JsonObject));
}

function operation(writer: WireWriter, value: JsonObject): void {
  texts(writer, 1, value.tags);
  text(writer, 5, value.operationId);
  texts(writer, 6, value.produces);
  texts(writer, 7, value.consumes);
  parameters(writer, 8, value.parameters);
  nested(writer, 9, responses => {
    for (const [code, answer] of Object.entries((value.responses ?? {}) as JsonObject)) {
      named(responses, 1, code, item => {
        nested(item, 1, response => {
          const { description, schema: body } = answer as JsonObject;
          text(response, 1, description);
          if (isObject(body)) nested(response, 2, wrapped => nested(wrapped, 1, inner => schema(inner, body)));
        });
      });
    }
  });
  texts(writer, 10, value.schemes);
  extensions(writer, 13, value);
}

const METHODS: readonly (readonly [method: string, tag: number])[] = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['patch', 8],
];

/** The OpenAPI v2 document as `application/com.github.proto-openapi.spec.v2.v1.0+protobuf`. */
export function openApiV2Protobuf(document: JsonObject): Uint8Array {
  const writer = new WireWriter();
  text(writer, 1, document.swagger);
  const info = document.info as JsonObject;
  nested(writer, 2, inner => {
    text(inner, 1, info.title);
    text(inner, 2, info.version);
  });
  nested(writer, 8, paths => {
    for (const [path, item] of Object.entries(document.paths as JsonObject)) {
      named(paths, 2, path, inner => {
        for (const [method, tag] of METHODS) {
          const value = (item as JsonObject)[method];
          if (isObject(value)) nested(inner, tag, one => operation(one, value));
        }
        parameters(inner, 9, (item as JsonObject).parameters);
      });
    }
  });
  nested(writer, 9, definitions => {
    for (const [name, value] of Object.entries(document.definitions as JsonObject)) {
      named(definitions, 1, name, inner => schema(inner, value as JsonObject));
    }
  });
  return writer.finish();
}
