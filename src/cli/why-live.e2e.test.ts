import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../bench/tenon.ts';
import { main } from './main.ts';
import { until } from './testing.ts';

/** Questions about a Tenon that runs: what was seen stands beside what is decided. */
const root = resolve(import.meta.dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-why-live-'));
const state = join(scratch, 'state');
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : existsSync(kubectlPath())
      ? false
      : 'kubectl is absent: tools/get-kubectl.sh fetches it';
after(() => rmSync(scratch, { recursive: true, force: true }));

const SERVE = "require('http').createServer((q, r) => r.end('page')).listen(8080)";
const IDLE = 'setInterval(() => {}, 1000)';
const pod = (name: string, code: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'why-live-test:1',
        imagePullPolicy: 'IfNotPresent',
        args: ['-e', code],
        ports: [{ containerPort: 8080 }],
      },
    ],
  },
});
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'pay' },
  spec: { selector: { app: 'pay' }, ports: [{ port: 80, targetPort: 8080 }] },
};
const policy = (friend: string): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'pay' },
  spec: {
    podSelector: { matchLabels: { app: 'pay' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: friend } } }] }],
  },
});

interface Told {
  readonly outcome: string;
  readonly seen: {
    readonly why?: string;
    readonly sides: readonly {
      direction: string;
      verdict: string;
      by: { name?: string; default?: string };
      count: number;
    }[];
    readonly disagrees: readonly string[];
  };
}

async function why(words: readonly string[]): Promise<{ code: number; told: Told; text: string }> {
  const ask = async (more: readonly string[]): Promise<{ code: number; out: string }> => {
    const lines: string[] = [];
    const terminal = {
      language: 'en',
      color: false,
      out: (text: string) => void lines.push(text),
      err: (text: string) => void lines.push(text),
    } as const;
    return { code: await main(['why', ...words, '--live', ...more], terminal), out: lines.join('\n') };
  };
  const { code, out } = await ask(['-o', 'json']);
  return { code, told: JSON.parse(out) as Told, text: (await ask([])).out };
}

async function apply(tenon: RunningTenon, ...items: object[]): Promise<void> {
  const file = join(scratch, 'objects.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  await kubectl(tenon, ['apply', '-f', file]);
}

async function reaches(tenon: RunningTenon, from: string, url: string): Promise<boolean> {
  const code = `fetch('${url}', { signal: AbortSignal.timeout(1000) }).then(r => r.text()).then(console.log, () => console.log('none')).finally(() => process.exit())`;
  return (await kubectl(tenon, ['exec', from, '--', 'node', '-e', code])).includes('page');
}

const sidesOf = ({ seen }: Told): string[] =>
  seen.sides.map(({ direction, verdict, by }) => `${direction} ${verdict} ${by.name ?? by.default}`);

test('why --live tells the flows that a node saw, with their rules, and where they contradict the decision', {
  skip,
}, async () => {
  const image = join(scratch, 'image');
  mkdirSync(image);
  writeFileSync(join(image, 'Dockerfile'), 'FROM host-node\nENTRYPOINT ["node"]\n');
  const build = ['image', 'build', image, '-t', 'why-live-test:1', '--compression', 'none', '--state', state];
  execFileSync(join(root, 'tenon'), build, { cwd: root });
  await using tenon = await startTenon(root, state, []);
  const asked = (source: string): ReturnType<typeof why> =>
    why([`default/${source}`, 'to', 'svc/default/pay:80', '--state', state]);
  await apply(tenon, pod('web', IDLE), pod('stranger', IDLE), pod('pay', SERVE), SERVICE, policy('web'));
  await kubectl(tenon, ['wait', '--for=condition=Ready', '--timeout=60s', 'pod/web', 'pod/stranger', 'pod/pay']);
  const before = await asked('web');
  assert.equal(before.code, 0, before.text);
  assert.deepEqual(before.told.seen.sides, []);
  assert.match(before.text, /seen by the network\n {4}not seen among the \d+ records kept/);

  const isTrue = (value: boolean): boolean => value;
  await until('a page of pay', () => reaches(tenon, 'web', 'http://pay/'), isTrue);
  assert.equal(await reaches(tenon, 'stranger', 'http://pay/'), false);
  await until('the refusal is told', async () => sidesOf((await asked('stranger')).told).length === 2, isTrue);
  const passed = await asked('web');
  assert.equal(passed.code, 0, passed.text);
  assert.deepEqual(sidesOf(passed.told), ['egress forwarded no policy rule', 'ingress forwarded pay']);
  assert.deepEqual(passed.told.seen.disagrees, []);
  const refused = await asked('stranger');
  assert.equal(refused.code, 1, refused.text);
  assert.deepEqual(sidesOf(refused.told).sort(), ['egress forwarded no policy rule', 'ingress dropped pay']);
  assert.deepEqual(refused.told.seen.disagrees, []);
  assert.match(refused.text, /packets refused: [1-9]/);

  await apply(tenon, policy('stranger'));
  const turned = await asked('web');
  assert.equal(turned.code, 1, turned.text);
  assert.match(turned.text, /disagrees: ingress of the destination: is refused by what is written now, and passed at/);
  assert.match((await asked('stranger')).text, /disagrees: .* is allowed by what is written now, and was refused at/);
  await until('web is refused', async () => !(await reaches(tenon, 'web', 'http://pay/')), isTrue);
  await until('both agree', async () => (await asked('web')).told.seen.disagrees.length === 0, isTrue);

  const elsewhere = await why(['default/web', 'to', 'svc/default/pay:80', '--kubeconfig', join(state, 'kubeconfig')]);
  assert.match(elsewhere.told.seen.why!, /Nobody here tells of flows/);
  assert.match(elsewhere.text, /^seen by the network: Nobody here/m);
});
