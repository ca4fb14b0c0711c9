import type { Answer, FieldFidelity } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { Prepared } from './prepared.ts';

const ROWS_MAX = 12;
const plain = (path: string): string => path.replaceAll('[]', '');

/** Every path below a value, list positions left out. */
function pathsOf(value: unknown, at: string, into: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) pathsOf(item, at, into);
  else if (typeof value === 'object' && value !== null)
    for (const [key, part] of Object.entries(value)) {
      const path = at === '' ? key : `${at}.${key}`;
      into.add(path);
      pathsOf(part, path, into);
    }
}

/** Rows of the ledger for fields an object has. */
export function fieldsUsed(ledger: readonly FieldFidelity[], object: KubeObject): FieldFidelity[] {
  const rows = ledger.filter(row => row.kind === object.kind);
  if (rows.length === 0) return [];
  const paths = new Set<string>();
  pathsOf({ spec: object.spec, ...(object.specs === undefined ? {} : { specs: object.specs }) }, '', paths);
  return rows.filter(row => paths.has(plain(row.path))).slice(0, ROWS_MAX);
}

/** An answer with the fidelity of the fields of what decided. */
export function withFidelity(prepared: Prepared, answer: Answer): Answer {
  const { by } = answer;
  const ledger = prepared.ports.ledger;
  if ('default' in by || !ledger) return answer;
  const object =
    prepared.find(by.kind, by.namespace ?? 'default', by.name) ??
    prepared.kinds(by.kind).find(({ metadata }) => metadata.name === by.name);
  const fidelity = object ? fieldsUsed(ledger(), object) : [];
  return fidelity.length > 0 ? { ...answer, fidelity } : answer;
}
