import { addressPlan } from '../src/hosts/node/addresses.ts';
import { systemClock, systemRandom } from '../src/hosts/node/ports.ts';
import { openWaist } from '../src/hosts/waist/waist.ts';
import { serviceAddresses } from '../src/cluster/index.ts';
import {
  type Client,
  customCatalog,
  type KubeObject,
  memoryLog,
  type ResourceRef,
  StatusError,
} from '../src/kernel/index.ts';
import { documentsOfFourDialects, KINDS } from './policy-documents.ts';
import { quantile } from './runner.ts';

// Creates pods under so many policies of each dialect, in a process of its own: POLICIES PODS. Prints the p99 in ms.

const CRDS: ResourceRef = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' };
const WARM = 300;

const pod = (name: string, team: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { team, tier: 'web' } },
  spec: {
    containers: [0, 1].map(index => ({
      name: `c${index}`,
      image: `registry.example.com/team/app-${index}:1.0`,
      resources: { limits: { cpu: '100m', memory: '128Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
      securityContext: { allowPrivilegeEscalation: false },
    })),
  },
});

/** Creates, and tries again while the kind of what is created is on its way. */
async function create(client: Client, ref: ResourceRef, object: KubeObject): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await client.create(ref, object);
      return;
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404 || attempt > 200) throw error;
      await new Promise(done => setTimeout(done, 10));
    }
  }
}

/** A refused pod must be told of by one policy of each dialect, else something measured here is not in force. */
async function checkInForce(client: Client): Promise<void> {
  for (const team of ['none-admission', 'none-gatekeeper', 'none-kyverno', 'none-validating']) {
    const refused = await client.create(PODS, pod('refused', team)).then(
      () => false,
      (error: unknown) => error instanceof StatusError && error.message.includes(team),
    );
    if (!refused) throw new Error(`no policy refused a pod of team ${team}`);
  }
}

/** Milliseconds of each create of a pod through the whole admission chain into a log in memory, client and store included. */
async function createTimes(policies: number, pods: number): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const random = systemRandom();
  const plan = addressPlan('bench', undefined);
  const waist = stack.use(
    await openWaist({
      log: memoryLog(),
      clock: systemClock,
      random,
      catalog: customCatalog(),
      addresses: serviceAddresses({ random, cidrs: plan.serviceCidrs, reserved: plan.dns }),
      authorize: () => ({ allowed: false }),
      tell: line => {
        throw new Error(line);
      },
    }),
  );
  const client = waist.kernel.client();
  for (const definition of KINDS) await client.create(CRDS, definition);
  for (const { ref, object } of documentsOfFourDialects(policies)) await create(client, ref, object);
  if (policies > 0) await checkInForce(client);
  for (let i = 0; i < WARM; i++) await client.create(PODS, pod(`warm-${i}`, 'a'));
  const times: number[] = [];
  for (let i = 0; i < pods; i++) {
    const object = pod(`p-${i}`, 'a');
    const started = performance.now();
    await client.create(PODS, object);
    times.push(performance.now() - started);
  }
  return times;
}

const [policies = 0, pods = 0] = process.argv.slice(2).map(Number);
console.log(JSON.stringify({ p99_ms: quantile(await createTimes(policies, pods), 0.99) }));
