import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock, systemRandom } from '../node/ports.ts';
import {
  type Client,
  CRD_REF,
  Http2Transport,
  type KubeObject,
  remoteClient,
  type ResourceRef,
  StatusError,
} from '../../kernel/index.ts';
import {
  type ApiServerPeer,
  freePort,
  missingPeer,
  type Peer,
  startApiServer,
  startEtcd,
} from '../../kernel/testing/peers.ts';
import { type ServedPolicies, servePolicies, unregister } from './serve.ts';

const ref = (group: string, version: string, resource: string): ResourceRef => ({ group, version, resource });
const CONFIG_MAPS = ref('', 'v1', 'configmaps');
const NAMESPACES = ref('', 'v1', 'namespaces');
const TEMPLATES = ref('templates.gatekeeper.sh', 'v1', 'constrainttemplates');
const CONSTRAINTS = ref('constraints.gatekeeper.sh', 'v1beta1', 'needslabel');
const CLUSTER_POLICIES = ref('kyverno.io', 'v1', 'clusterpolicies');
const HOOKS = ref('admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations');
const MUTATING = ref('admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations');
const LEASES = ref('coordination.k8s.io', 'v1', 'leases');

const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const customKind = (group: string, version: string, kind: string, plural: string): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Cluster',
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: OPEN, status: OPEN } } },
      },
    ],
  },
});

const TEMPLATE: KubeObject = {
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'needslabel' },
  spec: {
    crd: { spec: { names: { kind: 'NeedsLabel' } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        rego: 'package needslabel\nviolation[{"msg": msg}] {\n  not input.review.object.metadata.labels.owner\n  msg := sprintf("%v has no owner", [input.review.name])\n}',
      },
    ],
  },
};
const CONSTRAINT: KubeObject = {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'NeedsLabel',
  metadata: { name: 'owners' },
  spec: { match: { kinds: [{ apiGroups: [''], kinds: ['ConfigMap'] }], namespaces: ['default'] } },
};
const ADD_LABEL: KubeObject = {
  apiVersion: 'kyverno.io/v1',
  kind: 'ClusterPolicy',
  metadata: { name: 'stamp' },
  spec: {
    rules: [
      {
        name: 'stamp',
        match: { any: [{ resources: { kinds: ['ConfigMap'] } }] },
        mutate: { patchStrategicMerge: { metadata: { labels: { 'stamped/by': 'policy' } } } },
      },
    ],
  },
};
const configMap = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
});

/** Tries until it holds; webhook configurations reach an API server by its own watch. */
async function eventually(check: () => Promise<void>): Promise<void> {
  const limit = performance.now() + 120_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > limit) throw error;
      await new Promise(resolve => setTimeout(resolve, 200));
    }
  }
}

const refused =
  (pattern: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof StatusError, String(error));
    assert.match(error.message, pattern);
    return true;
  };

