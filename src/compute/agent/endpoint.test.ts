import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testPki } from './testpki.ts';
import { isReady, TestNode, unavailable } from './testhost.ts';

describe('agent endpoint', { skip: unavailable }, () => {
  let node: TestNode;
  let pki: ReturnType<typeof testPki>;
  let port = 0;
  before(async () => {
    pki = testPki();
    node = await TestNode.start(['process'], {
      host: '127.0.0.1',
      port: 0,
      key: pki.server.key,
      cert: pki.server.cert,
      clientCa: pki.ca,
    });
    const found = await node.client.get<
      { status?: { daemonEndpoints?: { kubeletEndpoint?: { Port?: number } } } } & never
    >({ group: '', version: 'v1', resource: 'nodes' }, { name: 'n1' });
    port =
      (found as { status?: { daemonEndpoints?: { kubeletEndpoint?: { Port?: number } } } }).status?.daemonEndpoints
        ?.kubeletEndpoint?.Port ?? 0;
  });
  after(() => node[Symbol.asyncDispose]());

  const get = (path: string, who?: { key: string; cert: string }): Promise<{ code: number; body: string }> =>
    new Promise((resolve, reject) => {
      const call = request(
        { host: '127.0.0.1', port, path, ca: pki.ca, agent: false, ...who, checkServerIdentity: () => undefined },
        response => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        },
      );
      call.on('error', reject);
      call.end();
    });

  it('answers only the holders of an allowed certificate', async () => {
    assert.equal((await get('/pods')).code, 401);
    assert.equal((await get('/pods', pki.stranger)).code, 403);
    assert.equal((await get('/pods', pki.master)).code, 200);
    assert.equal((await get('/healthz')).code, 200);
    assert.equal((await get('/nothing', pki.master)).code, 404);
  });

  it('serves logs with every option, follows to the end, and shows the previous run', async () => {
    const script = 'for i in 1 2 3 4; do echo line $i; done; echo wrong >&2; sleep 0.6; printf last; exit 1';
    await node.pod('logs', {
      restartPolicy: 'OnFailure',
      containers: [{ name: 'c', image: 'busybox:1', command: ['sh', '-c', script] }],
    });
    await node.until('logs', isReady);
    const followed = get('/containerLogs/default/logs/c?follow=true', pki.master);
    const first = await followed;
    assert.equal(first.body.split('\n').filter(line => line.startsWith('line')).length, 4);
    assert.match(first.body, /last/);
    await node.until('logs', pod => (pod?.status?.containerStatuses?.[0]?.restartCount ?? 0) >= 1);
    const before = await get('/containerLogs/default/logs/c?previous=true&tailLines=1', pki.master);
    assert.equal(before.body.trim(), 'last');
    assert.equal((await get('/containerLogs/default/logs/c?previous=true&limitBytes=6', pki.master)).body, 'line 1');
    assert.match(
      (await get('/containerLogs/default/logs/c?previous=true&timestamps=true&stream=Stderr', pki.master)).body,
      /^\d{4}-\d\d-\d\dT[\d:.]+Z wrong\n$/,
    );
    assert.equal((await get('/containerLogs/default/logs/none', pki.master)).code, 400);
    assert.equal((await get('/containerLogs/default/absent/c', pki.master)).code, 404);
  });

  it('tells what pods use', async () => {
    await node.pod('busy', { containers: [{ name: 'c', image: 'busybox:1', command: ['sleep', '1000'] }] });
    await node.until('busy', isReady);
    // The counters of a group that is new are flushed by and by.
    const workingSet_bytes = async (): Promise<number> => {
      const { pods } = JSON.parse((await get('/stats/summary', pki.master)).body) as {
        pods: { podRef: { name: string }; containers: { memory: { workingSetBytes: number } }[] }[];
      };
      return pods.find(({ podRef }) => podRef.name === 'busy')?.containers[0]?.memory.workingSetBytes ?? 0;
    };
    for (let turn = 0; turn < 600 && (await workingSet_bytes()) === 0; turn++) await pause(50);
    assert.ok((await workingSet_bytes()) > 0);
    assert.match(
      (await get('/metrics/cadvisor', pki.master)).body,
      /^container_memory_working_set_bytes\{.*pod="busy"\} \d+/m,
    );
    const resource = (await get('/metrics/resource', pki.master)).body;
    assert.match(
      resource,
      /^container_memory_working_set_bytes\{container="c",namespace="default",pod="busy"\} [1-9]\d*$/m,
    );
    assert.match(resource, /^pod_cpu_usage_seconds_total\{namespace="default",pod="busy"\} \d/m);
    assert.match(resource, /^node_memory_working_set_bytes [1-9]\d*$/m);
    const own = (await get('/metrics', pki.master)).body;
    assert.match(own, /^kubelet_node_name\{node="n1"\} 1$/m);
    assert.match(own, /^kubelet_running_pods [1-9]\d*$/m);
    const { kubeletconfig } = JSON.parse((await get('/configz', pki.master)).body) as {
      kubeletconfig: { evictionHard: object; staticPodPath: string };
    };
    assert.deepEqual(kubeletconfig.evictionHard, { 'memory.available': '100Mi' });
    assert.equal((await get('/metrics/resource')).code, 401);
  });
});
