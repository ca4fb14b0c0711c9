import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { lowerHealth } from '../dialects/kubernetes/services.ts';
import type { HealthPort } from '../engine/services.ts';
import { HealthPorts } from './healthports.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}

const asked = async (port: number): Promise<readonly [number, string | null, unknown]> => {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
  return [answer.status, answer.headers.get('x-load-balancing-endpoint-weight'), await answer.json()];
};

test('a load balancer hears how many endpoints of a Service are on this node', async () => {
  const port = await freePort();
  const problems: unknown[] = [];
  await using ports = new HealthPorts(problem => void problems.push(problem), '127.0.0.1');
  const web = (localEndpoints: number): HealthPort => ({ port, namespace: 'shop', name: 'web', localEndpoints });
  const body = (localEndpoints: number): unknown => ({
    service: { namespace: 'shop', name: 'web' },
    localEndpoints,
    serviceProxyHealthy: true,
  });
  await ports.set([web(2)]);
  assert.deepEqual(await asked(port), [200, '2', body(2)]);
  await ports.set([web(0)]);
  assert.deepEqual(await asked(port), [503, '0', body(0)]);
  await ports.set([]);
  await assert.rejects(asked(port));
  assert.deepEqual(problems, []);
});

test('a port that is taken is reported, and the others are answered on', async () => {
  const taken: Server = createServer();
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
  const problems: { code?: string }[] = [];
  await using ports = new HealthPorts(problem => void problems.push(problem as { code?: string }), '127.0.0.1');
  const free = await freePort();
  const { port } = taken.address() as { port: number };
  await ports.set([port, free].map(each => ({ port: each, namespace: 'shop', name: 'web', localEndpoints: 1 })));
  assert.deepEqual(
    problems.map(({ code }) => code),
    ['EADDRINUSE'],
  );
  assert.equal((await asked(free))[0], 200);
  await new Promise(resolve => taken.close(resolve));
});

test('endpoints are counted that are ready and here, each once, of load balancers that keep the source', () => {
  const metadata = { namespace: 'shop', name: 'web' };
  const service = (spec: object): never =>
    ({
      metadata,
      spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31_000, ...spec },
    }) as never;
  const slice = (addressType: string): never =>
    ({
      metadata,
      addressType,
      ports: [{ name: 'a', port: 1 }],
      endpoints: [
        { addresses: ['10.0.0.1'], nodeName: 'n1' },
        { addresses: ['10.0.0.2'], nodeName: 'n2' },
        { addresses: ['10.0.0.3'], nodeName: 'n1', conditions: { ready: false, serving: true, terminating: true } },
      ],
    }) as never;
  const slices = [slice('IPv4'), slice('IPv4')];
  const here = { node: 'n1' };
  assert.deepEqual(lowerHealth(service({}), slices, here), [{ port: 31_000, ...metadata, localEndpoints: 1 }]);
  assert.deepEqual(lowerHealth(service({}), slices, { node: 'n3' })[0]!.localEndpoints, 0);
  assert.deepEqual(lowerHealth(service({ externalTrafficPolicy: 'Cluster' }), slices, here), []);
  assert.deepEqual(lowerHealth(service({ type: 'NodePort' }), slices, here), []);
});
