import { equalJson, type JsonObject } from '../../../../kernel/index.ts';
import { isCelKind, isRulesKind } from '../kinds.ts';
import { textAt } from '../model.ts';
import type { Settings } from '../settings.ts';
import { constraintsFault } from './constraints.ts';
import { fields, listAt } from './model.ts';

const UNSYNCHRONISED = 'no synchronization will be performed to the old target resource upon policy updates';
const TARGET = ['apiVersion', 'kind', 'name', 'namespace', 'clone', 'cloneList'] as const;

/** What who writes a document of the dialect is warned of, in Kyverno's words. */
export function warningsOf(document: JsonObject, old: JsonObject | undefined, settings: Settings): readonly string[] {
  const kind = String(document.kind);
  if (kind === 'PolicyException') return exceptionWarnings(document, settings);
  if (isCelKind(kind)) return [constraintsFault(document)].filter(fault => fault !== undefined);
  if (isRulesKind(kind) && old !== undefined) return targetWarnings(fields(document.spec), fields(old.spec));
  return [];
}

function exceptionWarnings(document: JsonObject, { exceptions, exceptionNamespace }: Settings): readonly string[] {
  if (!exceptions) return ['PolicyException resources would not be processed until it is enabled.'];
  if (exceptionNamespace === '*' || exceptionNamespace === textAt(document, 'metadata', 'namespace')) return [];
  return ['PolicyException resource namespace must match the defined namespace.'];
}

/** What a rule kept in step so far stays behind where the rule turns to something else. */
function targetWarnings(now: JsonObject, before: JsonObject): readonly string[] {
  const had = new Map(listAt(before, 'rules').map(rule => [rule.name, fields(rule.generate)]));
  const turned = listAt(now, 'rules').some(rule => {
    const old = had.get(rule.name);
    const own = fields(rule.generate);
    if (old?.synchronize !== true || rule.generate === undefined) return false;
    const targets = (of: JsonObject): JsonObject[] => (listAt(of, 'foreach').length > 0 ? listAt(of, 'foreach') : [of]);
    const [left, right] = [targets(old), targets(own)];
    return left.length !== right.length || left.some((each, i) => TARGET.some(name => differs(each, right[i]!, name)));
  });
  return turned ? [UNSYNCHRONISED] : [];
}

const differs = (left: JsonObject, right: JsonObject, name: string): boolean =>
  !equalJson(left[name] ?? null, right[name] ?? null);
