import type { KubeObject, PrinterColumn, ResourceDefinition } from '../../kernel/index.ts';
import { ageOf } from './format.ts';
import { compileJsonPath } from './jsonPath.ts';
import type { Cell, TableShape } from './shape.ts';

type CellOf = (object: KubeObject, now_ms: number) => Cell;

/** A cell of a CRD column: typed, or null when the path finds nothing (CRD reference, "Additional printer columns"). */
function cellOf(column: PrinterColumn): CellOf {
  const path = compileJsonPath(column.path);
  return (object, now_ms) => {
    const found = path(object);
    if (found.length === 0) return null;
    const value = found[0];
    switch (column.type) {
      case 'integer':
        return typeof value === 'number' ? Math.trunc(value) : null;
      case 'number':
        return typeof value === 'number' ? value : null;
      case 'boolean':
        return typeof value === 'boolean' ? value : null;
      case 'date':
        return ageOf(value, now_ms);
      default: {
        const texts = found.map(one => (typeof one === 'string' ? one : JSON.stringify(one)));
        return texts.length === 1 ? texts[0]! : texts.join(',');
      }
    }
  };
}

/** The table of a custom kind: Name, then the CRD's columns, else Age. */
export function customTable(definition: ResourceDefinition): TableShape {
  const columns: readonly PrinterColumn[] =
    definition.columns && definition.columns.length > 0
      ? definition.columns
      : [{ name: 'Age', type: 'date', path: '.metadata.creationTimestamp' }];
  const cells = columns.map(cellOf);
  return {
    columns: [{ name: 'Name', type: 'string', format: 'name' }, ...columns.map(({ path: _path, ...column }) => column)],
    cells: (object, now_ms) => [object.metadata.name ?? '', ...cells.map(cell => cell(object, now_ms))],
  };
}