describe('policies served to a real kube-apiserver', {
  skip: missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false,
}, () => {
  let etcd: Peer;
  let peer: ApiServerPeer;
  let transport: Http2Transport;
  let client: Client;
  let port: number;
  const served: ServedPolicies[] = [];
  const faults: unknown[] = [];
  const start = async (listen: number, failurePolicy: 'Fail' | 'Ignore'): Promise<ServedPolicies> => {
    const one = await servePolicies({
      client,
      clock: systemClock,
      random: systemRandom(),
      namespace: 'tenon-system',
      listen: { host: '127.0.0.1', port: listen },
      target: () => ({ url: `https://127.0.0.1:${port}` }),
      names: { dnsNames: [], addresses: ['127.0.0.1'] },
      failurePolicy,
      timeout_s: 10,
      exempt: ['kube-system', 'tenon-system'],
      report: error => faults.push(error),
    });
    served.push(one);
    return one;
  };
  const tried = (object: KubeObject): Promise<KubeObject> =>
    client.create(CONFIG_MAPS, object, { namespace: 'default', dryRun: true });

  before(async () => {
    etcd = await startEtcd();
    peer = await startApiServer(etcd.url);
    transport = new Http2Transport(peer.target);
    client = remoteClient(transport);
    port = await freePort();
    await client.create(
      CRD_REF,
      customKind('templates.gatekeeper.sh', 'v1', 'ConstraintTemplate', 'constrainttemplates'),
    );
    await client.create(CRD_REF, customKind('kyverno.io', 'v1', 'ClusterPolicy', 'clusterpolicies'));
    await start(port, 'Fail');
  });
  after(async () => {
    for (const one of served) await one[Symbol.asyncDispose]();
    await transport?.[Symbol.asyncDispose]();
    await peer?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  test('it is elected, keeps its certificate in a Secret and registers by server-side apply', async () => {
    await eventually(async () => {
      const hooks = await client.get<KubeObject & { webhooks: { name: string; clientConfig: { caBundle: string } }[] }>(
        HOOKS,
        { name: 'tenon-policy' },
      );
      assert.deepEqual(
        hooks.webhooks.map(({ name }) => name),
        ['documents.policy.tenon.dev'],
        'nothing is in force yet: only documents are checked',
      );
      const secret = await client.get<KubeObject & { data: Record<string, string> }>(ref('', 'v1', 'secrets'), {
        namespace: 'tenon-system',
        name: 'tenon-policy-webhook',
      });
      assert.equal(hooks.webhooks[0]!.clientConfig.caBundle, secret.data['ca.crt']);
      assert.equal(hooks.metadata.managedFields?.[0]?.manager, 'tenon-policy');
      const lease = await client.get<KubeObject & { spec: { holderIdentity: string } }>(LEASES, {
        namespace: 'tenon-system',
        name: 'tenon-policy',
      });
      assert.notEqual(lease.spec.holderIdentity, '');
    });
    assert.equal(served[0]!.leading, true);
  });

  test('a template brings its kind of constraint, and a constraint refuses through the API server', async () => {
    await eventually(async () => {
      await client.create(TEMPLATES, TEMPLATE).catch((error: unknown) => {
        if (!(error instanceof StatusError) || error.code !== 409) throw error;
      });
    });
    await eventually(async () => void (await client.create(CONSTRAINTS, CONSTRAINT)));
    await eventually(async () => {
      await assert.rejects(
        tried(configMap('bare')),
        refused(/^admission webhook "validate\.policy\.tenon\.dev" denied the request: \[owners\] bare has no owner$/),
      );
    });
    await tried(configMap('owned', { owner: 'me' }));
    const template = await client.get<KubeObject & { status: { created: boolean } }>(TEMPLATES, { name: 'needslabel' });
    assert.equal(template.status.created, true);
  });

  test('a mutation changes what is stored', async () => {
    await eventually(async () => {
      await client.create(CLUSTER_POLICIES, ADD_LABEL).catch((error: unknown) => {
        if (!(error instanceof StatusError) || error.code !== 409) throw error;
      });
    });
    await eventually(async () => {
      const stored = await tried(configMap('owned', { owner: 'me' }));
      assert.deepEqual(stored.metadata.labels, { owner: 'me', 'stamped/by': 'policy' });
    });
  });

  test('policy documents that could not work are refused as they are written', async () => {
    const twice = { ...ADD_LABEL, metadata: { name: 'twice' } };
    const { rules } = ADD_LABEL.spec as { rules: object[] };
    await assert.rejects(
      client.create(CLUSTER_POLICIES, { ...twice, spec: { rules: [...rules, ...rules] } }),
      refused(/duplicate rule name/),
    );
  });

  test('another replica waits for the Lease, and takes it when the first ends', async () => {
    const other = await freePort();
    const second = await start(other, 'Fail');
    assert.equal(second.leading, false);
    await served[0]!.policies.settled();
    await served.shift()![Symbol.asyncDispose]();
    // Its target still names the port of the first: what is asked fails, and Fail means refused.
    await eventually(async () => {
      await assert.rejects(
        tried(configMap('owned', { owner: 'me' })),
        refused(/failed calling webhook "mutate\.policy\.tenon\.dev"/),
      );
    });
    await eventually(async () => assert.equal(second.leading, true));
  });

  test('nothing is locked: an exempt namespace is written, and Ignore lets writes pass', async () => {
    await client.create(CONFIG_MAPS, { ...configMap('free'), metadata: { name: 'free', namespace: 'kube-system' } });
    await served.shift()![Symbol.asyncDispose]();
    const [here, elsewhere] = [await freePort(), await freePort()];
    port = elsewhere;
    await start(here, 'Ignore');
    await eventually(async () => void (await tried(configMap('bare'))));
  });

  test('unregistered, nobody is asked', async () => {
    await served.shift()![Symbol.asyncDispose]();
    await unregister(client);
    for (const hooks of [HOOKS, MUTATING])
      await assert.rejects(client.get(hooks, { name: 'tenon-policy' }), refused(/not found/));
    await client.list(NAMESPACES);
  });
});
