import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { builtinCatalog, decodeDocuments, Http2Transport, type KubeObject } from '../../kernel/index.ts';
import { type ApiServerPeer, missingPeer, type Peer, startApiServer, startEtcd } from '../../kernel/testing/peers.ts';
import { exportAdmissionPolicies } from './export.ts';

const POLICY = `
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: images}
spec:
  validationFailureAction: Enforce
  rules:
    - name: no-latest
      match: {any: [{resources: {kinds: [Pod], namespaces: ["def*"]}}]}
      exclude: {any: [{resources: {selector: {matchLabels: {"free*": "?*"}}}}]}
      validate:
        message: no latest
        allowExistingViolations: false
        pattern:
          metadata: {labels: {app: "?*"}}
          spec:
            "=(hostNetwork)": false
            containers:
              - (image): "trusted/*"
                image: "!*:latest"
                "=(resources)": {"=(limits)": {"=(memory)": "<=1Gi"}}
`;

const pod = (image: string, labels: object, memory = '1Gi', spec: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', labels },
  spec: { ...spec, containers: [{ name: 'c', image, resources: { limits: { memory } } }] },
});

/** Pods and whether the policy refuses them. */
const PODS: readonly (readonly [string, object, boolean])[] = [
  ['as asked', pod('trusted/a:1', { app: 'x' }), false],
  ['latest', pod('trusted/a:latest', { app: 'x' }), true],
  ['not of that registry, so the list does not count', pod('other/a:latest', { app: 'x' }), false],
  ['no label', pod('trusted/a:1', {}), true],
  ['too much', pod('trusted/a:1', { app: 'x' }, '2Gi'), true],
  ['the network of the host', pod('trusted/a:1', { app: 'x' }, '1Gi', { hostNetwork: true }), true],
  ['left out by a label', pod('trusted/a:latest', { freed: 'yes' }), false],
];

describe('exported admission policies on a real kube-apiserver', {
  skip: missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false,
}, () => {
  let etcd: Peer;
  let peer: ApiServerPeer;
  let server: Http2Transport;
  const post = async (path: string, body: object): Promise<readonly [number, string]> => {
    const answer = await server.send({
      method: 'POST',
      path,
      contentType: 'application/json',
      body: JSON.stringify(body),
    });
    return [answer.status, (JSON.parse(answer.text) as { message?: string }).message ?? ''];
  };

  before(async () => {
    etcd = await startEtcd();
    peer = await startApiServer(etcd.url);
    server = new Http2Transport(peer.target);
    const documents = decodeDocuments(POLICY, { file: 'p.yaml' }).value.map(
      each => each.value as unknown as KubeObject,
    );
    const catalog = builtinCatalog();
    const { objects, faults } = exportAdmissionPolicies(documents, {
      kinds: () => catalog.all(),
      placeOf: () => undefined,
    });
    assert.deepEqual(faults, []);
    for (const object of objects) {
      const resource = object.kind.endsWith('Binding')
        ? 'validatingadmissionpolicybindings'
        : 'validatingadmissionpolicies';
      const [status, message] = await post(`/apis/admissionregistration.k8s.io/v1/${resource}`, object);
      assert.equal(status, 201, message);
    }
    // The API server takes policies into force by its own watch.
    const limit = performance.now() + 120_000;
    while ((await post('/api/v1/namespaces/default/pods?dryRun=All', PODS[1]![1]))[0] === 201)
      if (performance.now() > limit) throw new Error('the policy never came into force');
      else await new Promise(resolve => setTimeout(resolve, 200));
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await peer?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
  });

  for (const [name, object, refused] of PODS)
    test(`${name}: ${refused ? 'refused' : 'taken'}`, async () => {
      const [status, message] = await post('/api/v1/namespaces/default/pods?dryRun=All', object);
      assert.equal(status, refused ? 422 : 201, message);
      if (refused)
        assert.match(message, /'images-no-latest' with binding 'images-no-latest' denied request: no latest$/);
    });
});
