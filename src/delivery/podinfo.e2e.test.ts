/** A program nobody here wrote, with the manifests its authors ship: built, put in an image, delivered, scaled and updated. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../bench/tenon.ts';
import { findBinary } from '../compute/index.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const manifests = join(process.env.TENON_SUITES ?? join(root, '../shared/suites'), 'core/workloads/podinfo/kustomize');
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tenon/tools/podinfo');
const MODULE = 'github.com/stefanprodan/podinfo';
/** The Go module proxy keeps the release of the manifests under this name or an earlier one. */
const VERSION = 'v1.8.1-0.20250910200901-e86405a8674e';
const BUILD_MS_MAX = 900_000;

function missing(): string | false {
  if (!existsSync(manifests)) return 'the podinfo manifests are absent: set TENON_SUITES';
  if (!findBinary('go')) return 'go is absent: apt-get install golang';
  if (!existsSync(kubectlPath())) return 'kubectl is absent: tools/get-kubectl.sh fetches it';
  return process.getuid?.() === 0 ? false : 'pod networks need root';
}
const skip = missing();

/** Builds the two static programs once; later runs find them. */
async function buildPrograms(): Promise<void> {
  if (existsSync(join(cache, 'podinfo')) && existsSync(join(cache, 'podcli'))) return;
  mkdirSync(cache, { recursive: true });
  const env = { ...process.env, CGO_ENABLED: '0' };
  const go = (...args: string[]) => run('go', args, { cwd: cache, env, timeout: BUILD_MS_MAX });
  if (!existsSync(join(cache, 'go.mod'))) await go('mod', 'init', 'tenon.dev/podinfo');
  const programs = ['podinfo', 'podcli'].map(name => `${MODULE}/cmd/${name}`);
  await go('get', ...programs.map(program => `${program}@${VERSION}`));
  await go('build', '-trimpath', '-ldflags=-s -w', '-o', '.', ...programs);
}

const image = (): string => /^\s*image: (\S+)$/m.exec(readFileSync(join(manifests, 'deployment.yaml'), 'utf8'))![1]!;

