import type { ResourceDefinition, StoredObject } from '../../kernel/index.ts';
import { builtinTable } from './builtin.ts';
import { customTable } from './custom.ts';
import type { Column, TableShape } from './shape.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

const shapes = new WeakMap<ResourceDefinition, TableShape>();

/** The shape of a kind: its own printer, the CRD's columns, or Name and Age. */
export function shapeOf(definition: ResourceDefinition): TableShape {
  let shape = shapes.get(definition);
  if (!shape) {
    shape = definition.custom ? customTable(definition) : builtinTable(definition);
    shapes.set(definition, shape);
  }
  return shape;
}

const columnJson = (column: Column): string =>
  JSON.stringify({
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  });

function rowJson(
  shape: TableShape,
  stored: StoredObject,
  version: string,
  include: IncludeObject,
  now_ms: number,
): string {
  const cells = JSON.stringify(shape.cells(stored.object, now_ms));
  switch (include) {
    case 'None':
      return `{"cells":${cells},"object":null}`;
    case 'Object':
      return `{"cells":${cells},"object":${stored.json}}`;
    default:
      return `{"cells":${cells},"object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(stored.object.metadata)}}}`;
  }
}

/** A Table in pieces, for long ones: what stands before the rows, each row, and what stands after them. */
export function tableParts(
  definition: ResourceDefinition,
  version: string,
  metadata: object,
  include: IncludeObject,
): { head: string; row: (stored: StoredObject, now_ms: number) => string; tail: string } {
  const shape = shapeOf(definition);
  const columns = shape.columns.map(columnJson).join(',');
  return {
    head: `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)},"columnDefinitions":[${columns}],"rows":[`,
    row: (stored, now_ms) => rowJson(shape, stored, version, include, now_ms),
    tail: ']}',
  };
}

/** meta/v1 Table of objects, as JSON text. */
export function tableJson(
  definition: ResourceDefinition,
  version: string,
  items: readonly StoredObject[],
  metadata: object,
  include: IncludeObject,
  now_ms: number,
): string {
  const { head, row, tail } = tableParts(definition, version, metadata, include);
  return `${head}${items.map(item => row(item, now_ms)).join(',')}${tail}`;
}

/** A Table of one row an event; only the first of a watch carries the columns, as the API server does. */
export function tableRows(
  definition: ResourceDefinition,
  version: string,
  include: IncludeObject,
): (stored: StoredObject, now_ms: number) => string {
  const shape = shapeOf(definition);
  let columns = `[${shape.columns.map(columnJson).join(',')}]`;
  return (stored, now_ms) => {
    const json = `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":{"resourceVersion":"${stored.resourceVersion}"},"columnDefinitions":${columns},"rows":[${rowJson(shape, stored, version, include, now_ms)}]}`;
    columns = 'null';
    return json;
  };
}
