import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { isStatus } from '../../drivers/cri-client.ts';
import { ContainerState, NamespaceMode, PodSandboxState } from '../generated/api.ts';
import { BUSYBOX, NAMED, NUMBERED } from './images.ts';
import { type Behaviour, until } from './world.ts';

/** Ignores the signal to end. */
const DEAF = 'trap "" TERM; echo deaf; while true; do sleep 1; done';
/** Less than the grace period a pod has when nothing is said, far more than one second. */
const STOP_MS_MAX = 20_000;

const refused =
  (code: status) =>
  (error: unknown): boolean =>
    isStatus(error, code);

async function failing(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise);
}

/** Sandboxes and containers come, are told and go as the API's comments say. */
export const lifecycle: readonly Behaviour[] = [
  {
    name: 'sandbox: ready after RunPodSandbox, with an address',
    run: async world => {
      const id = await world.sandbox();
      const { status: found } = await world.client.call('PodSandboxStatus', { podSandboxId: id });
      assert.equal(found?.state, PodSandboxState.SANDBOX_READY);
      assert.match(found?.network?.ip ?? '', /^\d+\.\d+\.\d+\.\d+$/);
      assert.ok(found!.createdAt > 1e18);
    },
  },
  {
    name: 'sandbox: metadata, labels and annotations come back unaltered',
    run: async world => {
      const labels = { app: 'a', 'b.c/d': '' };
      const annotations = { 'x/y': '{"a": 1}', constructor: 'no' };
      const id = await world.sandbox({ labels, annotations });
      const { status: found } = await world.client.call('PodSandboxStatus', { podSandboxId: id });
      assert.deepEqual({ ...found!.labels }, labels);
      assert.deepEqual({ ...found!.annotations }, annotations);
      assert.deepEqual(found!.metadata, world.configOf(id).metadata);
    },
  },
  {
    name: 'sandbox: a second one of the same name is refused',
    run: async world => {
      const id = await world.sandbox();
      await failing(world.client.call('RunPodSandbox', { config: world.configOf(id), runtimeHandler: world.handler }));
    },
  },
  {
    name: 'sandbox: without metadata is refused',
    run: world => failing(world.client.call('RunPodSandbox', { config: {}, runtimeHandler: world.handler })),
  },
  {
    name: 'sandbox: a user namespace that cannot be had is refused, with mappings or without',
    run: async world => {
      const mapping = { hostId: 100_000, containerId: 0, length: 65_536 };
      for (const ids of [[], [mapping]]) {
        const usernsOptions = { mode: NamespaceMode.POD, uids: ids, gids: ids };
        const linux = { securityContext: { namespaceOptions: { usernsOptions } } };
        await assert.rejects(world.sandbox({ linux }), refused(status.INVALID_ARGUMENT));
      }
      const linux = { securityContext: { namespaceOptions: { usernsOptions: { mode: NamespaceMode.NODE } } } };
      assert.ok(await world.sandbox({ linux }));
    },
  },
  {
    name: 'sandbox: unknown handlers are refused',
    run: world =>
      failing(world.client.call('RunPodSandbox', { config: world.sandboxConfig(), runtimeHandler: 'nothing' })),
  },
  {
    name: 'sandbox: not ready after StopPodSandbox; stopping again is fine',
    run: async world => {
      const id = await world.sandbox();
      await world.client.call('StopPodSandbox', { podSandboxId: id });
      await world.client.call('StopPodSandbox', { podSandboxId: id });
      const { status: found } = await world.client.call('PodSandboxStatus', { podSandboxId: id });
      assert.equal(found?.state, PodSandboxState.SANDBOX_NOTREADY);
    },
  },
  {
    name: 'sandbox: stopping ends its containers by force',
    run: async world => {
      const [sandbox, id] = await world.running({
        command: ['sh', '-c', DEAF],
      });
      await world.said(id, 'deaf');
      await world.client.call('StopPodSandbox', { podSandboxId: sandbox });
      assert.equal((await world.status(id)).state, ContainerState.CONTAINER_EXITED);
    },
  },
  {
    name: 'sandbox: removing takes running containers with it; removing again is fine',
    run: async world => {
      const [sandbox, id] = await world.running();
      await world.client.call('StopPodSandbox', { podSandboxId: sandbox });
      await world.client.call('RemovePodSandbox', { podSandboxId: sandbox });
      await world.client.call('RemovePodSandbox', { podSandboxId: sandbox });
      await assert.rejects(world.client.call('PodSandboxStatus', { podSandboxId: sandbox }), refused(status.NOT_FOUND));
      await assert.rejects(world.client.call('ContainerStatus', { containerId: id }), refused(status.NOT_FOUND));
    },
  },
  {
    name: 'sandbox: RemovePodSandbox alone ends what runs',
    run: async world => {
      const [sandbox] = await world.running();
      await world.client.call('RemovePodSandbox', { podSandboxId: sandbox });
      const { items } = await world.client.call('ListPodSandbox', { filter: { id: sandbox } });
      assert.equal(items.length, 0);
    },
  },
  {
    name: 'sandbox: status of an unknown one is NotFound; stop and remove of one are fine',
    run: async world => {
      const podSandboxId = 'f'.repeat(64);
      await assert.rejects(world.client.call('PodSandboxStatus', { podSandboxId }), refused(status.NOT_FOUND));
      await world.client.call('StopPodSandbox', { podSandboxId });
      await world.client.call('RemovePodSandbox', { podSandboxId });
    },
  },
  {
    name: 'sandbox: lists by id, state and label',
    run: async world => {
      const [one, two] = [
        await world.sandbox({ labels: { which: 'one' } }),
        await world.sandbox({ labels: { which: 'two' } }),
      ];
      await world.client.call('StopPodSandbox', { podSandboxId: two });
      const list = async (filter: object): Promise<string[]> =>
        (await world.client.call('ListPodSandbox', { filter })).items.map(item => item.id);
      assert.deepEqual(await list({ id: one }), [one]);
      assert.deepEqual(await list({ id: one.slice(0, 20) }), [one]);
      assert.deepEqual(await list({ labelSelector: { which: 'two' } }), [two]);
      assert.ok((await list({ state: { state: 0 } })).includes(one));
      assert.ok(!(await list({ state: { state: 0 } })).includes(two));
      assert.deepEqual(await list({ id: one, labelSelector: { which: 'two' } }), []);
    },
  },
  {
    name: 'sandbox: verbose status has JSON information',
    run: async world => {
      const id = await world.sandbox();
      const { info } = await world.client.call('PodSandboxStatus', { podSandboxId: id, verbose: true });
      assert.ok(Object.values(info).length > 0);
      for (const text of Object.values(info)) JSON.parse(text);
    },
  },
  {
    name: 'container: created, running, exited, with times and code',
    run: async world => {
      const sandbox = await world.sandbox();
      // Long enough for the start to be stamped before the end.
      const id = await world.create(sandbox, 'sleep 0.3; exit 7');
      const created = await world.status(id);
      assert.equal(created.state, ContainerState.CONTAINER_CREATED);
      assert.equal(created.startedAt, 0);
      await world.client.call('StartContainer', { containerId: id });
      const ended = await world.exited(id);
      assert.equal(ended.exitCode, 7);
      assert.equal(ended.reason, 'Error');
      assert.ok(ended.createdAt > 0 && ended.startedAt >= ended.createdAt && ended.finishedAt >= ended.startedAt);
    },
  },
  {
    name: 'container: exit 0 is Completed',
    run: async world => {
      const id = await world.start(await world.sandbox(), 'true');
      const { reason, exitCode } = await world.exited(id);
      assert.deepEqual([reason, exitCode], ['Completed', 0]);
    },
  },
  {
    name: 'container: in an unknown sandbox is refused',
    run: world => failing(world.create('e'.repeat(64), 'true')),
  },
  {
    name: 'container: in a stopped sandbox is refused',
    run: async world => {
      const sandbox = await world.sandbox();
      await world.client.call('StopPodSandbox', { podSandboxId: sandbox });
      await failing(world.start(sandbox, 'true'));
    },
  },
  {
    name: 'container: of an unknown image is refused',
    run: async world => failing(world.create(await world.sandbox(), 'true', { image: { image: 'tenon.test/none:1' } })),
  },
  {
    name: 'container: a second start is refused',
    run: async world => {
      const [, id] = await world.running();
      await failing(world.client.call('StartContainer', { containerId: id }));
    },
  },
  {
    name: 'container: a command that is not there fails the start',
    run: async world => failing(world.start(await world.sandbox(), '', { command: ['/no/such/program'] })),
  },
  {
    name: 'container: stop is idempotent and waits no longer than the grace period',
    run: async world => {
      const [, id] = await world.running({ command: ['sh', '-c', DEAF] });
      await world.said(id, 'deaf');
      const start = performance.now();
      await world.client.call('StopContainer', { containerId: id, timeout: 1 });
      const took_ms = performance.now() - start;
      assert.ok(took_ms > 900 && took_ms < STOP_MS_MAX, `took ${took_ms} ms`);
      await world.client.call('StopContainer', { containerId: id, timeout: 1 });
      assert.equal((await world.status(id)).exitCode, 137);
    },
  },
  {
    name: 'container: the stop signal of the image is sent',
    run: async world => {
      const sandbox = await world.sandbox();
      const command = ['sh', '-c', 'trap "exit 33" USR1; echo ready; while true; do sleep 0.1; done'];
      const id = await world.start(sandbox, '', { image: { image: NAMED }, command });
      await world.said(id, 'ready');
      await world.client.call('StopContainer', { containerId: id, timeout: 5 });
      assert.equal((await world.status(id)).exitCode, 33);
    },
  },
  {
    name: 'container: remove ends what runs, is idempotent, and fine for unknown ones',
    run: async world => {
      const [, id] = await world.running();
      await world.client.call('RemoveContainer', { containerId: id });
      await world.client.call('RemoveContainer', { containerId: id });
      await assert.rejects(world.client.call('ContainerStatus', { containerId: id }), refused(status.NOT_FOUND));
    },
  },
  {
    name: 'container: lists by id, sandbox, state and label',
    run: async world => {
      const sandbox = await world.sandbox();
      const one = await world.start(sandbox, 'sleep 1000', { labels: { n: '1' } });
      const two = await world.create(sandbox, 'true', { labels: { n: '2' } });
      const list = async (filter: object): Promise<string[]> =>
        (await world.client.call('ListContainers', { filter })).containers.map(item => item.id).sort();
      assert.deepEqual(await list({ podSandboxId: sandbox }), [one, two].sort());
      assert.deepEqual(await list({ id: two }), [two]);
      assert.deepEqual(await list({ podSandboxId: sandbox, state: { state: 1 } }), [one]);
      assert.deepEqual(await list({ labelSelector: { n: '2' }, podSandboxId: sandbox }), [two]);
    },
  },
  {
    name: 'container: labels, annotations, image and log path come back',
    run: async world => {
      const annotations = { 'a/b': 'ü\n' };
      const id = await world.create(await world.sandbox(), 'true', { labels: { l: 'v' }, annotations });
      const found = await world.status(id);
      assert.deepEqual({ ...found.annotations }, annotations);
      assert.deepEqual({ ...found.labels }, { l: 'v' });
      assert.equal(found.image?.image, BUSYBOX);
      assert.ok(found.imageRef !== '' && found.logPath.endsWith('.log'));
    },
  },
  {
    name: 'container: a restart is a new attempt of the same name',
    run: async world => {
      const sandbox = await world.sandbox();
      const metadata = { name: 'again', attempt: 0 };
      await world.exited(await world.start(sandbox, 'exit 1', { metadata }));
      await failing(world.create(sandbox, 'true', { metadata }));
      const id = await world.start(sandbox, 'exit 2', { metadata: { ...metadata, attempt: 1 } });
      assert.equal((await world.exited(id)).metadata?.attempt, 1);
    },
  },
  {
    name: 'image: listed, told, with user; unknown ones have no image',
    run: async world => {
      const { images } = await world.client.call('ListImages', {});
      assert.ok(images.some(image => image.repoTags.includes(BUSYBOX)));
      const named = await world.client.call('ImageStatus', { image: { image: NAMED } });
      assert.equal(named.image?.username, 'alice');
      const numbered = await world.client.call('ImageStatus', { image: { image: NUMBERED } });
      assert.equal(numbered.image?.uid?.value, 1002);
      assert.equal(
        (await world.client.call('ImageStatus', { image: { image: 'tenon.test/none:1' } })).image,
        undefined,
      );
      assert.ok(named.image!.size > 0);
      const byId = await world.client.call('ImageStatus', { image: { image: named.image!.id } });
      assert.deepEqual(byId.image?.repoTags, [NAMED]);
    },
  },
  {
    name: 'image: pulling what no registry has fails; removing what is not there is fine',
    run: async world => {
      await failing(world.client.call('PullImage', { image: { image: '127.0.0.1:9/none:1' } }));
      await world.client.call('RemoveImage', { image: { image: 'tenon.test/none:1' } });
    },
  },
  {
    name: 'runtime: version, status and file system usage',
    run: async world => {
      const version = await world.client.call('Version', { version: 'v1' });
      assert.equal(version.runtimeApiVersion, 'v1');
      const { status: found } = await world.client.call('Status', {});
      for (const type of ['RuntimeReady', 'NetworkReady'])
        assert.ok(
          found?.conditions.some(condition => condition.type === type && condition.status),
          type,
        );
      // A runtime may measure its images by and by.
      const used = async (): Promise<number> => {
        const { imageFilesystems } = await world.client.call('ImageFsInfo', {});
        assert.ok(imageFilesystems[0]!.timestamp > 0);
        return imageFilesystems[0]!.usedBytes!.value;
      };
      await until(used, bytes => bytes > 0);
    },
  },
];
