import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../../bench/tenon.ts';
import { until } from '../../cli/testing.ts';

/** Pods that burn CPU while a file says so, as `kubectl autoscale` meets them. */
const root = resolve(import.meta.dirname, '../../..');
const skip =
  process.getuid?.() !== 0
    ? 'counting the CPU of pods needs root'
    : !existsSync(kubectlPath())
      ? 'kubectl is absent: tools/get-kubectl.sh fetches it'
      : !existsSync('/bin/busybox')
        ? 'busybox is absent: apt-get install busybox-static'
        : false;

const MANIFEST = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: busy}
spec:
  replicas: 1
  selector: {matchLabels: {app: busy}}
  template:
    metadata: {labels: {app: busy}}
    spec:
      terminationGracePeriodSeconds: 0
      volumes: [{name: switch, hostPath: {path: SWITCH}}]
      containers:
        - name: c
          image: busy:1
          command: [/bin/sh, -c, 'while :; do if [ -e /switch/on ]; then i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; sleep 0.05; else sleep 0.5; fi; done']
          volumeMounts: [{name: switch, mountPath: /switch}]
          resources: {requests: {cpu: 20m}}
`;

interface Autoscaler {
  status?: {
    currentReplicas?: number;
    currentMetrics?: unknown[];
    conditions?: { type: string; status: string; reason: string }[];
  };
}

describe('autoscaling on a node', { skip, timeout: 180_000 }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-autoscale-'));
  const switched = join(scratch, 'switch');
  let tenon: RunningTenon;

  before(async () => {
    mkdirSync(join(scratch, 'image/root/bin'), { recursive: true });
    mkdirSync(join(scratch, 'image/root/switch'));
    mkdirSync(switched);
    for (const name of ['busybox', 'sh', 'sleep'])
      cpSync('/bin/busybox', join(scratch, 'image/root/bin', name), { dereference: true });
    writeFileSync(join(scratch, 'image/Dockerfile'), 'FROM scratch\nCOPY root/ /\nENV PATH=/bin\n');
    const state = join(scratch, 'state');
    tenon = await startTenon(root, state);
    execFileSync(join(root, 'tenon'), ['image', 'build', join(scratch, 'image'), '-t', 'busy:1', '--state', state], {
      stdio: 'pipe',
      timeout: 120_000,
    });
    writeFileSync(join(scratch, 'busy.yaml'), MANIFEST.replace('SWITCH', switched));
  });
  after(async () => {
    await tenon?.[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true, force: true });
  });

  const ask = (...words: string[]): Promise<string> => kubectl(tenon, words);
  const autoscaler = async (): Promise<Autoscaler> =>
    JSON.parse(await ask('get', 'hpa', 'busy', '-o', 'json')) as Autoscaler;
  const desired = (replicas: number): Promise<Autoscaler> =>
    until(`${replicas} replicas`, autoscaler, ({ status }) => status?.currentReplicas === replicas, 90_000);

  test('kubectl autoscale: pods that work hard get company, and lose it when they rest', async () => {
    await ask('apply', '-f', join(scratch, 'busy.yaml'));
    await ask('rollout', 'status', 'deploy/busy', '--timeout=60s');
    writeFileSync(join(switched, 'on'), '');
    await ask('autoscale', 'deploy', 'busy', '--cpu-percent=50', '--min=1', '--max=3');
    const quick = { spec: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } };
    await ask('patch', 'hpa', 'busy', '--type=merge', '-p', JSON.stringify(quick));
    const busy = await desired(3);
    assert.ok(busy.status?.conditions?.some(({ type, status }) => type === 'ScalingActive' && status === 'True'));
    assert.match(await ask('get', 'hpa', 'busy'), /Deployment\/busy\s+cpu: \d+%\/50%\s+1\s+3\s+3/);
    assert.match(
      await ask('describe', 'hpa', 'busy'),
      /SuccessfulRescale .*New size: \d; reason: cpu resource utilization \(percentage of request\) above target/,
    );
    rmSync(join(switched, 'on'));
    const rested = /New size: [12]; reason: All metrics below target/;
    await until(
      'going down',
      () => ask('describe', 'hpa', 'busy'),
      text => rested.test(text),
      90_000,
    );
  });

  test('metrics that no program serves are told as on any cluster', async () => {
    const metrics = [
      { type: 'External', external: { metric: { name: 'jobs' }, target: { type: 'Value', value: '5' } } },
      { type: 'Pods', pods: { metric: { name: 'qps' }, target: { type: 'AverageValue', averageValue: '5' } } },
    ];
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'quiet' };
    const deployment = MANIFEST.replace('SWITCH', switched).replaceAll('busy}', 'quiet}');
    writeFileSync(join(scratch, 'quiet.yaml'), deployment);
    await ask('apply', '-f', join(scratch, 'quiet.yaml'));
    const object = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'quiet' },
      spec: { scaleTargetRef, maxReplicas: 3, metrics },
    };
    writeFileSync(join(scratch, 'hpa.json'), JSON.stringify(object));
    await ask('apply', '-f', join(scratch, 'hpa.json'));
    const told = await until(
      'what is not served',
      () => ask('describe', 'hpa', 'quiet'),
      text => text.includes('FailedGetPodsMetric'),
      30_000,
    );
    assert.match(told, /\(get jobs\.external\.metrics\.k8s\.io\)/);
    assert.match(told, /no custom metrics API \(custom\.metrics\.k8s\.io\) registered/);
    assert.match(told, /ScalingActive\s+False\s+FailedGetExternalMetric/);
  });
});
