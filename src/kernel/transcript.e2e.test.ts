import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missingTool, realClock, realRandom, run, toolPath } from '../api/testing/server.ts';
import { type Kernel, openKernel } from './kernel.ts';
import { roleGuard, type RunningApi, startApi } from '../api/index.ts';
import { memoryLog } from './drivers/memory-log.ts';
import { EtcdJournal } from './drivers/etcd-journal.ts';
import { missingPeer, PEER_TOKEN, startApiServer, startEtcd } from './testing/peers.ts';

const KUBECTL = 'kubectl-1.35';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: example.org/web:1, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "1", b: "two"}
`;
const CHANGED = DEPLOYMENT.replace('replicas: 2', 'replicas: 3').replace('b: "two"', 'c: "three"');
const BROKEN = DEPLOYMENT.replace('containers: [{name: c', 'containers: [{nam: c');

/** What is typed: arguments, and what comes in by standard input. Controllers run on none of the three. */
const SCRIPT: readonly (readonly [string, string?])[] = [
  ['create namespace transcript'],
  ['apply -n transcript -f -', DEPLOYMENT],
  ['apply -n transcript -f -', DEPLOYMENT],
  ['get -n transcript configmaps settings -o jsonpath={.data}'],
  ['diff -n transcript -f -', DEPLOYMENT],
  ['apply -n transcript -f -', CHANGED],
  ['get -n transcript deployment web -o yaml'],
  ['get -n transcript configmap settings -o yaml'],
  ['get -n transcript deployments'],
  ['get -n transcript deployments -o wide --show-labels'],
  ['apply -n transcript -f -', BROKEN],
  ['apply -n transcript --server-side -f -', DEPLOYMENT],
  ['apply -n transcript --server-side --force-conflicts -f -', DEPLOYMENT],
  ['scale -n transcript deployment web --replicas 5'],
  ['set -n transcript image deployment/web c=example.org/web:2'],
  ['patch -n transcript configmap settings --type json -p [{"op":"add","path":"/data/z","value":"9"}]'],
  ['patch -n transcript configmap settings --type json -p [{"op":"test","path":"/data/z","value":"8"}]'],
  ['label -n transcript configmap settings tier=one'],
  ['label -n transcript configmap settings tier=two'],
  ['annotate -n transcript configmap settings note=hello'],
  ['get -n transcript configmaps -l tier=one -o name'],
  ['get -n transcript configmaps -l tier!=one,a -o name'],
  ['create -n transcript secret generic key --from-literal=value=1'],
  ['create -n transcript secret generic key --from-literal=value=2'],
  ['create -n transcript service clusterip web --tcp=80:8080 --dry-run=server -o jsonpath={.spec.ports}'],
  ['create -n transcript role reader --verb=get,list --resource=pods,deployments.apps'],
  ['create -n transcript rolebinding readers --role=reader --user=jane'],
  ['auth can-i -n transcript list pods --as jane'],
  ['auth can-i -n transcript delete pods --as jane'],
  ['get -n transcript pods --as jane'],
  ['get -n transcript secrets --as jane'],
  ['run -n transcript one --image=example.org/one:1 --restart=Never'],
  ['get -n transcript pods'],
  ['get -n transcript pod one -o jsonpath={.spec.restartPolicy}{.status.phase}{.status.qosClass}'],
  ['create -n transcript quota limits --hard=configmaps=9'],
  ['create -n transcript configmap Bad_Name'],
  ['get -n transcript nothing'],
  ['get -n transcript configmap nothing'],
  ['api-resources --api-group=apps --no-headers'],
  ['delete -n transcript configmap settings'],
  ['delete -n transcript configmap settings'],
  ['delete -n transcript -f - --wait=false', DEPLOYMENT],
];

const HELM = 'helm-1.35';

/** A chart of what an installation usually has; `{{` are Helm's own. */
const CHART: Readonly<Record<string, string>> = {
  'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: "1"\n',
  'values.yaml': 'replicas: 1\nimage: example.org/web:1\nextra: false\n',
  'templates/all.yaml': `
apiVersion: v1
kind: ServiceAccount
metadata: {name: {{ .Release.Name }}, labels: {app.kubernetes.io/managed-by: {{ .Release.Service }}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}}
data: {revision: "{{ .Release.Revision }}", image: "{{ .Values.image }}"}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      serviceAccountName: {{ .Release.Name }}
      containers: [{name: web, image: "{{ .Values.image }}", ports: [{name: http, containerPort: 8080}]}]
{{- if .Values.extra }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: {{ .Release.Name }}}
spec: {minAvailable: {{ .Values.minAvailable }}, selector: {matchLabels: {app: {{ .Release.Name }}}}}
{{- end }}
`,
  'templates/NOTES.txt': '{{ .Release.Name }} runs {{ .Values.replicas }}\n',
};

/** Lines that begin with `helm` go to Helm; CHART is the chart's folder. */
const HELM_SCRIPT: readonly (readonly [string, string?])[] = [
  ['create namespace charts'],
  ['helm install web CHART -n charts --dry-run=server'],
  ['helm install web CHART -n charts'],
  ['helm install web CHART -n charts'],
  ['helm list -n charts'],
  ['get -n charts deployment web -o yaml'],
  [
    'get -n charts secrets -l owner=helm -o custom-columns=NAME:.metadata.name,TYPE:.type,STATUS:.metadata.labels.status',
  ],
  ['helm upgrade web CHART -n charts --set replicas=3 --set extra=true --set minAvailable=1'],
  ['helm get values web -n charts'],
  ['get -n charts poddisruptionbudget web -o jsonpath={.spec}'],
  ['helm upgrade web CHART -n charts --reuse-values --set minAvailable=many%'],
  ['helm history web -n charts'],
  ['helm rollback web 1 -n charts'],
  ['get -n charts deployment web -o jsonpath={.spec.replicas}'],
  ['get -n charts poddisruptionbudgets'],
  ['scale -n charts deployment web --replicas 7'],
  ['helm upgrade web CHART -n charts --set image=example.org/web:2'],
  ['get -n charts deployment web -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].image}'],
  ['helm history web -n charts'],
  ['helm get manifest web -n charts'],
  ['helm status web -n charts'],
  ['helm uninstall web -n charts'],
  ['helm list -n charts'],
  ['get -n charts deployments,services,configmaps -l app.kubernetes.io/managed-by=Helm'],
];

/** What differs between any two clusters: times, ages, identifiers, versions, addresses. */
function normalize(text: string): string {
  return (
    text
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID')
      .replace(/resourceVersion: "\d+"/g, 'resourceVersion: "N"')
      .replace(/"resourceVersion":"\d+"/g, '"resourceVersion":"N"')
      // Helm lists kinds in the order of a Go map; kubectl's own lines show the objects.
      .replace(/^RESOURCES:\n[^]*?(?=^TEST SUITE:)/m, '')
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} \S+/g, 'TIME')
      .replace(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ \d\d:\d\d:\d\d \d{4}/g, 'TIME')
      .replace(/https:\/\/127\.0\.0\.1:\d+/g, 'SERVER')
      .replace(/\b\d+(\.\d+)?(ms|s)\b/g, 'AGE')
      .replace(/\/tmp\/(LIVE|MERGED)-\d+\//g, '/tmp/$1/')
      .replace(/ +\t/g, '\t')
      .replace(/[ \t]+$/gm, '')
  );
}

interface Line {
  readonly command: string;
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Line by line, so that a failure shows the command it is about. */
function assertSame(actual: readonly Line[], expected: readonly Line[]): void {
  for (const [at, line] of expected.entries()) assert.deepEqual(actual[at], line);
  assert.equal(actual.length, expected.length);
}

function writeChart(folder: string): string {
  for (const [name, text] of Object.entries(CHART)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function transcript(kubeconfig: string): Promise<Line[]> {
  const lines: Line[] = [];
  const helm = `${kubeconfig}.helm`;
  const chart = writeChart(join(dirname(kubeconfig), 'chart'));
  const env = {
    KUBECTL_EXTERNAL_DIFF: 'diff -u --label a --label b',
    HELM_CACHE_HOME: helm,
    HELM_CONFIG_HOME: helm,
    HELM_DATA_HOME: helm,
  };
  for (const [command, input] of missingTool(HELM) ? SCRIPT : [...SCRIPT, ...HELM_SCRIPT]) {
    const [program, ...words] = command.startsWith('helm ')
      ? [HELM, ...command.slice('helm '.length).split(' ')]
      : [KUBECTL, '--cache-dir', `${kubeconfig}.cache`, ...command.split(' ')];
    const args = words.map(word => (word === 'CHART' ? chart : word));
    const { code, out, err } = await run(toolPath(program!), ['--kubeconfig', kubeconfig, ...args], input, env);
    lines.push({ command, code, out: normalize(out), err: normalize(err) });
  }
  return lines;
}

interface Ours extends AsyncDisposable {
  readonly api: RunningApi;
}

async function serve(folder: string, open: (guard: ReturnType<typeof roleGuard>) => Promise<Kernel>): Promise<Ours> {
  const guard = roleGuard();
  const kernel = await open(guard);
  const { registry, catalog } = kernel;
  const api = await startApi({
    registry,
    catalog,
    clock: realClock,
    random: realRandom,
    state: folder,
    port: 0,
    guard,
  });
  return {
    api,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await kernel[Symbol.asyncDispose]();
    },
  };
}

describe('one script of kubectl and Helm commands', { skip: missingTool(KUBECTL) ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-kernel-transcript-'));
  const ports = { clock: realClock, random: realRandom };
  let embedded: Line[];
  before(async () => {
    await using ours = await serve(join(folder, 'embedded'), guard =>
      openKernel({ ...ports, log: memoryLog(), admission: [guard.step] }),
    );
    embedded = await transcript(ours.api.kubeconfig);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('runs on the embedded store', () => {
    const failed = embedded.filter(({ code }) => code !== 0).map(({ command }) => command);
    const helm = missingTool(HELM) === undefined;
    assert.equal(embedded.length, SCRIPT.length + (helm ? HELM_SCRIPT.length : 0));
    assert.equal(failed.length, helm ? 14 : 11, failed.join('\n'));
  });

  test('says the same on etcd', { skip: missingPeer('etcd') ?? false }, async () => {
    await using etcd = await startEtcd();
    const address = etcd.url.replace('http:', 'etcd:');
    await using ours = await serve(join(folder, 'etcd'), guard =>
      openKernel({ ...ports, shared: parts => EtcdJournal.open({ ...parts, address }), admission: [guard.step] }),
    );
    assertSame(await transcript(ours.api.kubeconfig), embedded);
  });

  const missing = missingPeer('etcd') ?? missingPeer('kube-apiserver');
  test('says the same on a real kube-apiserver', { skip: missing ?? false }, async () => {
    await using etcd = await startEtcd();
    await using peer = await startApiServer(etcd.url);
    const kubeconfig = join(folder, 'peer.kubeconfig');
    writeFileSync(
      kubeconfig,
      `apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "${peer.url}", insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: ${PEER_TOKEN}}}]
`,
    );
    assertSame(await transcript(kubeconfig), embedded);
  });
});
