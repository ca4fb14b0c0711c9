import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shortName } from './names.ts';

/** One schema of an OpenAPI v3 document, as far as the tables read it. */
export interface OpenApiSchema {
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly allOf?: readonly OpenApiSchema[];
  readonly default?: unknown;
  readonly $ref?: string;
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface Operation {
  readonly 'x-kubernetes-action'?: string;
  readonly 'x-kubernetes-group-version-kind'?: GroupVersionKind;
}

/** One `/openapi/v3/...` document and the group and version it is of. */
export interface Document {
  readonly group: string;
  readonly version: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface Documents {
  readonly documents: readonly Document[];
  /** Every schema by short name, sorted. */
  readonly schemas: ReadonlyMap<string, OpenApiSchema>;
}

interface RawDocument {
  paths?: Document['paths'];
  components?: { schemas?: Record<string, OpenApiSchema> };
}

/** Reads a folder whose paths are those of the API server's `/openapi/v3`. */
export function readDocuments(folder: string): Documents {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.json'))
    .sort();
  const schemas = new Map<string, OpenApiSchema>();
  const documents = files.map(file => {
    const raw = JSON.parse(readFileSync(join(folder, file), 'utf8')) as RawDocument;
    for (const [name, schema] of Object.entries(raw.components?.schemas ?? {})) schemas.set(shortName(name), schema);
    const parts = file.replace(/\.json$/, '').split('/');
    const group = parts[0] === 'apis' ? parts[1]! : '';
    return { group, version: parts.at(-1)!, paths: raw.paths ?? {} };
  });
  return { documents, schemas: new Map([...schemas].sort(([left], [right]) => (left < right ? -1 : 1))) };
}
