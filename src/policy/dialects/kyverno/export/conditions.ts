import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { celAll, celAny, celNot, celStrings } from '../../../engine/patterns/cel-text.ts';
import { NotExportable } from '../../cel/exported.ts';

const OPERATION = /^\{\{\s*request\.operation(?:\s*\|\|\s*(?:'[^']*'|`"[^"]*"`))?\s*\}\}$/;
const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Preconditions as CEL: those that ask for the operation; others speak JMESPath, which CEL does not know. */
export function preconditions(value: Json | undefined, pointer: string): string {
  if (value === undefined || value === null) return 'true';
  const block = (of: JsonObject, at: string): string => {
    const any = list(of.any).map((each, i) => condition(each, `${at}/any/${i}`));
    return celAll([
      any.length > 0 ? celAny(any) : 'true',
      ...list(of.all).map((each, i) => condition(each, `${at}/all/${i}`)),
    ]);
  };
  if (!Array.isArray(value)) return block(isObject(value) ? value : {}, pointer);
  return celAll(
    value.map((each, i) =>
      isObject(each) && ('any' in each || 'all' in each)
        ? block(each, `${pointer}/${i}`)
        : condition(each, `${pointer}/${i}`),
    ),
  );
}

function condition(value: Json, pointer: string): string {
  const { key, operator, value: wanted } = isObject(value) ? value : {};
  const literal = JSON.stringify(wanted ?? null);
  if (typeof key !== 'string' || !OPERATION.test(key) || literal.includes('{{'))
    throw new NotExportable(pointer, 'conditions over JMESPath are not known to CEL');
  const values = Array.isArray(wanted) ? wanted : [wanted ?? null];
  const name = String(operator).toLowerCase();
  if (!values.every(each => typeof each === 'string' && !/[*?|&!<>]/.test(each)))
    throw new NotExportable(pointer, 'operations are compared with plain texts');
  const among = `request.operation in ${celStrings(values.map(String))}`;
  if (['equals', 'equal', 'in', 'anyin', 'allin'].includes(name)) return among;
  if (['notequals', 'notequal', 'notin', 'anynotin', 'allnotin'].includes(name)) return celNot(among);
  throw new NotExportable(pointer, `the operator ${String(operator)} is not known to CEL`);
}
