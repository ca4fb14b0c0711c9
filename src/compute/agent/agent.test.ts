import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { KubeObject, kinds } from '../../kernel/index.ts';
import { CONFIG_MAPS, EVENTS, PODS, SECRETS } from './refs.ts';
import { streamHandlers } from './stream-handlers.ts';
import { collector, NO_STREAMS } from './streams.ts';
import { isReady, TestNode, unavailable } from './testhost.ts';

const shell = (script: string, extra: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'c',
  image: 'busybox:1',
  command: ['sh', '-c', script],
  ...extra,
});

const first = (pod: kinds.Pod | undefined): kinds.ContainerStatus | undefined => pod?.status?.containerStatuses?.[0];

for (const handler of ['process', 'runc', 'crun']) {
  describe(`node agent on ${handler}`, { skip: unavailable }, () => {
    let node: TestNode;
    before(async () => {
      node = await TestNode.start([handler]);
    });
    after(async () => {
      const { folder } = node;
      const group = node.cgroups.absolute('').slice(1);
      await node[Symbol.asyncDispose]();
      assert.ok(!readFileSync('/proc/mounts', 'utf8').includes(folder), 'a mount was left');
      for (const hierarchy of ['.', ...readdirSync('/sys/fs/cgroup')])
        assert.ok(!existsSync(join('/sys/fs/cgroup', hierarchy, group)), `a cgroup was left in ${hierarchy}`);
      assert.ok(!existsSync(folder));
      assert.deepEqual(node.errors, []);
    });

    const output = async (name: string, command: string[]): Promise<string> => {
      const worker = node.agent.worker('default', name)!;
      const out = collector(65536);
      const id = worker.state.containers[0]!.current!.id;
      await worker.runtime!.exec(id, { command, tty: false }, { ...NO_STREAMS, stdout: out.sink, stderr: out.sink });
      return out.text();
    };

    it('runs a pod to Succeeded with its message, and deletes it', async () => {
      await node.pod('done', { restartPolicy: 'Never', containers: [shell('printf bye > /dev/termination-log')] });
      const pod = await node.until('done', entry => entry?.status?.phase === 'Succeeded');
      assert.equal(first(pod)?.state?.terminated?.reason, 'Completed');
      assert.equal(first(pod)?.state?.terminated?.message, 'bye');
      const conditions = new Map(
        pod.status?.conditions?.map(entry => [entry.type, `${entry.status} ${entry.reason ?? ''}`]),
      );
      assert.equal(conditions.get('Ready'), 'False PodCompleted');
      assert.equal(conditions.get('Initialized'), 'True PodCompleted');
      await node.delete('done');
    });

    it('runs the pods of its manifest folder, follows their files, and makes them again', async () => {
      const file = join(node.folder, 'node', 'manifests', 'static.yaml');
      const manifest = (script: string): string =>
        `apiVersion: v1\nkind: Pod\nmetadata: {name: static}\nspec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: 'busybox:1', command: [sh, -c, '${script}']}]}\n`;
      writeFileSync(file, manifest('sleep 1000'));
      const one = await node.until('static-n1', isReady);
      assert.equal(one.metadata.annotations?.['kubernetes.io/config.source'], 'file');
      assert.equal(one.metadata.ownerReferences?.[0]?.kind, 'Node');
      await node.client.delete(PODS, { namespace: 'default', name: 'static-n1' });
      const again = await node.until('static-n1', pod => isReady(pod) && pod?.metadata.uid !== one.metadata.uid);
      writeFileSync(file, manifest('echo changed; sleep 1000'));
      const changed = await node.until('static-n1', pod => isReady(pod) && pod?.metadata.uid !== again.metadata.uid);
      assert.match(changed.spec?.containers[0]?.command?.[2] ?? '', /changed/);
      writeFileSync(join(node.folder, 'node', 'manifests', 'bad.yaml'), 'kind: Service');
      rmSync(file);
      await node.until('static-n1', pod => pod === undefined);
      for (let tries = 0; tries < 100 && node.errors.length === 0; tries++)
        await new Promise(done => setTimeout(done, 50));
      assert.match(node.errors.splice(0).join(), /static pod .*bad.yaml: .*not a Pod with a name/);
      rmSync(join(node.folder, 'node', 'manifests', 'bad.yaml'));
    });

    it('ends the greediest pod when memory runs out, and one whose empty folder is too full', async () => {
      const nodes = { group: '', version: 'v1', resource: 'nodes' };
      const pressed = async (type: string): Promise<string | undefined> => {
        const object = await node.client.get<kinds.Node>(nodes, { name: 'n1' });
        return object.status?.conditions?.find(condition => condition.type === type)?.status;
      };
      await node.pod('modest', { containers: [shell('sleep 1000')] });
      await node.pod('greedy', {
        containers: [shell('x=$(head -c 20000000 /dev/zero | tr "\\0" x); sleep 1000 & wait')],
      });
      await node.pod('full', {
        volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
        containers: [
          shell('head -c 3000000 /dev/zero > /v/f; sleep 1000', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
        ],
      });
      for (const name of ['modest', 'greedy', 'full']) await node.until(name, isReady);
      const grown = async (): Promise<boolean> => {
        const stats = await node.agent.worker('default', 'greedy')!.runtime!.stats();
        const id = node.agent.worker('default', 'greedy')!.state.containers[0]!.current!.id;
        return (stats.find(entry => entry.id === id)?.workingSet_bytes ?? 0) > 15e6;
      };
      for (let tries = 0; tries < 600 && !(await grown()); tries++) await new Promise(done => setTimeout(done, 50));
      await node.agent.pressure!.look();
      const full = await node.until('full', entry => entry?.status?.phase === 'Failed');
      assert.equal(full.status?.reason, 'Evicted');
      assert.equal(await pressed('MemoryPressure'), 'False');
      node.left = { 'memory.available': { available: 50 * 2 ** 20, capacity: 1000 * 2 ** 20 } };
      await node.agent.pressure!.look();
      node.left = {};
      const gone = await node.until('greedy', entry => entry?.status?.phase === 'Failed');
      assert.equal(gone.status?.reason, 'Evicted');
      assert.match(
        gone.status?.message ?? '',
        /^The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi/,
      );
      for (let tries = 0; tries < 600 && (await pressed('MemoryPressure')) !== 'True'; tries++)
        await new Promise(done => setTimeout(done, 50));
      assert.equal(await pressed('MemoryPressure'), 'True');
      assert.ok(isReady(await node.until('modest', () => true)));
      for (const name of ['modest', 'greedy', 'full']) await node.delete(name);
    });

    it('filters system calls by a profile of the node, and refuses one that is not there', async () => {
      const folder = join(node.folder, 'node', 'seccomp', 'profiles');
      mkdirSync(folder, { recursive: true });
      const call = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' };
      writeFileSync(join(folder, 'own.json'), JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [call] }));
      const pod = (name: string, localhostProfile: string) =>
        node.pod(name, {
          restartPolicy: 'Never',
          securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } },
          containers: [shell('mkdir /made && exit 5; exit 0')],
        });
      const waits = (reason: string) => (entry: kinds.Pod | undefined) =>
        first(entry)?.state?.waiting?.reason === reason;
      for (const name of ['none.json', '../../../etc/passwd']) {
        await pod('refused', name);
        await node.until('refused', waits('CreateContainerConfigError'));
        await node.delete('refused');
      }
      await pod('filtered', 'profiles/own.json');
      const done = await node.until(
        'filtered',
        entry => entry?.status?.phase !== 'Pending' && first(entry)?.state?.running === undefined,
      );
      if (handler === 'process')
        assert.match(first(done)?.state?.terminated?.message ?? '', /only the default profile/);
      else assert.equal(first(done)?.state?.terminated?.exitCode, 0);
      await node.delete('filtered');
    });

    it('shows config, secrets, the downward API and shared folders, and follows changes atomically', async () => {
      const map = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'm', namespace: 'default' },
        data: { a: '1', b: 'two' },
      };
      await node.client.create(CONFIG_MAPS, map, { namespace: 'default' });
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's', namespace: 'default' },
        data: { k: Buffer.from('v').toString('base64') },
      };
      await node.client.create(SECRETS, secret as KubeObject, { namespace: 'default' });
      await node.pod(
        'vols',
        {
          volumes: [
            { name: 'm', configMap: { name: 'm' } },
            { name: 's', secret: { secretName: 's', defaultMode: 0o400 } },
            { name: 'd', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
            { name: 'e', emptyDir: {} },
            { name: 'x', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
          ],
          containers: [
            shell('sleep 1000', {
              env: [
                { name: 'A', valueFrom: { configMapKeyRef: { name: 'm', key: 'a' } } },
                { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                { name: 'BOTH', value: '$(A)-$(NAME)-$(NONE)-$$(A)' },
              ],
              envFrom: [{ secretRef: { name: 's' }, prefix: 'S_' }],
              volumeMounts: [
                { name: 'm', mountPath: '/m' },
                { name: 's', mountPath: '/s' },
                { name: 'd', mountPath: '/d' },
                { name: 'e', mountPath: '/e' },
                { name: 'e', mountPath: '/sub', subPath: 'inner/deep' },
                { name: 'x', mountPath: '/x' },
              ],
            }),
          ],
        },
        { labels: { app: 'web' } },
      );
      await node.until('vols', isReady);
      assert.equal(await output('vols', ['cat', '/m/a', '/m/b', '/s/k', '/d/labels']), '1twovapp="web"');
      assert.match(await output('vols', ['env']), /^BOTH=1-vols-\$\(NONE\)-\$\(A\)$/m);
      assert.match(await output('vols', ['env']), /^S_k=v$/m);
      await output('vols', ['touch', '/sub/file']);
      assert.match(await output('vols', ['ls', '/e/inner/deep']), /file/);
      assert.match(await output('vols', ['readlink', '/m/a']), /^\.\.data\/a/);
      assert.match(
        await output('vols', ['sh', '-c', 'dd if=/dev/zero of=/x/f bs=1M count=2 2>&1 || true']),
        /No space/,
      );
      assert.match(await output('vols', ['sh', '-c', 'echo x > /m/a']), /Read-only/);
      assert.match(await output('vols', ['cat', '/etc/hosts']), /127\.9\.\d+\.\d+\tvols/);
      await node.client.patch(
        CONFIG_MAPS,
        { namespace: 'default', name: 'm' },
        { type: 'merge', patch: { data: { a: 'new' } } },
      );
      const start = Date.now();
      while ((await output('vols', ['cat', '/m/a'])) !== 'new')
        assert.ok(Date.now() - start < 5000, 'the change never came');
      await node.delete('vols');
    });

    it('runs init containers and sidecars in order and ends them in order', async () => {
      const marks = { name: 'v', mountPath: '/v' };
      await node.pod('order', {
        restartPolicy: 'Never',
        volumes: [{ name: 'v', emptyDir: {} }],
        initContainers: [
          shell('echo one >> /v/log', { name: 'one', volumeMounts: [marks] }),
          shell('trap "exit 0" TERM; echo side >> /v/log; while true; do sleep 0.05; done', {
            name: 'side',
            restartPolicy: 'Always',
            volumeMounts: [marks],
          }),
          shell('cat /v/log; echo two >> /v/log', { name: 'two', volumeMounts: [marks] }),
        ],
        containers: [shell('echo main >> /v/log; cat /v/log > /dev/termination-log', { volumeMounts: [marks] })],
      });
      const pod = await node.until('order', entry => entry?.status?.phase === 'Succeeded');
      assert.equal(first(pod)?.state?.terminated?.message?.replaceAll('\n', ' ').trim(), 'one side two main');
      assert.ok(pod.status?.initContainerStatuses?.[1]?.state?.terminated, 'the sidecar runs on');
      await node.delete('order');
    });

    it('has the addresses of its sandbox alone, whatever was written before', async () => {
      const gate = { exec: { command: ['cat', '/open'] }, periodSeconds: 1 };
      await node.pod('moved', { containers: [shell('sleep 1000', { readinessProbe: gate })] });
      const { status } = await node.until('moved', entry => first(entry)?.state?.running !== undefined);
      const [stale] = [{ ip: '203.0.113.9' }];
      const patch = { status: { podIP: stale.ip, podIPs: [{ $patch: 'replace' }, stale] } } as never;
      const key = { namespace: 'default', name: 'moved' };
      await node.client.patch(PODS, key, { type: 'strategic', patch }, { subresource: 'status' });
      await output('moved', ['sh', '-c', ': > /open']);
      const pod = await node.until('moved', isReady);
      assert.deepEqual(pod.status?.podIPs, status?.podIPs);
      assert.equal(pod.status?.podIP, status?.podIP);
      await node.delete('moved');
    });

    it('is ready when the probe says so and restarts what is not alive', async () => {
      await node.pod('probed', {
        hostNetwork: true,
        containers: [
          shell('httpd -p 127.0.0.1:18931 -h / ; touch /alive; sleep 1000', {
            readinessProbe: { httpGet: { path: '/bin/busybox', port: 18931, host: '127.0.0.1' } },
            livenessProbe: {
              exec: { command: ['cat', '/alive'] },
              periodSeconds: 1,
              failureThreshold: 1,
              timeoutSeconds: 5,
            },
          }),
        ],
      });
      await node.until('probed', isReady);
      await output('probed', ['sh', '-c', 'busybox rm /alive']);
      const pod = await node.until('probed', entry => (first(entry)?.restartCount ?? 0) === 1);
      assert.equal(first(pod)?.lastState?.terminated?.exitCode, 137);
      const events = await node.client.list<KubeObject & { reason?: string; message?: string }>(EVENTS, {
        namespace: 'default',
      });
      const messages = events.items.map(({ reason, message }) => `${reason}: ${message}`);
      assert.ok(
        messages.includes('Killing: Container c failed liveness probe, will be restarted'),
        messages.join('\n'),
      );
      await node.delete('probed');
    });

    it('tells what cannot start and what was killed for memory', async () => {
      await node.pod('no-image', { containers: [shell('', { image: 'absent:1' })] });
      await node.until('no-image', pod => first(pod)?.state?.waiting?.reason === 'ImagePullBackOff');
      await node.pod('no-config', {
        containers: [shell('', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'gone', key: 'k' } } }] })],
      });
      const config = await node.until(
        'no-config',
        pod => first(pod)?.state?.waiting?.reason === 'CreateContainerConfigError',
      );
      assert.equal(first(config)?.state?.waiting?.message, 'secret "gone" not found');
      await node.pod('no-binary', {
        restartPolicy: 'Never',
        containers: [{ name: 'c', image: 'busybox:1', command: ['nothing'] }],
      });
      const binary = await node.until('no-binary', pod => pod?.status?.phase === 'Failed');
      assert.equal(first(binary)?.state?.terminated?.reason, 'StartError');
      assert.match(first(binary)?.state?.terminated?.message ?? '', /not found in \$PATH/);
      const limits = { memory: '16Mi' };
      await node.pod('oom', {
        restartPolicy: 'Never',
        containers: [shell('x=$(seq 100000000); echo $x', { resources: { limits } })],
      });
      const oom = await node.until('oom', pod => pod?.status?.phase === 'Failed', 30_000);
      assert.equal(first(oom)?.state?.terminated?.reason, 'OOMKilled');
      for (const name of ['no-image', 'no-config', 'no-binary', 'oom']) await node.delete(name);
    });

    it('keeps pods running while it is away, and takes them up', async () => {
      await node.pod('stays', {
        volumes: [{ name: 'x', emptyDir: { medium: 'Memory' } }],
        containers: [shell('i=0; while true; do i=$((i+1)); echo line $i; sleep 0.02; done')],
      });
      await node.pod('ends', { restartPolicy: 'Never', containers: [shell('sleep 0.5; exit 7')] });
      const before = await node.until('stays', isReady);
      await node.until('ends', isReady);
      await node.stopAgent();
      await new Promise(resolve => setTimeout(resolve, 800));
      await node.startAgent([handler]);
      const ended = await node.until('ends', pod => pod?.status?.phase === 'Failed');
      assert.equal(first(ended)?.state?.terminated?.exitCode, 7);
      const again = await node.until('stays', isReady);
      assert.equal(first(again)?.containerID, first(before)?.containerID);
      assert.equal(first(again)?.restartCount, 0);
      const worker = node.agent.worker('default', 'stays')!;
      const lines = readFileSync(worker.logPath('c', 0), 'utf8')
        .trim()
        .split('\n')
        .map(line => Number(line.split(' ').at(-1)));
      assert.deepEqual(
        lines,
        lines.map((_, index) => index + 1),
      );
      for (const name of ['stays', 'ends']) await node.delete(name);
    });

    it('gives pods with hostUsers: false accounts that no other pod has', {
      skip: handler !== 'process' || process.getuid?.() !== 0,
    }, async () => {
      const names = ['alone', 'apart', 'as-machine'];
      const command = ['sh', '-c', 'cat /proc/self/uid_map; id -u'];
      const container = { name: 'c', image: 'busybox:1', command };
      const told = await Promise.all(
        names.map(async name => {
          const users = name === 'as-machine' ? {} : { hostUsers: false };
          const pod = await node.pod(name, { restartPolicy: 'Never', containers: [container], ...users });
          await node.until(name, found => found?.status?.phase === 'Succeeded');
          const file = join(node.folder, 'node/logs', `default_${name}_${pod.metadata.uid}`, 'c/0.log');
          return readFileSync(file, 'utf8')
            .split('\n')
            .filter(Boolean)
            .map(line => line.split(' ').slice(3).join(' ').trim().split(/\s+/));
        }),
      );
      const [alone, apart, machine] = told.map(([map = [], account = []]) => ({ map, account }));
      assert.deepEqual([alone?.account, apart?.account, machine?.account], [['0'], ['0'], ['0']]);
      assert.deepEqual([alone?.map[0], alone?.map[2], apart?.map[2]], ['0', '65536', '65536']);
      assert.notEqual(alone?.map[1], apart?.map[1]);
      assert.ok([alone, apart].every(found => Number(found?.map[1]) >= 65_536));
      assert.notEqual(machine?.map[2], '65536');
      for (const name of names) await node.delete(name);
    });

    it('refuses what its runtime cannot give, and says how to get a runtime that is missing', async () => {
      const container = { name: 'c', image: 'busybox:1', command: ['true'] };
      const told = async (name: string, pod: Record<string, unknown>): Promise<string> => {
        await node.pod(name, { containers: [container], ...pod });
        for (let turn = 0; turn < 200; turn++) {
          const { items } = await node.client.list(EVENTS, { namespace: 'default' });
          const events = items as unknown as { involvedObject: { name: string }; reason: string; message: string }[];
          const event = events.find(
            ({ involvedObject, reason }) => involvedObject.name === name && reason === 'FailedCreatePodSandBox',
          );
          if (event) return event.message;
          await new Promise(resolve => setTimeout(resolve, 25));
        }
        return '';
      };
      for (const runtime of node.runtimes.values()) Object.assign(runtime, { userNamespaces: false });
      assert.match(await told('users', { hostUsers: false }), /does not support user namespaces/);
      await node.delete('users');
      const missing = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'm' }, handler: 'kata' };
      await node.client.create({ group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' }, missing);
      const absent = await told('absent', { runtimeClassName: 'm' });
      assert.match(absent, /runtime "kata" needs "qemu-system-x86_64"/);
      await node.delete('absent');
      await node.client.delete({ group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' }, { name: 'm' });
    });

    it('shows containers descriptors 0 to 2 only, whatever the working folder', async () => {
      for (const workingDir of ['/', '/proc/self/fd/3', '/proc/self/fd/7', '/proc/self/fd/8']) {
        await node.pod('fds', {
          restartPolicy: 'Never',
          containers: [shell('ls /proc/self/fd; ls -d /proc/1/cwd/etc/shadow', { workingDir })],
        });
        await node.until('fds', pod => pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed');
        const log = node.agent.worker('default', 'fds')!.logPath('c', 0);
        const seen = existsSync(log)
          ? readFileSync(log, 'utf8')
              .split('\n')
              .flatMap(line => (/ F (\d+)$/.exec(line)?.[1] ?? []) as string)
          : [];
        // The fourth is the folder ls itself reads.
        assert.ok(seen.length === 0 || seen.join(' ') === '0 1 2 3', `${workingDir}: ${seen.join(' ')}`);
        assert.ok(!existsSync(log) || !/ F .*shadow$/m.test(readFileSync(log, 'utf8')));
        await node.delete('fds');
      }
    });

    for (const tty of [false, true]) {
      it(`attaches to a shell ${tty ? 'with' : 'without'} a terminal`, async () => {
        await node.pod('shell', {
          restartPolicy: 'Never',
          containers: [{ name: 'c', image: 'busybox:1', command: ['sh'], stdin: true, stdinOnce: true, tty }],
        });
        await node.until('shell', isReady);
        const out = collector(10_000);
        const typed = (async function* () {
          yield Buffer.from('echo hi there; [ -t 0 ] && echo terminal; exit 4\n');
        })();
        const streams = { ...NO_STREAMS, stdin: typed, stdout: out.sink, stderr: out.sink };
        const exit = await streamHandlers(node.agent).attach({ namespace: 'default', pod: 'shell' }, { tty }, streams);
        assert.equal(exit.exitCode, 4);
        assert.match(out.text(), /^hi there\r?$/m);
        assert.equal(/^terminal\r?$/m.test(out.text()), tty);
        await node.delete('shell');
      });
    }

    it('leaves nothing of deleted pods', async () => {
      assert.deepEqual((await node.client.list(PODS, { namespace: 'default' })).items, []);
      // Ended pods leave the API at once; what is left of them on the node goes after.
      for (let turn = 0; turn < 200 && [...node.agent.workers()].length > 0; turn++)
        await new Promise(resolve => setTimeout(resolve, 25));
      assert.deepEqual(await node.runtimes.get(handler)!.listContainers(), []);
      assert.deepEqual(readdirSync(`${node.folder}/node/pods`), []);
      assert.deepEqual(await node.keeper.list(), []);
      assert.deepEqual(await node.network.list(), []);
    });
  });
}
