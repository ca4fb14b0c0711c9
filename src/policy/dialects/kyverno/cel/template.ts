import { isObject, type Json, setOwn, type JsonObject } from '../../../../kernel/index.ts';
import { CelError, compileCel, extendEnvironment } from '../../../engine/cel/index.ts';
import { policyEnvironment } from '../../cel/expressions.ts';
import { type CelRun, jsonOf } from './policy.ts';

const PLACE = /\(\(([\s\S]*?)\)\)(?!\))/g;

/**
 * Fills `(( expression ))` in the texts of a template (GeneratingPolicy, `interpolate: cel`): one that is the whole text
 * becomes what the expression is, one inside a text becomes text. Throws a CelError.
 */
export function interpolate(value: Json, run: CelRun): Json {
  if (typeof value === 'string') return value.includes('((') ? fillText(value, run) : value;
  if (Array.isArray(value)) return value.map(item => interpolate(item, run));
  if (!isObject(value)) return value;
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    const key = name.includes('((') ? fillText(name, run) : name;
    setOwn(out, String(key), interpolate(member, run));
  }
  return out;
}

function fillText(text: string, run: CelRun): Json {
  const found = [...text.matchAll(PLACE)];
  if (found.length === 1 && found[0]![0] === text.trim()) return valueOf(found[0]![1]!, run);
  return text.replaceAll(PLACE, (_, expression: string) => {
    const value = valueOf(expression, run);
    return typeof value === 'string' ? value : JSON.stringify(value);
  });
}

function valueOf(expression: string, run: CelRun): Json {
  const { form, policy, evaluation } = run;
  const environment = extendEnvironment(policyEnvironment(form.document, { base: policy.environment }), {
    variables: [['variables', form.compiled.variablesType]],
  });
  const outcome = evaluation.run(compileCel(expression.trim(), environment).value);
  if ('error' in outcome) throw new CelError(outcome.error);
  return jsonOf(outcome.value);
}
