import type { KubeObject } from '../../../kernel/index.ts';
import { type Action, admissionBinding, admissionName, admissionPolicy, NotExportable } from '../cel/exported.ts';
import { actionsOf, enforcementAt } from './enforce.ts';
import { GIVEN, nativeSource } from './native.ts';
import { fields, list, text, texts } from './read.ts';
import { CONSTRAINT_GROUP } from './template.ts';

/** Subresources constraints are asked about, on any resource (Gatekeeper's webhook rules). */
const SUBRESOURCES = [
  'ephemeralcontainers',
  'exec',
  'log',
  'eviction',
  'portforward',
  'proxy',
  'attach',
  'binding',
  'scale',
];

const ACTIONS: Readonly<Record<string, Action>> = { deny: 'Deny', warn: 'Warn', dryrun: 'Audit' };

/** A text of a match with `*` at its ends, over the expressions `p` and `s`. */
const WILDCARD = (p: string, s: string): string =>
  `(${p}.startsWith("*") && ${p}.endsWith("*") && size(${p}) > 1 ? ${s}.contains(${p}.substring(1, size(${p}) - 1))` +
  ` : ${p}.startsWith("*") ? ${s}.endsWith(${p}.substring(1))` +
  ` : ${p}.endsWith("*") ? ${s}.startsWith(${p}.substring(0, size(${p}) - 1)) : ${s} == ${p})`;

const SELECTED = (selector: string, labels: string): string =>
  `(${selector}.?matchLabels.orValue({}).all(k, ${labels}[?k] == optional.of(${selector}.matchLabels[k]))` +
  ` && ${selector}.?matchExpressions.orValue([]).all(r,` +
  ` r.operator == "Exists" ? r.key in ${labels}` +
  ` : r.operator == "DoesNotExist" ? !(r.key in ${labels})` +
  ` : r.operator == "In" ? r.key in ${labels} && ${labels}[r.key] in r.values` +
  ` : !(r.key in ${labels}) || !(${labels}[r.key] in r.values)))`;

const IS_NAMESPACE = '(o.?apiVersion.orValue("") == "v1" && o.?kind.orValue("") == "Namespace")';
const GROUP = '(o.?apiVersion.orValue("").contains("/") ? o.apiVersion.split("/")[0] : "")';
const LABELS = 'o.?metadata.?labels.orValue({})';
const OWN_NAMESPACE = 'o.?metadata.?namespace.orValue("")';
const NAMESPACE = `(${IS_NAMESPACE} ? o.metadata.name : namespaceObject != null ? namespaceObject.metadata.name : ${OWN_NAMESPACE})`;
const listOf = (name: string): string => `m.?${name}.orValue([])`;
const open = (listed: string, condition: string): string =>
  `(size(${listed}) == 0 || ${listed}.exists(p, ${condition}))`;

/** `spec.match` of whichever constraint is bound, as one condition over `m` (the match) and `o` (the object). */
const MATCH = [
  `m.?source.orValue("All") in ["All", "Original"]`,
  `(size(${listOf('kinds')}) == 0 || ${listOf('kinds')}.exists(k, ` +
    `(size(k.?apiGroups.orValue([])) == 0 || "*" in k.apiGroups || ${GROUP} in k.apiGroups) && ` +
    `(size(k.?kinds.orValue([])) == 0 || "*" in k.kinds || o.?kind.orValue("") in k.kinds)))`,
  `(!has(m.labelSelector) || ${SELECTED('m.labelSelector', LABELS)})`,
  `(!has(m.namespaceSelector) || (${IS_NAMESPACE} ? ${SELECTED('m.namespaceSelector', LABELS)}` +
    ` : namespaceObject != null ? ${SELECTED('m.namespaceSelector', 'namespaceObject.?metadata.?labels.orValue({})')}` +
    ` : ${OWN_NAMESPACE} == ""))`,
  `(m.?scope.orValue("*") == "Cluster" ? ${IS_NAMESPACE} || (${OWN_NAMESPACE} == "" && namespaceObject == null)` +
    ` : m.?scope.orValue("*") == "Namespaced" ? !${IS_NAMESPACE} && (${OWN_NAMESPACE} != "" || namespaceObject != null) : true)`,
  `(${NAMESPACE} == "" || ${open(listOf('namespaces'), WILDCARD('p', NAMESPACE))})`,
  `(${NAMESPACE} == "" || !${listOf('excludedNamespaces')}.exists(p, ${WILDCARD('p', NAMESPACE)}))`,
  `(m.?name.orValue("") == "" || (o.?metadata.?name.orValue("") != ""` +
    ` ? ${WILDCARD('m.name', 'o.metadata.name')}` +
    ` : m.name.endsWith("*") && o.?metadata.?generateName.hasValue() && ${WILDCARD('m.name', 'o.metadata.generateName')}))`,
].join(' && ');

const MATCHES = `[params.?spec.?match.orValue({})].exists(m, [object, oldObject].exists(o, o != null && ${MATCH}))`;

/** A template's validations in CEL as one admission policy. Throws {@link NotExportable}. */
export function exportTemplate(template: KubeObject): KubeObject {
  const spec = fields(template.spec);
  const target = fields(list(spec.targets)[0]);
  const source = nativeSource(target);
  if (source === undefined)
    throw new NotExportable('/spec/targets/0', 'the template has Rego only, of which there is no form in CEL');
  const kind = text(fields(fields(fields(spec.crd).spec).names).kind);
  const operations = texts(target.operations);
  return admissionPolicy({
    name: admissionName('gatekeeper', text(template.metadata.name)),
    annotations: { 'policy.tenon.dev/source': `ConstraintTemplate/${text(template.metadata.name)}` },
    actions: [],
    spec: {
      failurePolicy: text(source.failurePolicy) || 'Fail',
      paramKind: { apiVersion: `${CONSTRAINT_GROUP}/v1beta1`, kind },
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['*'],
            apiVersions: ['*'],
            operations: operations.length > 0 ? operations : ['CREATE', 'UPDATE'],
            resources: ['*', ...SUBRESOURCES.map(name => `*/${name}`)],
          },
        ],
      },
      matchConditions: [
        {
          name: 'constraint-match',
          expression: `!request.resource.group.endsWith(".gatekeeper.sh") && request.resource.group != "apiextensions.k8s.io" && ${MATCHES}`,
        },
        ...list(source.matchConditions),
      ],
      variables: [...GIVEN, ...list(source.variables)],
      validations: list(source.validations),
    },
  });
}

/** A constraint as the binding of its template's policy. Throws {@link NotExportable}. */
export function exportConstraint(constraint: KubeObject): KubeObject {
  const enforcement = enforcementAt(constraint.spec, 'vap.k8s.io');
  if (enforcement === undefined)
    throw new NotExportable('/spec/scopedEnforcementActions', 'no action is in force at the point vap.k8s.io');
  const actions = actionsOf(enforcement).flatMap(action => (Object.hasOwn(ACTIONS, action) ? [ACTIONS[action]!] : []));
  if (actions.length === 0)
    throw new NotExportable('/spec/enforcementAction', `"${enforcement.action}" is no action of admission policies`);
  if (text(fields(fields(constraint.spec).match).source) === 'Generated')
    throw new NotExportable('/spec/match/source', 'objects that are only implied are not seen by admission policies');
  return admissionBinding(
    admissionName('gatekeeper', constraint.kind),
    admissionName('gatekeeper', constraint.kind, text(constraint.metadata.name)),
    actions,
    { paramRef: { name: constraint.metadata.name, parameterNotFoundAction: 'Allow' } },
  );
}
