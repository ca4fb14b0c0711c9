import type { JsonObject } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { Causes } from '../schema/validation/causes.ts';
import type { StatusCause } from '../status.ts';
import { approvalOf } from './approval.ts';
import { type CustomResourceDefinition, conditionOf } from './document.ts';
import type { RuleCompiler } from './ports.ts';
import { readCustomSchema } from './schema.ts';
import { checkStructural } from './structural.ts';

/** Limits of estimated cost (apiextensions validation StaticEstimatedCostLimit, StaticEstimatedCRDCostLimit). */
const RULE_COST_MAX = 10_000_000;
const DEFINITION_COST_MAX = 100_000_000;

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_WHY =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_WHY =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/** What is wrong with a CustomResourceDefinition; `old` is the stored one of an update. */
export function checkDefinition(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  compiler: RuleCompiler | undefined,
): readonly StatusCause[] {
  const causes = new Causes();
  const { spec, metadata } = crd;
  if (metadata.name !== `${spec.names.plural}.${spec.group}`) {
    causes.invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group');
  }
  if (!SUBDOMAIN.test(spec.group)) causes.invalid('spec.group', spec.group, SUBDOMAIN_WHY);
  else if (!spec.group.includes('.'))
    causes.invalid('spec.group', spec.group, 'should be a domain with at least one dot');
  if (spec.scope !== 'Namespaced' && spec.scope !== 'Cluster')
    causes.notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced']);
  checkNames(crd, causes);
  checkVersions(crd, causes, compiler);
  checkConversion(crd, causes);
  if (spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true) {
    causes.invalid(
      'spec.preserveUnknownFields',
      true,
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    );
  }
  checkApproval(crd, old, causes);
  if (old) checkUpdate(crd, old, causes);
  return causes.list;
}

/** What was unapproved may stay so, and nothing becomes it. */
function checkApproval(
  { spec, metadata }: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  causes: Causes,
): void {
  const approval = approvalOf(spec.group, metadata);
  if (approval === undefined || approval.valid) return;
  if (old !== undefined && approvalOf(old.spec.group, old.metadata)?.reason === approval.reason) return;
  if (approval.value === undefined) causes.required(approval.field, approval.message);
  else causes.invalid(approval.field, approval.value, approval.message);
}

function checkNames(crd: CustomResourceDefinition, causes: Causes): void {
  const { names } = crd.spec;
  const label = (value: string | undefined, field: string): void => {
    if (value !== undefined && value !== '' && (!LABEL.test(value) || /^[0-9]/.test(value)))
      causes.invalid(field, value, LABEL_WHY);
  };
  if (!names.plural) causes.required('spec.names.plural');
  label(names.plural, 'spec.names.plural');
  label(names.singular, 'spec.names.singular');
  if (!names.kind) causes.required('spec.names.kind');
  label(names.kind?.toLowerCase(), 'spec.names.kind');
  label(names.listKind?.toLowerCase(), 'spec.names.listKind');
  for (const [i, name] of (names.shortNames ?? []).entries()) label(name, `spec.names.shortNames[${i}]`);
  for (const [i, name] of (names.categories ?? []).entries()) label(name, `spec.names.categories[${i}]`);
  if (names.kind && names.kind === names.listKind)
    causes.invalid('spec.names.listKind', names.listKind, 'kind and listKind may not be the same');
}

function checkVersions(crd: CustomResourceDefinition, causes: Causes, compiler: RuleCompiler | undefined): void {
  const { versions } = crd.spec;
  if (versions.length === 0) {
    causes.invalid('spec.versions', versions, 'must have at least one version');
    return;
  }
  const storage = versions.filter(version => version.storage).length;
  if (storage !== 1)
    causes.invalid(
      'spec.versions',
      versions.map(version => version.name),
      'must have exactly one version marked as storage version',
    );
  const seen = new Set<string>();
  for (const [i, version] of versions.entries()) {
    const path = `spec.versions[${i}]`;
    // What the only version says is told of as the definition's own.
    const above = versions.length === 1 ? 'spec' : path;
    if (seen.has(version.name)) causes.invalid(`${path}.name`, version.name, 'must contain unique version names');
    seen.add(version.name);
    if (!LABEL.test(version.name) || /^[0-9]/.test(version.name))
      causes.invalid(`${path}.name`, version.name, LABEL_WHY);
    const props = version.schema?.openAPIV3Schema;
    if (props === undefined) causes.required(`${path}.schema.openAPIV3Schema`, 'schemas are required');
    else {
      const structural = checkStructural(props, `${path}.schema.openAPIV3Schema`);
      causes.list.push(...structural);
      if (structural.length === 0 && compiler) checkRules(props, `${path}.schema.openAPIV3Schema`, causes, compiler);
    }
    for (const [c, column] of (version.additionalPrinterColumns ?? []).entries()) {
      if (!['integer', 'number', 'string', 'boolean', 'date'].includes(column.type)) {
        causes.invalid(
          `${path}.additionalPrinterColumns[${c}].type`,
          column.type,
          'must be one of boolean,date,integer,number,string',
        );
      }
      if (!column.jsonPath) causes.required(`${above}.additionalPrinterColumns[${c}].JSONPath`);
      else simplePath(column.jsonPath, `${above}.additionalPrinterColumns[${c}].JSONPath`, undefined, causes);
    }
    const scale = version.subresources?.scale;
    for (const [field, root] of [
      ['specReplicasPath', '.spec'],
      ['statusReplicasPath', '.status'],
    ] as const) {
      const where = `${above}.subresources.scale.${field}`;
      if (scale && !scale[field]) causes.required(where);
      else if (scale) simplePath(scale[field]!, where, root, causes);
    }
  }
}

