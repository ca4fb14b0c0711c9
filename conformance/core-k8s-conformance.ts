import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentBackend, echoBackend, seedNode } from '../src/api/testing/backend.ts';
import { wire } from '../src/api/testing/client.ts';
import { testServer } from '../src/api/testing/server.ts';
import { tryEndpoint } from './k8s-conformance/behaviour.ts';
import { readEndpoints } from './k8s-conformance/endpoints.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

/** Paths the OpenAPI documents of the API level Tenon speaks have; undefined when they are not there. */
function levelPaths(suites: string): Set<string> | undefined {
  const folder = join(suites, 'core', 'openapi-v3', '1.35');
  if (!existsSync(folder)) return undefined;
  const paths = new Set<string>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.json'),
  )) {
    const document = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { paths?: object };
    for (const path of Object.keys(document.paths ?? {})) paths.add(path);
  }
  return paths;
}

async function* run(context: SuiteContext): AsyncGenerator<CaseResult> {
  const endpoints = readEndpoints(context.cases);
  const level = levelPaths(context.suites);
  await using server = await testServer();
  await using agent = await agentBackend(server);
  await using pod = await echoBackend();
  using client = wire(server);
  await seedNode(server, agent.port, pod.port);
  const kernel = server.kernel.client();
  await kernel.create(
    { group: '', version: 'v1', resource: 'services' },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'default' },
      spec: { ports: [{ port: 80 }] },
    },
  );
  await kernel.create(
    { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 's-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 's' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ name: '', port: pod.port }],
    },
  );
  const stage = { server, wire: client, asked: pod.asked };
  for (const endpoint of endpoints) {
    context.signal.throwIfAborted();
    const where = `${endpoint.method} ${endpoint.path}`;
    let wrong: string | undefined;
    try {
      wrong = await tryEndpoint(stage, endpoint);
    } catch (error) {
      wrong = (error as Error).message;
    }
    // Later releases have paths that this one may serve already.
    const beyond = endpoint.path.includes('/v1') && level !== undefined && !level.has(endpoint.path);
    if (wrong !== undefined && beyond) {
      const reason = 'the path is not part of Kubernetes 1.35';
      yield { case: endpoint.name, result: 'skipped', feature: 'api-level-1.36', reason };
    } else
      yield wrong === undefined
        ? { case: endpoint.name, result: 'passed' }
        : { case: endpoint.name, result: 'failed', expected: `${where} behaves`, got: wrong };
  }
}

/** The endpoints Kubernetes' conformance tests touch: each is there and does what its verb says. */
export const runner: SuiteRunner = { suite: 'core/k8s-conformance', run };
