import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../kernel/object.ts';
import { SERVICE_CIDRS } from '../refs.ts';
import { TestHost } from '../testhost.ts';

test('the range of cluster addresses is told as ServiceCIDR kubernetes, and comes back when it is deleted', async () => {
  const apiEndpoint = { address: '10.64.0.1', port: 6443, serviceAddress: '10.128.0.1', serviceCidr: '10.128.0.0/16' };
  await using host = await TestHost.start({ only: ['default-servicecidr'], cluster: { apiEndpoint } });
  const read = async (): Promise<unknown> => {
    const { spec, status } = await host.client.get<KubeObject>(SERVICE_CIDRS, { name: 'kubernetes' });
    const { conditions } = status as { conditions: { type: string; status: string }[] };
    return [spec, conditions.map(({ type, status: is }) => [type, is])];
  };
  const wanted = [{ cidrs: ['10.128.0.0/16'] }, [['Ready', 'True']]];
  await host.run(2_000);
  assert.deepEqual(await read(), wanted);
  await host.client.delete(SERVICE_CIDRS, { name: 'kubernetes' });
  await host.run(2_000);
  assert.deepEqual(await read(), wanted);
});
