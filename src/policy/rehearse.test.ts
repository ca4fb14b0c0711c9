import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtinCatalog, decodeDocuments, type KindRef, kindOf, type KubeObject } from '../kernel/index.ts';
import { celDialect } from './dialects/cel/set.ts';
import { gatekeeperDialect } from './dialects/gatekeeper/set.ts';
import { kyvernoDialect } from './dialects/kyverno/set.ts';
import { kyvernoPorts } from './drivers/kyverno-ports.ts';
import type { PolicyRequest, PolicyWorld } from './model.ts';
import { rehearsal } from './rehearse.ts';

const catalog = builtinCatalog();
const read = (text: string): KubeObject[] =>
  decodeDocuments(text, { file: 'p.yaml' }).value.map(document => document.value as unknown as KubeObject);

const STANDING = read(`
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: bare, namespace: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: owned, namespace: shop, labels: {owner: me}}
`);

const RULE = (action: string): KubeObject =>
  read(`
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: owners}
spec:
  validationFailureAction: ${action}
  rules: [{name: r, match: {any: [{resources: {kinds: [ConfigMap]}}]}, validate: {message: no owner, pattern: {metadata: {labels: {owner: "?*"}}}}}]
`)[0]!;
const [VAP, BINDING] = read(`
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: owners}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]}
  validations: [{expression: "has(object.metadata.labels) && 'owner' in object.metadata.labels", message: no owner}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: owners}
spec: {policyName: owners, validationActions: [Deny]}
`);
const [TEMPLATE, CONSTRAINT] = read(`
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: needs}
spec:
  crd: {spec: {names: {kind: Needs}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package needs
        violation[{"msg": "no owner"}] { not input.review.object.metadata.labels.owner }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Needs
metadata: {name: owners}
spec: {enforcementAction: dryrun, match: {kinds: [{apiGroups: [""], kinds: [ConfigMap]}]}}
`);

const RESOURCES: Readonly<Record<string, string>> = {
  ClusterPolicy: 'clusterpolicies',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
  ConstraintTemplate: 'constrainttemplates',
  Needs: 'needs',
  ConfigMap: 'configmaps',
};

/** What is said to who writes `object` where `documents` are in force. */
async function warned(
  object: KubeObject,
  documents: readonly KubeObject[] = [],
  more: Partial<PolicyRequest> = {},
): Promise<readonly string[] | undefined> {
  const world: PolicyWorld = {
    parameter: () => undefined,
    parameters: kind => documents.filter(each => kindOf(each).kind === kind.kind),
    authorize: () => ({ allowed: false }),
  };
  const ports = {
    ...kyvernoPorts({ now: () => 0 }, { next: () => 0.5 }),
    resourceOf: (kind: KindRef) => catalog.kind(kind),
  };
  const rehearse = rehearsal({
    types: { schemaOf: () => undefined, kindOf: () => undefined, kinds: () => catalog.all() },
    dialects: [celDialect, gatekeeperDialect, kyvernoDialect(ports)],
    documents: () => documents,
    world,
    everything: () => Promise.resolve([...STANDING, ...documents]),
  });
  const kind = kindOf(object);
  return rehearse({
    uid: '',
    operation: 'CREATE',
    ...kind,
    resource: RESOURCES[object.kind]!,
    subresource: '',
    kind,
    namespaced: false,
    name: object.metadata.name!,
    namespace: '',
    object,
    oldObject: undefined,
    namespaceObject: undefined,
    user: { name: 'ada', groups: [] },
    dryRun: false,
    options: {},
    ...more,
  });
}

const REFUSED =
  /^1 existing object violates this policy; writes of them will be refused: ConfigMap shop\/bare: .*no owner/;
const NOTED = /^1 existing object violates this policy; they are noted, not refused: ConfigMap shop\/bare: .*no owner/;

test('who writes a policy is told what is there and would violate it', async () => {
  assert.match((await warned(RULE('Enforce')))![0]!, REFUSED);
  assert.match((await warned(RULE('Audit')))![0]!, NOTED);
});

test('a policy and its binding only violate together; a constraint with its template likewise', async () => {
  assert.deepEqual(await warned(VAP!), []);
  assert.match((await warned(BINDING!, [VAP!]))![0]!, REFUSED);
  assert.match((await warned(CONSTRAINT!, [TEMPLATE!]))![0]!, NOTED);
});

test('what was violated before is no news, nor is a write that changes no rule', async () => {
  assert.deepEqual(await warned(RULE('Enforce'), [RULE('Enforce')]), []);
  assert.equal(await warned(RULE('Enforce'), [], { oldObject: RULE('Enforce') }), undefined);
});

test('other writes and those of controllers are not looked at', async () => {
  assert.equal(await warned(STANDING[1]!), undefined);
  const user = { name: 'system:serviceaccount:kube-system:tenon-delivery', groups: [] };
  assert.equal(await warned(RULE('Enforce'), [], { user }), undefined);
});
