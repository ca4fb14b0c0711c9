import type { ResourceDefinition } from '../../kernel/index.ts';
import { ageOf } from './format.ts';
import type { Column, TableShape } from './table.ts';

export const NAME: Column = { name: 'Name', type: 'string', format: 'name' };
export const AGE: Column = { name: 'Age', type: 'string' };

const fallback: TableShape = {
  columns: [NAME, { name: 'Created At', type: 'date' }],
  cells: (object, now_ms) => [object.metadata.name ?? '', ageOf(object.metadata.creationTimestamp, now_ms)],
};

/** Printers by `group/Kind`. */
const SHAPES = new Map<string, TableShape>();

/** How a built-in kind is shown by `kubectl get`. */
export function builtinTable(definition: ResourceDefinition): TableShape {
  return SHAPES.get(`${definition.group}/${definition.kind}`) ?? fallback;
}
