import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openExpectations } from '../../scenario/room.ts';
import { scenarioOf } from '../../scenario/testhost.ts';
import { type RunResult, type RunRooms, runScenario } from '../../run.ts';
import { SimWorld } from '../index.ts';

const rooms: RunRooms = {
  world: context => SimWorld.open(context),
  disruptions: (context, world) => {
    const active = new Map<string, Disposable>();
    return {
      begin: ({ name, kind, target = '' }) => {
        if (kind === 'NodeLoss') active.set(name, (world as SimWorld).hooks.loseNode(target));
      },
      heal: name => active.get(name)?.[Symbol.dispose](),
      storm: () => undefined,
    };
  },
  expectations: context => openExpectations(context),
  invariants: () => ({ observers: [], found: () => [] }),
};

const stage = (name: string, spec: string): string =>
  `---\napiVersion: kwok.x-k8s.io/v1alpha1\nkind: Stage\nmetadata: {name: ${name}}\nspec:\n${spec.replaceAll(/^/gm, '  ')}\n`;

const POD_READY = stage(
  'pod-up',
  `resourceRef: {kind: Pod}
selector:
  matchExpressions:
    - {key: .metadata.deletionTimestamp, operator: DoesNotExist}
    - {key: .status.phase, operator: In, values: [Pending]}
delay: {durationMilliseconds: 2000, jitterDurationMilliseconds: 4000}
next:
  event: {type: Normal, reason: Up, message: it is up}
  statusTemplate: |
    phase: Running
    podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) (or .metadata.uid "") (or .metadata.name "") (or .metadata.namespace "") | Quote }}
    podIPs: [{ip: {{ PodIP | Quote }}}]
    hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
    conditions:
    {{ range $type := list "Initialized" "Ready" "ContainersReady" }}
    - {type: {{ $type }}, status: "True", lastTransitionTime: {{ Now | Quote }}}
    {{ end }}
    containerStatuses:
    {{ range .spec.containers }}
    - {name: {{ .name }}, image: {{ .image | Quote }}, imageID: "", ready: true, restartCount: 0, state: {running: {startedAt: {{ Now | Quote }}}}}
    {{ end }}`,
);
const POD_GONE = stage(
  'pod-gone',
  `resourceRef: {kind: Pod}
selector: {matchExpressions: [{key: .metadata.deletionTimestamp, operator: Exists}]}
next: {delete: true}`,
);
const NODE = stage(
  'node-up',
  `resourceRef: {kind: Node}
selector:
  matchExpressions: [{key: '.status.conditions.[] | select(.type == "Ready") | .status', operator: NotIn, values: ["True"]}]
delay: {durationMilliseconds: 5000}
steps:
  - patch:
      root: status
      subresource: status
      template: |
        conditions:
        {{ range NodeConditions }}
        - {type: {{ .type }}, status: {{ .status | Quote }}, reason: {{ .reason }}, message: {{ .message | Quote }}, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }}}
        {{ end }}
        addresses: [{type: InternalIP, address: {{ NodeIP }}}]`,
);
const CLAIM = stage(
  'claim',
  `resourceRef: {kind: ConfigMap}
selector: {matchLabels: {copy: "true"}}
steps:
  - apply: {template: "{apiVersion: v1, kind: ConfigMap, metadata: {name: {{ .metadata.name }}-copy}, data: {of: {{ .metadata.name }}}}"}
  - patch: {type: merge, root: metadata, template: "labels: {copy: done}"}`,
);

const scenario = (steps: string, until = '5m'): string => `
apiVersion: tenon.dev/v1
kind: Scenario
metadata: {name: staged}
spec:
  until: ${until}
  world:
    nodes: [{name: node, count: 2}]
    stages: [stages.yaml]
    workloads: [{match: {name: web}, latency: 5ms}]
  steps:
    - apply:
        - apiVersion: apps/v1
          kind: Deployment
          metadata: {name: web}
          spec:
            replicas: 4
            selector: {matchLabels: {app: web}}
            template:
              metadata: {labels: {app: web}}
              spec: {containers: [{name: c, image: "a:1"}]}
        - {apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}
        - {apiVersion: v1, kind: ConfigMap, metadata: {name: one, labels: {copy: "true"}}}
${steps}`;

const run = (text: string, stages: string, seed = 1): Promise<RunResult> =>
  runScenario(scenarioOf(text, { 'stages.yaml': stages }), rooms, { seed });

const unheld = ({ expectations, refusals, stopped }: RunResult): unknown => [
  expectations.filter(({ outcome }) => outcome !== 'held'),
  refusals,
  stopped,
];

test('stages make nodes and pods go on, in their own time, and load finds the pods', async () => {
  const text = scenario(`    - at: 4s
      expect: nodes.ready == 0
    - at: 7s
      expect: nodes.ready == 2
    - expect: pods.ready == 4
      within: 30s
    - at: 1m
      send: {name: buyers, from: internet, to: "default/web:80", rate: 20/s, for: 1m}
    - at: 90s
      expect: traffic["buyers"].errors == 0 && traffic["buyers"].total > 100
    - at: 2m
      expect:
        object: {apiVersion: v1, kind: ConfigMap, name: one-copy, namespace: default}
        values: {/data/of: one}
    - at: 3m
      delete: [{apiVersion: apps/v1, kind: Deployment, name: web}]
    - at: 4m
      expect: pods.total == 0`);
  const stages = POD_READY + POD_GONE + NODE + CLAIM;
  const one = await run(text, stages);
  assert.deepEqual(unheld(one), [[], [], undefined]);
  assert.equal((await run(text, stages)).hash, one.hash);
  assert.notEqual((await run(text, stages, 2)).hash, one.hash);
});

test('pods of a lost node do not go on, those of others do; kubelets drive what no stage speaks of', async () => {
  const text = scenario(
    `    - at: 20s
      expect: pods.ready == 4
    - at: 1m
      disrupt: {name: gone, kind: NodeLoss, target: node-0}
    - at: 15m
      expect: nodes.ready == 1 && deployments["default/web"].available == 4`,
    '16m',
  );
  assert.deepEqual(unheld(await run(text, POD_READY + POD_GONE)), [[], [], undefined]);
  // Only a ConfigMap's stage: nodes and pods are the kubelets'.
  assert.deepEqual(unheld(await run(scenario('    - at: 20s\n      expect: pods.ready == 4'), CLAIM)), [
    [],
    [],
    undefined,
  ]);
});

test('stages that lead round without delay are named, and time goes on', async () => {
  const ring = stage(
    'ring',
    `resourceRef: {kind: ConfigMap}
selector: {matchLabels: {copy: "true"}}
next: {statusTemplate: ""}
steps: [{patch: {type: merge, root: data, template: 'n: {{ randAlphaNum 8 | quote }}'}}]
immediateNextStage: true`,
  );
  const result = await run(scenario('    - at: 1m\n      expect: pods.ready == 4', '2m'), ring);
  assert.deepEqual(unheld(result), [[], [], undefined]);
});

test('a stage that cannot be used ends the run before it begins', async () => {
  await assert.rejects(
    run(scenario(''), stage('bad', 'resourceRef: {kind: Pod}\nselector: {}\nweight: -1')),
    /spec.weight/,
  );
});
