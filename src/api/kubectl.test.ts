import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { agentBackend, type Backend, echoBackend, seedNode } from './testing/backend.ts';
import { missingTool, type Ran, run, type TestServer, testServer, toolPath } from './testing/server.ts';

/** One command: its arguments, what its output must match, and optionally its input and how it ends. */
interface Line {
  readonly does: string;
  readonly out: RegExp;
  readonly input?: string;
  readonly code?: number;
}

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "web:1", ports: [{containerPort: 80}]}]}
`;

const CONFIG = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cfg}\ndata: {k: "1"}\n';

/** A person's session, in order: what is made by one line is used by the next. */
const SESSION: readonly Line[] = [
  { does: 'version', out: /Server Version: v1\.35/ },
  { does: 'get ns', out: /^default +Active +\d+s$/m },
  { does: 'create ns team', out: /^namespace\/team created/ },
  { does: 'create ns team', out: /namespaces "team" already exists/, code: 1 },
  { does: 'apply -f -', input: CONFIG, out: /^configmap\/cfg created/ },
  { does: 'apply -f -', input: CONFIG, out: /^configmap\/cfg unchanged/ },
  { does: 'apply -f -', input: CONFIG.replace('"1"', '"2"'), out: /^configmap\/cfg configured/ },
  { does: 'get cm cfg -o jsonpath={.data.k}', out: /^2$/ },
  { does: 'diff -f -', input: CONFIG, out: /^-  k: "2"\n\+  k: "1"/m, code: 1 },
  { does: 'apply --server-side -f -', input: CONFIG.replace('cfg', 'ssa'), out: /^configmap\/ssa serverside-applied/ },
  {
    does: 'apply --server-side --field-manager=other -f -',
    input: CONFIG.replace('cfg', 'ssa').replace('"1"', '"9"'),
    out: /conflict with "kubectl": \.data\.k/,
    code: 1,
  },
  {
    does: 'apply --server-side --force-conflicts --field-manager=other -f -',
    input: CONFIG.replace('cfg', 'ssa').replace('"1"', '"9"'),
    out: /serverside-applied/,
  },
  { does: 'apply --dry-run=server -f -', input: CONFIG.replace('cfg', 'dry'), out: /created \(server dry run\)/ },
  { does: 'get cm dry', out: /configmaps "dry" not found/, code: 1 },
  { does: 'apply -f -', input: CONFIG.replace('\ndata:', '\ndota:'), out: /unknown field "dota"/, code: 1 },
  { does: 'apply -f -', input: DEPLOYMENT, out: /^deployment\.apps\/web created/ },
  { does: 'get deploy', out: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/2 +0 +0 +\d+s/ },
  { does: 'get deploy web -o wide', out: /CONTAINERS +IMAGES +SELECTOR\n.*web:1 +app=web/ },
  { does: 'scale deploy web --replicas=5', out: /^deployment\.apps\/web scaled/ },
  { does: 'get deploy web -o jsonpath={.spec.replicas}', out: /^5$/ },
  { does: 'set image deploy/web c=web:2', out: /image updated/ },
  { does: 'rollout restart deploy/web', out: /restarted/ },
  { does: 'label deploy web tier=front', out: /labeled/ },
  { does: 'annotate deploy web note=x', out: /annotated/ },
  { does: 'get deploy -l tier=front -o name', out: /^deployment\.apps\/web$/m },
  { does: 'patch deploy web --type=json -p [{"op":"replace","path":"/spec/replicas","value":1}]', out: /patched/ },
  {
    does: 'patch deploy web -p {"spec":{"template":{"spec":{"containers":[{"name":"c","image":"web:3"}]}}}}',
    out: /patched/,
  },
  {
    does: 'get deploy web -o jsonpath={.spec.template.spec.containers[0].ports[0].containerPort}/{.spec.template.spec.containers[0].image}',
    out: /^80\/web:3$/,
  },
  { does: 'describe deploy web', out: /^Replicas: +1 desired/m },
  { does: 'expose deploy web --port=80', out: /^service\/web exposed/ },
  { does: 'get svc web', out: /ClusterIP/ },
  { does: 'create job once --image=busybox -- true', out: /^job\.batch\/once created/ },
  { does: 'create secret generic s --from-literal=a=b', out: /^secret\/s created/ },
  { does: 'get secret s', out: /^s +Opaque +1 +\d+s/m },
  { does: 'create serviceaccount robot', out: /^serviceaccount\/robot created/ },
  { does: 'create token robot', out: /^[\w-]+\.[\w-]+\.[\w-]+\n?$/ },
  { does: 'create role reader --verb=get,list --resource=pods', out: /^role\S*\/reader created/ },
  {
    does: 'create rolebinding reader --role=reader --serviceaccount=default:robot',
    out: /^rolebinding\S*\/reader created/,
  },
  { does: 'auth can-i list pods --as=system:serviceaccount:default:robot', out: /^yes/ },
  { does: 'auth can-i delete pods --as=system:serviceaccount:default:robot', out: /^no/, code: 1 },
  { does: 'auth can-i --list --as=system:serviceaccount:default:robot', out: /^pods +\[\] +\[\] +\[get list\]/m },
  { does: 'auth whoami', out: /kubernetes-admin/ },
  {
    does: 'get pods --as=nobody',
    out: /pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "default"/,
    code: 1,
  },
  { does: 'api-resources', out: /^deployments +deploy +apps\/v1 +true +Deployment$/m },
  { does: 'api-versions', out: /^networking\.k8s\.io\/v1$/m },
  { does: 'get nodes', out: /^n +\S+ +<none> +\d+s/m },
  { does: 'get pods -o wide', out: /^p +1\/1 +Running +0 +\d+s +127\.0\.0\.1 +n /m },
  { does: 'logs p', out: /^line 1\nline 2\nline 3\n$/ },
  { does: 'logs p --tail=1 -f', out: /^line 1\nfollowed\n$/ },
  { does: 'exec p -- echo hello', out: /^ran echo hello\n$/ },
  { does: 'wait --for=condition=Ready pod/p --timeout=10s', out: /condition met/ },
  { does: 'wait --for=delete pod/none --timeout=5s', out: /^$/ },
  { does: 'cordon n', out: /cordoned/ },
  { does: 'get node n', out: /SchedulingDisabled/ },
  { does: 'taint node n a=b:NoSchedule', out: /tainted/ },
  { does: 'get events', out: /No resources found/ },
  { does: 'get all', out: /^deployment\.apps\/web/m },
  { does: 'get --raw /healthz', out: /^ok$/ },
  { does: 'get clusterrole view -o yaml', out: /aggregationRule:/ },
  { does: 'delete deploy web', out: /deployment\.apps "web" deleted/ },
  { does: 'delete cm cfg ssa', out: /"cfg" deleted[^]*"ssa" deleted/ },
  { does: 'delete secret -l none=such', out: /No resources found/ },
  { does: 'get cm missing', out: /Error from server \(NotFound\): configmaps "missing" not found/, code: 1 },
];

const commandOf = (does: string): string[] => does.split(' ');

for (const minor of ['34', '35']) {
  const missing = missingTool(`kubectl-1.${minor}`);
  describe(`kubectl 1.${minor}`, { skip: missing ?? false }, () => {
    let server: TestServer;
    let agent: Backend;
    let pod: Backend;
    let home: string;
    before(async () => {
      server = await testServer();
      agent = await agentBackend(server);
      pod = await echoBackend();
      await seedNode(server, agent.port, pod.port);
      home = server.state;
    });
    after(async () => {
      await agent[Symbol.asyncDispose]();
      await pod[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });
    const kubectl = (args: readonly string[], input?: string): Promise<Ran> =>
      run(
        toolPath(`kubectl-1.${minor}`),
        ['--kubeconfig', server.api.kubeconfig, '--cache-dir', join(home, 'cache'), ...args],
        input,
        { HOME: home },
      );

    for (const line of SESSION) {
      test(`kubectl ${line.does}`, async () => {
        const ran = await kubectl(commandOf(line.does), line.input);
        const text = ran.out + ran.err;
        assert.match(text, line.out);
        assert.equal(ran.code, line.code ?? 0, text);
      });
    }

    test('kubectl get -w prints rows as they come', async () => {
      const watching = kubectl(['get', 'cm', '-w', '--request-timeout=3s', '-l', 'w=1']);
      await new Promise(resolve => setTimeout(resolve, 700));
      writeFileSync(join(home, 'w.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: w, labels: {w: "1"}}\n');
      await kubectl(['create', '-f', join(home, 'w.yaml')]);
      await kubectl(['patch', 'cm', 'w', '-p', '{"data":{"a":"b"}}']);
      const { out } = await watching;
      assert.match(out, /^NAME +DATA +AGE\nw +0 +\d+s\nw +1 +\d+s\n/);
    });
  });
}
