import { createHash } from 'node:crypto';
import type { JsonObject, KindRef } from '../object.ts';
import type { ResourceCatalog, ResourceDefinition } from '../resource.ts';
import { schemaOf } from '../schema/builtin.ts';
import { openApiV2Protobuf } from './gnostic.ts';
import { Definitions, type OpenApiVersion } from './definitions.ts';
import { customDefinitionName, WELL_KNOWN } from './names.ts';
import { pathsOf } from './paths.ts';

/** The version every answer of the API carries. */
const API_VERSION = 'v1.35.0';

const gvkExtension = ({ group, kind, version }: KindRef): JsonObject => ({
  'x-kubernetes-group-version-kind': [{ group, kind, version }],
});

function customKind(
  definitions: Definitions,
  definition: ResourceDefinition,
): { object: JsonObject; list: JsonObject } {
  const kind = { group: definition.group, version: definition.version, kind: definition.kind };
  const name = customDefinitionName(kind);
  // Clients of v2 cannot read "anything more is allowed": such a kind is any object to them (apiextensions, OpenAPI builder).
  const isOpen = definitions.version === 'v2' && definition.schema.preserveUnknown === true;
  const own = isOpen ? {} : definitions.value(definition.schema);
  const properties: JsonObject = {
    // apiVersion and kind are among them, with their words (readCustomSchema).
    ...(own.properties as JsonObject | undefined),
    metadata: definitions.reference('meta.v1.ObjectMeta'),
  };
  const body = isOpen ? {} : { ...own, properties };
  const object = definitions.add(name, { ...body, type: 'object', ...gvkExtension(kind) });
  const list = definitions.add(`${name}List`, {
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: object },
      kind: { type: 'string' },
      metadata: definitions.reference('meta.v1.ListMeta'),
    },
    ...gvkExtension({ ...kind, kind: `${kind.kind}List` }),
  });
  return { object, list };
}

function typeReference(definitions: Definitions, kind: KindRef): JsonObject {
  const typeName = schemaOf(kind)?.typeName;
  return typeName === undefined ? { type: 'object' } : definitions.reference(typeName);
}

function addPaths(
  version: OpenApiVersion,
  definitions: Definitions,
  resources: Iterable<ResourceDefinition>,
): JsonObject {
  const paths: JsonObject = {};
  const patch = definitions.wellKnown(WELL_KNOWN.patch);
  const options = definitions.reference('meta.v1.DeleteOptions');
  const status = definitions.reference('meta.v1.Status');
  for (const definition of resources) {
    const kind = { group: definition.group, version: definition.version, kind: definition.kind };
    const types = definition.custom
      ? customKind(definitions, definition)
      : {
          object: typeReference(definitions, kind),
          list: typeReference(definitions, { ...kind, kind: `${kind.kind}List` }),
        };
    const typeOf = (other: KindRef): JsonObject => typeReference(definitions, other);
    Object.assign(paths, pathsOf({ version, definition, ...types, patch, options, status, typeOf }));
  }
  return paths;
}

/** `apis/apps/v1`, `api/v1`: the path of a group version below `/openapi/v3/`. */
const groupPath = (definition: ResourceDefinition): string =>
  definition.group === '' ? `api/${definition.version}` : `apis/${definition.group}/${definition.version}`;

const SECURITY: JsonObject = {
  BearerToken: { type: 'apiKey', in: 'header', name: 'authorization', description: 'Bearer Token authentication' },
};

/** The catalogue as OpenAPI documents; each is written when it is first asked for and kept until the catalogue changes. */
export interface OpenApi {
  /** `/openapi/v3`. */
  index(): string;
  /** `/openapi/v3/apis/apps/v1`, asked for as `apis/apps/v1`; undefined for groups nobody serves. */
  group(path: string): string | undefined;
  /** `/openapi/v2`. */
  v2(): string;
  /** The same in the protobuf form older clients ask for. */
  v2Protobuf(): Uint8Array;
}

/** Writes the documents of a catalogue as it is now: make a new one when a custom kind comes or goes. */
export function openApi(catalog: ResourceCatalog): OpenApi {
  const groups = new Map<string, ResourceDefinition[]>();
  for (const definition of catalog.all()) {
    const path = groupPath(definition);
    groups.set(path, [...(groups.get(path) ?? []), definition]);
  }
  const documents = new Map<string, string>();
  let second: JsonObject | undefined;
  let secondText: string | undefined;
  let secondBytes: Uint8Array | undefined;
  const v2 = (): JsonObject => {
    second ??= documentV2(catalog);
    return second;
  };
  return {
    index: () =>
      JSON.stringify({
        paths: Object.fromEntries(
          [...groups].map(([path, resources]) => [
            path,
            { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(resources)}` },
          ]),
        ),
      }),
    group: path => {
      const resources = groups.get(path);
      if (resources === undefined) return undefined;
      const text = documents.get(path) ?? JSON.stringify(documentV3(resources));
      documents.set(path, text);
      return text;
    },
    v2: () => {
      secondText ??= JSON.stringify(v2());
      return secondText;
    },
    v2Protobuf: () => {
      secondBytes ??= openApiV2Protobuf(v2());
      return secondBytes;
    },
  };
}

function documentV3(resources: readonly ResourceDefinition[]): JsonObject {
  const definitions = new Definitions('v3');
  const paths = addPaths('v3', definitions, resources);
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: API_VERSION },
    paths,
    components: { schemas: definitions.all(), securitySchemes: SECURITY },
  };
}

function documentV2(catalog: ResourceCatalog): JsonObject {
  const definitions = new Definitions('v2');
  const paths = addPaths('v2', definitions, catalog.all());
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: API_VERSION },
    paths,
    definitions: definitions.all(),
    securityDefinitions: SECURITY,
    security: [{ BearerToken: [] }],
  };
}

const hashes = new WeakMap<ResourceDefinition, string>();

/** Changes when a document would: built-in kinds never change within a release, custom ones are hashed by schema. */
function hashOf(resources: readonly ResourceDefinition[]): string {
  const hash = createHash('sha256').update(API_VERSION);
  for (const definition of resources) {
    let text = hashes.get(definition);
    if (text === undefined) {
      const { resource, verbs, namespaced } = definition;
      const schema = definition.custom ? new Definitions('v3').value(definition.schema) : {};
      text = JSON.stringify([resource, definition.kind, verbs, namespaced, definition.subresources, schema]);
      hashes.set(definition, text);
    }
    hash.update(text);
  }
  return hash.digest('hex').toUpperCase();
}