/** An image of nothing but the two programs, where the manifests expect them. */
async function buildImage(state: string, name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-e2e-podinfo-image-'));
  try {
    for (const program of ['podinfo', 'podcli']) copyFileSync(join(cache, program), join(folder, program));
    const lines = [
      'FROM scratch',
      'WORKDIR /home/app',
      'COPY podinfo ./',
      'COPY podcli /usr/local/bin/',
      'ENV PATH=/usr/local/bin',
    ];
    writeFileSync(join(folder, 'Dockerfile'), `${lines.join('\n')}\nCMD ["./podinfo"]\n`);
    await run(join(root, 'tenon'), ['image', 'build', folder, '-t', name, '--state', state], { timeout: 60_000 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Every request on a connection of its own, so that each is a new choice of pod. */
function ask(url: string): Promise<Answer> {
  return new Promise((done, failed) => {
    const asked = get(url, { agent: false, timeout: 10_000 }, response => {
      let body = '';
      response.setEncoding('utf8').on('data', (part: string) => (body += part));
      response.on('end', () => done({ status: response.statusCode ?? 0, body }));
    });
    asked.on('error', failed).on('timeout', () => asked.destroy(new Error('no answer in 10 s')));
  });
}

interface Info {
  readonly hostname: string;
  readonly color: string;
  readonly message: string;
}
const infoIn = ({ body }: Answer): Info => JSON.parse(body) as Info;

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

const readyPods = (list: PodList): number =>
  list.items.filter(pod => pod.status.conditions?.some(one => one.type === 'Ready' && one.status === 'True')).length;

for (const runtime of ['process', 'runc']) {
  const absent =
    skip ||
    (runtime !== 'process' && !findBinary(runtime) ? `${runtime} is absent: apt-get install ${runtime}` : false);
  describe(`podinfo on ${runtime}`, { skip: absent, timeout: BUILD_MS_MAX }, () => {
    const scratch = mkdtempSync(join(tmpdir(), `tenon-e2e-podinfo-${runtime}-`));
    let tenon: RunningTenon;
    const kube = (...args: string[]): Promise<string> => kubectl(tenon, ['--request-timeout=90s', ...args]);
    const pods = async (): Promise<PodList> =>
      JSON.parse(await kube('get', 'pods', '-l', 'app=podinfo', '-o', 'json')) as PodList;
    let address = '';
    const service = async (path: string): Promise<Answer> => {
      address ||= await kube('get', 'service', 'podinfo', '-o', 'jsonpath={.spec.clusterIP}');
      return ask(`http://${address}:9898${path}`);
    };

    before(async () => {
      await buildPrograms();
      await buildImage(join(scratch, 'state'), image());
      // Its autoscaler allows four pods and would take the fifth back: nothing but the hand scales here.
      const options = ['--offline', '--runtime', runtime, '--layers', 'cluster,node,mesh'];
      tenon = await startTenon(root, join(scratch, 'state'), [manifests, ...options]);
    });
    after(async () => {
      await tenon?.[Symbol.asyncDispose]();
      rmSync(scratch, { recursive: true, force: true });
    });

    test('the unmodified manifests roll out, with the autoscaler accepted', async () => {
      for (let tries = 0; tries < 50; tries++) {
        if ((await kube('get', 'deployments', '-o', 'name')).includes('podinfo')) break;
        await new Promise(next => setTimeout(next, 100));
      }
      assert.match(await kube('rollout', 'status', 'deployment/podinfo', '--timeout=90s'), /successfully rolled out/);
      assert.match(await kube('get', 'hpa', 'podinfo', '-o', 'jsonpath={.spec.maxReplicas}'), /^4$/);
    });

    test('its Service answers on the cluster address', async () => {
      const answer = await service('/api/info');
      const told = infoIn(answer);
      assert.equal(answer.status, 200);
      assert.equal(told.color, '#34577c');
      assert.equal((await service('/readyz')).status, 200);
    });

    test('commands run in its containers as the probes do', async () => {
      const { hostname } = infoIn(await service('/api/info'));
      assert.match(hostname, /^podinfo-/);
      await kube('exec', hostname, '--', 'podcli', 'check', 'http', 'localhost:9898/readyz');
    });

    test('it scales to five and all of them answer', async () => {
      await kube('scale', 'deployment/podinfo', '--replicas=5');
      await kube('wait', 'deployment/podinfo', '--for=jsonpath={.status.readyReplicas}=5', '--timeout=60s');
      assert.equal(readyPods(await pods()), 5);
      const seen = new Set<string>();
      for (let i = 0; i < 200 && seen.size < 5; i++) {
        seen.add(infoIn(await service('/api/info')).hostname);
      }
      assert.equal(seen.size, 5);
    });

    test('a rolling update never stops answering', async () => {
      let [answered, refused, over] = [0, 0, false];
      const asking = (async () => {
        while (!over) {
          const ok = await service('/api/info').then(
            answer => answer.status === 200,
            () => false,
          );
          if (ok) answered++;
          else refused++;
          await new Promise(next => setTimeout(next, 20));
        }
      })();
      await kube('set', 'env', 'deployment/podinfo', 'PODINFO_UI_MESSAGE=second');
      await kube('rollout', 'status', 'deployment/podinfo', '--timeout=120s');
      over = true;
      await asking;
      assert.ok(answered > 20, `${answered} answers`);
      assert.equal(refused, 0);
      // A Service follows its endpoints, not the rollout: a moment passes until the last old one is out.
      let message = '';
      for (let tries = 0; tries < 50 && message !== 'second'; tries++) {
        message = infoIn(await service('/api/info')).message;
        if (message !== 'second') await new Promise(next => setTimeout(next, 100));
      }
      assert.equal(message, 'second');
    });

    test('its log can be read', async () => {
      assert.match(await kube('logs', 'deployment/podinfo'), /Starting podinfo/);
    });
  });
}
