import type { Fault, Span } from '../../base/index.ts';
import { isObject, type Json, type KubeObject, parsePath, StatusError } from '../../kernel/index.ts';
import { deliveryFaults } from '../faults.ts';
import type { Wanted } from '../model.ts';

/** What apply says of a field no schema has: `.spec.template.spec.containers[name="web"].imag: field not declared in schema`. */
const UNDECLARED = /(?:^|[\s:])((?:\.[^\s.:[\]]+|\[[^\]]*\])+): (?:field not declared in schema|expected )/;
/** A strict decoder's words of one: `unknown field "spec.replica"`. */
const UNKNOWN = /unknown field "([^"]+)"/;
const KEYED = /^([^\s=,]+)=("(?:[^"\\]|\\.)*"|[^,]*)(?:,|$)/;

/** `namespace/name` of an object, as faults name it. */
export const subjectOf = ({ metadata }: KubeObject): string =>
  metadata.namespace ? `${metadata.namespace}/${metadata.name}` : (metadata.name ?? '');

/** The field a refusal is about, as the API writes it: its first cause, else what its words name. */
function fieldOf(error: StatusError): string | undefined {
  const cause = error.status.details?.causes?.find(({ field }) => field);
  return cause?.field ?? UNDECLARED.exec(error.message)?.[1] ?? UNKNOWN.exec(error.message)?.[1];
}

/** True where an item has the keys a path names it by: `name="web",port=80`. */
function hasKeys(item: Json, keys: string): boolean {
  if (!isObject(item)) return false;
  let rest = keys;
  for (let found = KEYED.exec(rest); found; found = KEYED.exec(rest)) {
    const [all, name = '', written = ''] = found;
    const value = written.startsWith('"') ? (JSON.parse(written) as string) : written;
    if (String(item[name]) !== value) return false;
    rest = rest.slice(all.length);
  }
  return rest === '';
}

/** Field path to steps; items that are named by their keys become their positions. */
function stepsIn(value: Json, field: string): (string | number)[] {
  const steps: (string | number)[] = [];
  let here: Json | undefined = value;
  for (const step of parsePath(field)) {
    const items: readonly Json[] | undefined = Array.isArray(here) ? here : undefined;
    const next: number | string =
      items && typeof step === 'string' ? items.findIndex(item => hasKeys(item, step)) : step;
    if (next === -1) return steps;
    steps.push(next);
    if (items) here = items[Number(next)];
    else here = isObject(here) ? here[String(next)] : undefined;
  }
  return steps;
}

function placeOf(error: unknown, { object, origin, spanOf }: Wanted): Span | string | undefined {
  const field = error instanceof StatusError && spanOf ? fieldOf(error) : undefined;
  if (field === undefined) return origin.span ?? origin.object;
  return spanOf!(stepsIn(object as unknown as Json, field));
}

/** The Fault a person reads when the API says no; it stands at the field that was refused where the answer names one. */
export function refusalFault(error: unknown, wanted: Wanted): Fault {
  const reason = error instanceof Error ? error.message : String(error);
  const params = { kind: wanted.object.kind, name: subjectOf(wanted.object), reason };
  return deliveryFaults.make('refused', params, placeOf(error, wanted));
}
