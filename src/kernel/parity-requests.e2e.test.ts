import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startTenon } from '../../bench/tenon.ts';
import { Http2Transport } from './remote/drivers/http2Transport.ts';
import { parseKubeconfig } from './remote/kubeconfig.ts';
import { EXPRESSION_SCENES } from './testing/parity-expressions.ts';
import { DELETE_SCENES, LIST_SCENES, STATUS_SCENES } from './testing/parity-options.ts';
import { PLACE_SCENES } from './testing/parity-places.ts';
import { ask, playScene, type Scene } from './testing/parity-requests.ts';
import { SERVICE_SCENES } from './testing/parity-services.ts';
import { STORED_SCENES } from './testing/parity-stored.ts';
import { missingPeer, startApiServer, startEtcd } from './testing/peers.ts';

const root = resolve(import.meta.dirname, '../..');
const skip = missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false;

/** Our server and a real one with the same ranges of cluster addresses. */
async function startPair(
  ranges: string,
): Promise<AsyncDisposable & { readonly pair: [Http2Transport, Http2Transport] }> {
  await using stack = new AsyncDisposableStack();
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-requests-'));
  stack.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const etcd = stack.use(await startEtcd());
  const flags = ['--allow-privileged=true', `--service-cluster-ip-range=${ranges}`];
  const peer = stack.use(await startApiServer(etcd.url, flags));
  const options = ['--layers', 'api', '--service-cidr', ranges];
  const tenon = stack.use(await startTenon(root, join(scratch, 'state'), options));
  const text = readFileSync(tenon.kubeconfig, 'utf8');
  const here = new Http2Transport(parseKubeconfig(tenon.kubeconfig, text, path => readFileSync(path, 'utf8')));
  const there = new Http2Transport(peer.target);
  stack.use(here);
  stack.use(there);
  const account = '{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}';
  for (const server of [here, there]) await ask(server, ['POST /api/v1/namespaces/default/serviceaccounts', account]);
  const kept = stack.move();
  return { pair: [here, there], [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

// Of ranges this wide the first 256 addresses are never drawn by chance: the scenes ask for those.
const SUITES: readonly (readonly [what: string, ranges: string, scenes: readonly Scene[]])[] = [
  [
    'one range',
    '10.0.0.0/16',
    [
      ...SERVICE_SCENES,
      ...LIST_SCENES,
      ...STATUS_SCENES,
      ...DELETE_SCENES,
      ...PLACE_SCENES,
      ...STORED_SCENES,
      ...EXPRESSION_SCENES,
    ],
  ],
  ['a range of each family', '10.0.0.0/16,fd00:9::/112', SERVICE_SCENES],
];

for (const [what, ranges, scenes] of SUITES)
  describe(`requests to a server with ${what} and to a real kube-apiserver`, { skip }, () => {
    let servers: Awaited<ReturnType<typeof startPair>>;
    before(async () => {
      servers = await startPair(ranges);
    });
    after(() => servers?.[Symbol.asyncDispose]());
    for (const scene of scenes)
      test(scene.name, async () => {
        assert.deepEqual(await playScene(scene, servers.pair), []);
      });
  });
