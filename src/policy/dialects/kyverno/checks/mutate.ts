import { parse } from 'yaml';
import type { Json, JsonObject } from '../../../../kernel/index.ts';
import { fields, list, listAt } from './model.ts';

const OPERATIONS: ReadonlySet<string> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);
const SLASH = 'path must begin with a forward slash';

/** The first thing about a mutate rule that cannot be taken. */
export function mutateFault(rule: JsonObject, where: string): string | undefined {
  if (rule.mutate === undefined) return undefined;
  const body = fields(rule.mutate);
  const given = ['patchStrategicMerge', 'patchesJson6902', 'foreach'].some(name => body[name] !== undefined);
  if (!given)
    return `${where}: No operation defined in the rule '${String(rule.name)}'.(supported operations: mutate,validate,generate,verifyImages)`;
  const patches = patchesFault(body.patchesJson6902);
  if (patches !== undefined) return `${SLASH}: ${where}: ${patches}`;
  for (const [i, each] of listAt(body, 'foreach').entries()) {
    const kinds = ['patchStrategicMerge', 'patchesJson6902', 'foreach'].filter(name => each[name] !== undefined);
    if (kinds.length !== 1)
      return `path: ${where}.mutate.foreach[${i}].: only one of \`patchStrategicMerge\` or \`patchesJson6902\` is allowed`;
  }
  return undefined;
}

/** Patches are a YAML list of operations; those with variables are read once these are known. */
function patchesFault(patches: Json | undefined): string | undefined {
  if (typeof patches !== 'string' || patches.includes('{{')) return undefined;
  let operations: Json;
  try {
    operations = parse(patches) as Json;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
  for (const operation of list(operations).map(fields)) {
    if (!OPERATIONS.has(String(operation.op)))
      return `invalid operation ${JSON.stringify(operation)}: unsupported operation`;
    if (!String(operation.path ?? '').startsWith('/')) return String(operation.path ?? '');
  }
  return undefined;
}

/** Digests are put into images only by rules that refuse what they cannot verify. */
export function imagesFault(document: JsonObject, rule: JsonObject, where: string): string | undefined {
  const spec = fields(document.spec);
  for (const [i, each] of listAt(rule, 'verifyImages').entries()) {
    const action = String(each.failureAction ?? spec.validationFailureAction ?? 'Audit').toLowerCase();
    if (action === 'audit' && each.mutateDigest !== false)
      return `${where}.verifyImages[${i}].mutateDigest: Invalid value: true: mutateDigest must be set to false for ‘Audit’ failure action`;
  }
  return undefined;
}
