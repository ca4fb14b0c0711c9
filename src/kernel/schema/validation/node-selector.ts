import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { text } from './common.ts';
import { dnsSubdomain, labelValue, qualifiedName } from './names.ts';
import { validateSelector } from './selector.ts';

const valuesOf = (requirement: Draft): unknown[] => (Array.isArray(requirement.values) ? requirement.values : []);

/** One requirement on a node's label (core/v1 ValidateNodeSelectorRequirement). */
function requirement(one: Draft, at: string, causes: Causes): void {
  const [values, operator] = [valuesOf(one), text(one.operator)];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) causes.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      causes.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1)
      causes.required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else causes.invalid(`${at}.operator`, operator, 'not a valid selector operator');
  causes.invalidAll(`${at}.key`, text(one.key), qualifiedName(text(one.key)));
  values.forEach((value, i) => causes.invalidAll(`${at}.values[${i}]`, value, labelValue(text(value))));
}

/** One requirement on a field of a node: its name alone. */
function fieldRequirement(one: Draft, at: string, causes: Causes): void {
  const values = valuesOf(one);
  if (one.operator === 'In' || one.operator === 'NotIn') {
    if (values.length !== 1)
      causes.required(
        `${at}.values`,
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      );
  } else causes.invalid(`${at}.operator`, text(one.operator), 'not a valid selector operator');
  if (one.key !== 'metadata.name') causes.invalid(`${at}.key`, text(one.key), 'not a valid field selector key');
  else values.forEach((value, i) => causes.invalidAll(`${at}.values[${i}]`, value, dnsSubdomain(text(value))));
}

/** Entries of a list as Go holds them: what is null is an entry with nothing in it. */
const entries = (draft: Draft | undefined, field: string): Draft[] => {
  const list = draft?.[field];
  return Array.isArray(list) ? list.map(one => (isDraft(one) ? one : {})) : [];
};

function term(one: Draft, at: string, causes: Causes): void {
  entries(one, 'matchExpressions').forEach((each, i) => requirement(each, `${at}.matchExpressions[${i}]`, causes));
  entries(one, 'matchFields').forEach((each, i) => fieldRequirement(each, `${at}.matchFields[${i}]`, causes));
}

/** A NodeSelector (core/v1): at least one term, each sound. */
export function validateNodeSelector(selector: Draft, at: string, causes: Causes): void {
  const terms = entries(selector, 'nodeSelectorTerms');
  if (terms.length === 0) causes.required(`${at}.nodeSelectorTerms`, 'must have at least one node selector term');
  terms.forEach((one, i) => term(one, `${at}.nodeSelectorTerms[${i}]`, causes));
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

function weight(one: Draft, at: string, causes: Causes): void {
  const given = Number(one.weight ?? 0);
  if (given <= 0 || given > 100) causes.invalid(`${at}.weight`, given, 'must be in the range 1-100');
}

function podTerm(one: Draft, at: string, causes: Causes): void {
  validateSelector(part(one, 'labelSelector'), `${at}.labelSelector`, causes);
  validateSelector(part(one, 'namespaceSelector'), `${at}.namespaceSelector`, causes);
  const key = text(one.topologyKey);
  if (key === '') causes.required(`${at}.topologyKey`, 'can not be empty');
  causes.invalidAll(`${at}.topologyKey`, key, qualifiedName(key));
}

/** `spec.affinity` of a pod (core/v1 validateAffinity). */
export function validateAffinity(affinity: Draft | undefined, field: string, causes: Causes): void {
  const node = part(affinity, 'nodeAffinity');
  const required = part(node, REQUIRED);
  if (required) validateNodeSelector(required, `${field}.nodeAffinity.${REQUIRED}`, causes);
  entries(node, PREFERRED).forEach((one, i) => {
    const at = `${field}.nodeAffinity.${PREFERRED}[${i}]`;
    weight(one, at, causes);
    term(part(one, 'preference') ?? {}, `${at}.preference`, causes);
  });
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const own = part(affinity, kind);
    entries(own, REQUIRED).forEach((one, i) => podTerm(one, `${field}.${kind}.${REQUIRED}[${i}]`, causes));
    entries(own, PREFERRED).forEach((one, i) => {
      const at = `${field}.${kind}.${PREFERRED}[${i}]`;
      weight(one, at, causes);
      podTerm(part(one, 'podAffinityTerm') ?? {}, `${at}.podAffinityTerm`, causes);
    });
  }
}

/** Topology terms of a StorageClass (validateAllowedTopologies): each selects something, and no two the same. */
export function validateTopologies(owner: Draft, causes: Causes): void {
  const terms = parts(owner, 'allowedTopologies');
  const seen: string[] = terms.map(() => '{}');
  terms.forEach((one, i) => {
    const at = `allowedTopologies[${i}].matchLabelExpressions`;
    const map: Record<string, string[]> = {};
    entries(one, 'matchLabelExpressions').forEach((each, j) => {
      const where = `${at}[${j}]`;
      const key = text(each.key);
      const values = valuesOf(each).map(text);
      if (values.length === 0) causes.required(`${where}.values`);
      values.forEach((value, k) => {
        if (values.indexOf(value) < k) causes.duplicate(`${where}.values[${k}]`, value);
      });
      causes.invalidAll(`${where}.key`, key, qualifiedName(key));
      if (Object.hasOwn(map, key)) causes.duplicate(`${where}.key`, key);
      map[key] = [...new Set(values)].toSorted();
    });
    const shape = JSON.stringify(Object.fromEntries(Object.entries(map).toSorted()));
    // Terms still to come count as empty ones, as they do there.
    for (const other of seen) if (other === shape) causes.duplicate(at, '');
    seen[i] = shape;
  });
}
