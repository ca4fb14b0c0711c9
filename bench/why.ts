import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, whyFlow } from '../src/explain/index.ts';
import { loadFolder } from '../src/hosts/node/documents.ts';
import { type Bench, type BenchContext, type Measure, median, spread } from './runner.ts';

const TEAMS = 50;
const APPS = 10;
const DOCUMENTS_A_FILE = 4;

/** One application as people write it: what makes pods, its Service, who may call it, its settings. */
function application(team: number, app: number): string[] {
  const metadata = `metadata:\n  name: app${app}\n  namespace: team${team}\n`;
  const labels = `app.kubernetes.io/name: app${app}`;
  const before = `app.kubernetes.io/name: app${(app + APPS - 1) % APPS}`;
  const documents = [
    `apiVersion: apps/v1\nkind: Deployment\n${metadata}spec:\n  replicas: 2\n  selector:\n    matchLabels:\n      ${labels}\n  template:\n    metadata:\n      labels:\n        ${labels}\n        tier: "${app < 3 ? 'front' : 'back'}"\n      annotations:\n        description: "The app ${app} of the team, with some words about it"\n    spec:\n      serviceAccountName: app${app}\n      securityContext:\n        runAsNonRoot: true\n        runAsUser: 1000\n      containers:\n        - name: app\n          image: registry.example.test/team${team}/app${app}:1.2.${app}\n          args: ["--port=8080", "--name=app${app}"]\n          env:\n            - name: LOG_LEVEL\n              value: info\n          ports:\n            - name: http\n              containerPort: 8080\n          resources:\n            requests: {cpu: 100m, memory: 128Mi}\n            limits: {memory: 256Mi}\n          readinessProbe:\n            httpGet:\n              path: /ready\n              port: http\n            initialDelaySeconds: 5\n`,
    `apiVersion: v1\nkind: Service\n${metadata}spec:\n  selector:\n    ${labels}\n  ports:\n    - name: http\n      port: 80\n      targetPort: http\n`,
    `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n${metadata}spec:\n  podSelector:\n    matchLabels:\n      ${labels}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              ${before}\n      ports:\n        - protocol: TCP\n          port: 8080\n`,
  ];
  if (app === APPS - 1) return documents;
  return [
    ...documents,
    `apiVersion: v1\nkind: ConfigMap\n${metadata}data:\n  config.yaml: |\n    server:\n      port: 8080\n      name: app${app}\n  LEVEL: info\n`,
  ];
}

/** A repository of 2,000 objects. */
function writeRepository(folder: string): void {
  for (let team = 0; team < TEAMS; team++) {
    const head = `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team${team}\n  labels:\n    team: "${team}"\n`;
    const documents = [head, ...Array.from({ length: APPS }, (_, app) => application(team, app)).flat()];
    mkdirSync(join(folder, `team${team}`), { recursive: true });
    for (let at = 0; at < documents.length; at += DOCUMENTS_A_FILE)
      writeFileSync(
        join(folder, `team${team}`, `part${String(at).padStart(3, '0')}.yaml`),
        documents.slice(at, at + DOCUMENTS_A_FILE).join('---\n'),
      );
  }
  const git = (...words: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.test', ...words], {
      cwd: folder,
      stdio: 'ignore',
    });
  git('init', '-q', '.');
  git('add', '-A');
  git('commit', '-qm', 'base');
  const opened = `---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: team3}\nspec:\n  podSelector: {matchLabels: {app.kubernetes.io/name: app4}}\n  ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8080}]}]\n`;
  appendFileSync(join(folder, 'team3', 'part000.yaml'), opened);
}

/** Wall and processor seconds of one command; throws when it answers otherwise than it should. */
function timed(root: string, words: readonly string[], code: number): { wall_s: number; cpu_s: number } {
  const script = `/usr/bin/env bash -c 'times >/dev/null; "$@" >/dev/null; code=$?; times; exit $code' bash "$@"`;
  const start = performance.now();
  const { status, stdout } = spawnSync('bash', ['-c', script, 'bash', join(root, 'tenon'), ...words], {
    encoding: 'utf8',
  });
  const wall_s = (performance.now() - start) / 1000;
  if (status !== code) throw new Error(`tenon ${words.join(' ')} exits ${status}, not ${code}`);
  const last = stdout.trimEnd().split('\n').at(-1)!;
  const cpu_s = [...last.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
  return { wall_s, cpu_s };
}

function cold(
  name: string,
  root: string,
  words: readonly string[],
  code: number,
  times: number,
  bound: number,
): Measure {
  timed(root, words, code);
  const runs = Array.from({ length: times }, () => timed(root, words, code));
  const walls = runs.map(({ wall_s }) => wall_s);
  return {
    name,
    unit: 's',
    ours: median(walls),
    better: 'lower',
    n: times,
    spread: spread(walls),
    cpu_s: median(runs.map(({ cpu_s }) => cpu_s)),
    target: { kind: 'absolute', bound },
  };
}

export const bench: Bench = {
  name: 'why',
  what: 'tenon why and tenon plan on a repository of 2,000 objects',
  async *run({ root, quick, scratch }: BenchContext) {
    writeRepository(scratch);
    const times = quick ? 3 : 9;
    const question = ['team1/app1', 'to', 'team1/app2:80'] as const;
    yield cold('why, cold', root, ['why', ...question, '--dir', scratch], 0, times, 0.3);
    yield cold('plan against HEAD, cold', root, ['plan', scratch], 1, times, 1);
    const loaded = loadFolder(scratch);
    const ask = (): number => {
      const start = performance.now();
      const { outcome } = whyFlow(prepare(loaded), {
        source: { kind: 'named', namespace: 'team1', name: 'app1' },
        destination: { kind: 'named', namespace: 'team1', name: 'app2' },
        port: 80,
        protocol: 'TCP',
      });
      if (outcome !== 'allow') throw new Error(`why says ${outcome}`);
      return performance.now() - start;
    };
    for (let i = 0; i < 20; i++) ask();
    const before = process.cpuUsage();
    const walls = Array.from({ length: 50 }, ask);
    const { user, system } = process.cpuUsage(before);
    yield {
      name: 'why, in a running process',
      unit: 'ms',
      ours: median(walls),
      better: 'lower',
      n: walls.length,
      spread: spread(walls),
      cpu_s: (user + system) / 1e6,
      target: { kind: 'absolute', bound: 30 },
    };
  },
};
