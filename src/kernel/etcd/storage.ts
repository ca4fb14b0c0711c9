import { apiVersionOf, kindOf, type KubeObject, splitApiVersion } from '../object.ts';
import { decodeProtobuf, encodeProtobuf, omitEmpty, protoSchemaOf } from '../proto/index.ts';
import { convertBuiltin } from '../schema/convert.ts';
import { defaultObject } from '../schema/default.ts';
import type { ResourceCatalog, ResourceDefinition } from '../resource.ts';
import { collectionOf, storageOf } from '../registry/collections.ts';
import { isStoredAsJson } from './keys.ts';

/** Objects as Kubernetes stores them: protobuf in its envelope for built-in kinds, JSON for the others; no version inside. */
export interface StorageCodec {
  encode(collection: string, object: KubeObject): Uint8Array;
  /** Throws for bytes that are no object. */
  decode(collection: string, value: Uint8Array, revision: number): KubeObject;
}

const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The definition each built-in collection is stored by. */
function storageDefinitions(catalog: ResourceCatalog): Map<string, ResourceDefinition> {
  const definitions = new Map<string, ResourceDefinition>();
  for (const definition of catalog.all()) {
    if (definition.custom !== true) definitions.set(collectionOf(definition), storageOf(catalog, definition));
  }
  return definitions;
}

/** Protobuf says scalars that were never set as zeros. */
function fromProtobuf(value: Uint8Array): KubeObject {
  const read = decodeProtobuf(value);
  const object = read as unknown as KubeObject;
  omitEmpty(protoSchemaOf(kindOf(object)), read);
  return object;
}

export function storageCodec(catalog: ResourceCatalog): StorageCodec {
  const definitions = storageDefinitions(catalog);
  return {
    encode: (collection, object) => {
      const { resourceVersion: _version, selfLink: _link, ...metadata } = object.metadata;
      const stored = { ...object, metadata };
      const bytes = isStoredAsJson(collection) || !definitions.has(collection) ? undefined : encodeProtobuf(stored);
      return bytes ?? encoder.encode(`${JSON.stringify(stored)}\n`);
    },
    decode: (collection, value, revision) => {
      const isProtobuf = MAGIC.every((byte, at) => value[at] === byte);
      let object = (isProtobuf ? fromProtobuf(value) : JSON.parse(decoder.decode(value))) as KubeObject;
      const definition = definitions.get(collection);
      if (definition) {
        // Another server may prefer another version of the group; stored objects are defaulted when read, as there.
        if (object.apiVersion !== apiVersionOf(definition)) {
          object = convertBuiltin(object, { ...splitApiVersion(apiVersionOf(definition)), kind: definition.kind });
        }
        defaultObject(definition.schema, object);
      }
      object.metadata ??= {};
      object.metadata.resourceVersion = String(revision);
      return object;
    },
  };
}
