import { type AdmissionStep, invalid, type KubeObject } from '../../../kernel/index.ts';
import { type CelProgram, type CelType, formatIssues, formatType } from '../../engine/cel/index.ts';
import { compileExpressions, type CompiledExpressions } from './expressions.ts';
import { parsePolicy } from './parse.ts';

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

const refused = (field: string, expression: string, why: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(expression)}: ${why}`,
  field,
});

/** Expressions that do not compile, all that is wrong with one together. */
function broken({ faults }: CompiledExpressions): Cause[] {
  const byField = Map.groupBy(faults, fault => String(fault.params.field));
  return [...byField].map(([field, found]) => {
    const expression = String(found[0]!.params.expression);
    return refused(field, expression, `compilation failed: ${formatIssues(expression, found)}`);
  });
}

const fits = ({ kind, name }: CelType, wanted: readonly string[]): boolean =>
  kind === 'dyn' || kind === 'error' || kind === 'param' || wanted.includes(name);

/** Expressions that give something else than their field takes (apiserver, ValidatingAdmissionPolicy validation). */
function mistyped(compiled: CompiledExpressions): Cause[] {
  const check = (field: string, { type, text }: CelProgram, ...wanted: string[]): Cause[] => {
    if (fits(type, wanted)) return [];
    const told = wanted.length === 1 ? wanted[0]! : `one of [${wanted.join(' ')}]`;
    return [
      refused(field, text, `must evaluate to ${told} but got ${type.kind === 'null' ? type.name : formatType(type)}`),
    ];
  };
  const { matchConditions, validations, auditAnnotations } = compiled;
  return [
    ...matchConditions.flatMap(({ program }, i) => check(`spec.matchConditions[${i}].expression`, program, 'bool')),
    ...validations.flatMap(({ program, message }, i) => [
      ...check(`spec.validations[${i}].expression`, program, 'bool'),
      ...(message ? check(`spec.validations[${i}].messageExpression`, message, 'string') : []),
    ]),
    ...auditAnnotations.flatMap(({ program }, i) =>
      check(`spec.auditAnnotations[${i}].valueExpression`, program, 'string', 'null_type'),
    ),
  ];
}

const specOf = (object: KubeObject | undefined): string => JSON.stringify(object?.spec);

/** Refuses admission policies with expressions that do not compile: they could never decide. */
export const admissionPolicyStep: AdmissionStep = {
  name: 'AdmissionPolicyExpressions',
  handles: (operation, { group, resource }, subresource) =>
    (operation === 'CREATE' || operation === 'UPDATE') &&
    subresource === '' &&
    group === 'admissionregistration.k8s.io' &&
    (resource === 'validatingadmissionpolicies' || resource === 'mutatingadmissionpolicies'),
  validate: ({ object, oldObject, definition }) => {
    // What stands already stays changeable.
    if (object === undefined || specOf(object) === specOf(oldObject)) return;
    const compiled = compileExpressions(parsePolicy({ ...object, kind: definition.kind }).value);
    const found = broken(compiled);
    const told = new Set(found.map(({ field }) => field));
    const causes = [...found, ...mistyped(compiled).filter(({ field }) => !told.has(field))];
    if (causes.length > 0) throw invalid(definition.kind, definition.group, object.metadata.name ?? '', causes);
  },
};
