import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { missingTool, type Ran, run, type TestServer, testServer, toolPath } from './testing/server.ts';

const SUITES = process.env.TENON_SUITES ?? resolve(import.meta.dirname, '../../../shared/suites');
const CHART = join(SUITES, 'core/workloads/podinfo/charts/podinfo');
const missing = missingTool('helm-1.35') ?? (existsSync(CHART) ? undefined : `the chart is not at ${CHART}`);

describe('Helm 4', { skip: missing ?? false }, () => {
  let server: TestServer;
  before(async () => {
    server = await testServer();
  });
  after(() => server[Symbol.asyncDispose]());
  const helm = (...args: string[]): Promise<Ran> =>
    run(toolPath('helm-1.35'), ['--kubeconfig', server.api.kubeconfig, ...args], '', {
      HOME: server.state,
      HELM_CACHE_HOME: join(server.state, 'helm'),
      HELM_CONFIG_HOME: join(server.state, 'helm'),
      HELM_DATA_HOME: join(server.state, 'helm'),
    });
  const replicas = async (): Promise<unknown> => {
    const ref = { group: 'apps', version: 'v1', resource: 'deployments' };
    const deployment = await server.kernel.client().get(ref, { namespace: 'default', name: 'pi-podinfo' });
    return (deployment.spec as { replicas: number }).replicas;
  };

  test('install, upgrade, roll back, uninstall', async () => {
    const steps: readonly (readonly [string[], RegExp, number | undefined])[] = [
      [['install', 'pi', CHART], /STATUS: deployed/, 1],
      [['upgrade', 'pi', CHART, '--set', 'replicaCount=3'], /REVISION: 2/, 3],
      [['rollback', 'pi', '1'], /Rollback was a success/, 1],
      [['history', 'pi'], /^3 .*deployed.*Rollback to 1/m, 1],
      [['list'], /^pi\s+default\s+3\s.*deployed/m, 1],
      [['uninstall', 'pi'], /uninstalled/, undefined],
    ];
    for (const [args, out, count] of steps) {
      const ran = await helm(...args);
      assert.match(ran.out + ran.err, out, args.join(' '));
      assert.equal(ran.code, 0);
      if (count !== undefined) assert.equal(await replicas(), count);
      else await assert.rejects(replicas());
    }
  });
});
