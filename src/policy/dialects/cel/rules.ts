import type { Fault, Parsed } from '../../../base/index.ts';
import type { CompiledRule, Json, RuleCompiler, RuleOutcome, Schema, ValidationRule } from '../../../kernel/index.ts';
import {
  cardinalityOf,
  type CelProgram,
  type CelType,
  type CelValue,
  compileCel,
  estimateCost,
  extendEnvironment,
  formatIssues,
  formatType,
  KUBERNETES_ENVIRONMENT,
  mentions,
  Optional,
  optionalOf,
  typeOfSchema,
} from '../../engine/cel/index.ts';
import { policyFaults } from '../../faults.ts';

/** Compiles x-kubernetes-validations of custom kinds; hosts hand it to the kernel. */
export const celRuleCompiler: RuleCompiler = {
  compile: compileRule,
  describe: faults => formatIssues(String(faults[0]?.params.expression ?? ''), faults),
};

/** Of the root's metadata rules see name and generateName only (apiextensions "Field paths"). */
function visibleSchema(schema: Schema, root: boolean): Schema {
  if (!root && schema.embedded !== true) return schema;
  const text: Schema = { type: 'string' };
  const metadata: Schema = {
    type: 'object',
    fields: new Map([
      ['name', { name: 'name', schema: text }],
      ['generateName', { name: 'generateName', schema: text }],
    ]),
  };
  const fields = new Map(schema.fields);
  fields.set('metadata', { name: 'metadata', schema: metadata });
  return { ...schema, fields };
}

function compileRule(rule: ValidationRule, schema: Schema, root: boolean): Parsed<CompiledRule> {
  const visible = visibleSchema(schema, root);
  const type = typeOfSchema(visible);
  const environment = extendEnvironment(KUBERNETES_ENVIRONMENT, {
    variables: [
      ['self', type],
      ['oldSelf', rule.optionalOldSelf ? optionalOf(type) : type],
    ],
  });
  const faults: Fault[] = [];
  const compile = (text: string, wanted: string): CelProgram => {
    const { value, faults: found } = compileCel(text, environment);
    faults.push(...found);
    if (found.length === 0 && !fits(value.type, wanted)) {
      faults.push(
        policyFaults.make(
          'cel-invalid',
          { message: `cel expression must evaluate to a ${wanted}`, expression: text },
          { file: '<input>', line: 1, column: 1 },
        ),
      );
    }
    return value;
  };
  const program = compile(rule.rule, 'bool');
  const message = rule.messageExpression ? compile(rule.messageExpression, 'string') : undefined;
  const cost = faults.length > 0 ? 0 : estimateCost(program.expr, visible);
  const value: CompiledRule = {
    usesOldSelf: mentions(program.expr, 'oldSelf'),
    estimatedCost: cost,
    cardinality: cardinalityOf(schema),
    check: (self, oldSelf, fuel) => check(rule, program, message, self, oldSelf, fuel),
  };
  return { value, faults };
}

const fits = (type: CelType, wanted: string): boolean => formatType(type) === wanted || type.kind === 'dyn';

const MESSAGE_LENGTH_MAX = 5 * 1024;

function check(
  rule: ValidationRule,
  program: CelProgram,
  message: CelProgram | undefined,
  self: Json,
  oldSelf: Json | undefined,
  fuel: number,
): RuleOutcome {
  const old = rule.optionalOldSelf ? new Optional(oldSelf as CelValue | undefined) : (oldSelf as CelValue | undefined);
  const activation = { self: self as CelValue, ...(old === undefined ? {} : { oldSelf: old }) };
  const outcome = program.evaluate(activation, fuel);
  if ('error' in outcome)
    return { ok: false, cost: outcome.cost, error: outcome.error, ...(outcome.exhausted ? { exhausted: true } : {}) };
  if (outcome.value === true) return { ok: true, cost: outcome.cost };
  const told = message?.evaluate(activation, fuel - outcome.cost);
  const text = told && 'value' in told && typeof told.value === 'string' ? told.value.trim() : '';
  const usable = text !== '' && text.length <= MESSAGE_LENGTH_MAX && !text.includes('\n');
  return { ok: false, cost: outcome.cost + (told?.cost ?? 0), ...(usable ? { message: text } : {}) };
}