/** A path into an object, below `root` where one is given (apiextensions validateSimpleJSONPath). */
function simplePath(path: string, field: string, root: string | undefined, causes: Causes): void {
  if (!path.startsWith('.')) causes.invalid(field, path, 'must be a simple json path starting with .');
  else if (root !== undefined && !path.startsWith(`${root}.`))
    causes.invalid(field, path, `should be a json path under ${root}`);
}

/** Compiles every rule and adds up what they may cost. */
function checkRules(props: JsonObject, path: string, causes: Causes, compiler: RuleCompiler): void {
  let total = 0;
  const seen = new Set<Schema>();
  const visit = (schema: Schema, at: string, cardinality: number | undefined, root: boolean): void => {
    if (seen.has(schema)) return;
    seen.add(schema);
    for (const [i, rule] of (schema.rules?.validations ?? []).entries()) {
      const field = `${at}.x-kubernetes-validations[${i}]`;
      if (!rule.rule?.trim()) {
        causes.required(`${field}.rule`, 'rule is not specified');
        continue;
      }
      const { value, faults } = compiler.compile(rule, schema, root);
      if (faults.length > 0) {
        causes.invalid(`${field}.rule`, rule.rule, `compilation failed: ${compiler.describe(faults)}`);
        continue;
      }
      const cost = value.estimatedCost * (cardinality ?? value.cardinality);
      total += cost;
      if (cost > RULE_COST_MAX) causes.forbidden(`${field}.rule`, costText('estimated rule cost', cost, RULE_COST_MAX));
    }
    for (const field of schema.fields?.values() ?? []) {
      if (!(root && field.name === 'metadata'))
        visit(field.schema, `${at}.properties[${field.name}]`, cardinality, false);
    }
    if (schema.items) {
      const most = schema.type === 'list' ? schema.rules?.maxItems : schema.rules?.maxProperties;
      visit(
        schema.items,
        schema.type === 'list' ? `${at}.items` : `${at}.additionalProperties`,
        cardinality === undefined || most === undefined ? undefined : cardinality * most,
        false,
      );
    }
  };
  visit(readCustomSchema(props), path, 1, true);
  if (total > DEFINITION_COST_MAX) {
    causes.forbidden(
      path,
      costText(
        'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
        total,
        DEFINITION_COST_MAX,
      ),
    );
  }
}

function costText(name: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text =
    factor > 100
      ? 'more than 100x'
      : factor < 1.5
        ? `${factor.toFixed(6)}x`
        : `${(Math.ceil(factor * 10) / 10).toFixed(1)}x`;
  return `${name} exceeds budget by factor of ${text} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

function checkConversion(crd: CustomResourceDefinition, causes: Causes): void {
  const conversion = crd.spec.conversion;
  if (conversion === undefined) return;
  if (conversion.strategy !== 'None' && conversion.strategy !== 'Webhook') {
    causes.notSupported('spec.conversion.strategy', conversion.strategy, ['None', 'Webhook']);
  } else if (conversion.strategy === 'Webhook') {
    if (conversion.webhook?.clientConfig === undefined)
      causes.required('spec.conversion.webhook.clientConfig', 'required when strategy is set to Webhook');
    const versions = conversion.webhook?.conversionReviewVersions ?? [];
    if (versions.length === 0) causes.required('spec.conversion.webhook.conversionReviewVersions');
    else if (!versions.some(version => version === 'v1' || version === 'v1beta1')) {
      causes.invalid(
        'spec.conversion.webhook.conversionReviewVersions',
        versions,
        'must include at least one of v1, v1beta1',
      );
    }
  } else if (conversion.webhook !== undefined)
    causes.forbidden('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook');
}

function checkUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition, causes: Causes): void {
  const same = (field: string, now: unknown, before: unknown): void => {
    if (now !== before) causes.invalid(field, now, 'field is immutable');
  };
  if (conditionOf(old, 'Established') === 'True') {
    same('spec.scope', crd.spec.scope, old.spec.scope);
    same('spec.names.kind', crd.spec.names.kind, old.spec.names.kind);
  }
  same('spec.group', crd.spec.group, old.spec.group);
  same('spec.names.plural', crd.spec.names.plural, old.spec.names.plural);
  for (const [i, stored] of (crd.status?.storedVersions ?? []).entries()) {
    if (!crd.spec.versions.some(version => version.name === stored)) {
      causes.invalid(`status.storedVersions[${i}]`, stored, 'must appear in spec.versions');
    }
  }
}
