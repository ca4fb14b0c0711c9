import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningTenon, startTenon } from '../../bench/tenon.ts';
import { seededRandom } from '../base/seeded.ts';
import type { JsonObject } from './object.ts';
import { Http2Transport } from './remote/drivers/http2Transport.ts';
import { parseKubeconfig } from './remote/kubeconfig.ts';
import { type Answer, breakOne, comparable, differences } from './testing/parity.ts';
import { PARITY_DOCUMENTS, readDocument } from './testing/parity-documents.ts';
import { MORE_PARITY_DOCUMENTS } from './testing/parity-more-documents.ts';
import { type ApiServerPeer, missingPeer, type Peer, startApiServer, startEtcd } from './testing/peers.ts';

const root = resolve(import.meta.dirname, '../..');
const BROKEN = 1200;
const DOCUMENTS = [...PARITY_DOCUMENTS, ...MORE_PARITY_DOCUMENTS];
/** Of a hundred refusals at most this many may be worded otherwise; whether to refuse is never open. */
const REWORDED_MAX = 5;

describe('the same documents, here and on a real kube-apiserver', {
  skip: missingPeer('etcd') ?? missingPeer('kube-apiserver') ?? false,
}, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'tenon-parity-'));
  let etcd: Peer;
  let peer: ApiServerPeer;
  let tenon: RunningTenon;
  let [here, there]: Http2Transport[] = [];

  before(async () => {
    etcd = await startEtcd();
    peer = await startApiServer(etcd.url, ['--allow-privileged=true']);
    tenon = await startTenon(root, join(scratch, 'state'), ['--layers', 'api']);
    const text = readFileSync(tenon.kubeconfig, 'utf8');
    here = new Http2Transport(parseKubeconfig(tenon.kubeconfig, text, path => readFileSync(path, 'utf8')));
    there = new Http2Transport(peer.target);
    for (const server of [here, there])
      await post(server, '/api/v1/namespaces/default/serviceaccounts', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default' },
      });
  });
  after(async () => {
    await here?.[Symbol.asyncDispose]();
    await there?.[Symbol.asyncDispose]();
    await tenon?.[Symbol.asyncDispose]();
    await peer?.[Symbol.asyncDispose]();
    await etcd?.[Symbol.asyncDispose]();
    rmSync(scratch, { recursive: true, force: true });
  });

  async function post(to: Http2Transport, path: string, body: JsonObject): Promise<Answer> {
    const { status, text } = await to.send({
      method: 'POST',
      path,
      contentType: 'application/json',
      body: JSON.stringify(body),
    });
    return { status, json: JSON.parse(text) as JsonObject };
  }

  async function both(path: string, document: JsonObject): Promise<[Answer, Answer]> {
    const query = `${path}?dryRun=All&fieldValidation=Strict`;
    return [await post(here!, query, document), await post(there!, query, document)];
  }

  for (const [path, text] of DOCUMENTS) {
    const document = readDocument(text);
    test(`${String(document.kind)}, ${path}: the object that is made is the same`, async () => {
      const [ours, theirs] = await both(path, document);
      assert.equal(theirs.status, 201, JSON.stringify(theirs.json));
      assert.deepEqual(comparable(ours), comparable(theirs));
    });
  }

  test(`${BROKEN} broken documents are refused alike, and what passes is the same object`, async t => {
    const random = seededRandom(7);
    let [refused, reworded] = [0, 0];
    const decided: string[] = [];
    for (let i = 0; i < BROKEN; i++) {
      const [path, text] = DOCUMENTS[i % DOCUMENTS.length]!;
      const document = readDocument(text);
      const how = `${String(document.kind)}, ${breakOne(document, random)}`;
      const [ours, theirs] = await both(path, document);
      if (ours.status !== theirs.status) {
        const said = [ours, theirs].map(({ status, json }) => `${status} ${String(json.message ?? '')}`);
        decided.push(`${how}: ${said.join(' here, ')} there`);
        continue;
      }
      const found = differences(comparable(ours), comparable(theirs));
      if (theirs.status < 300) decided.push(...found.map(one => `${how}: ${one}`));
      else if (found.length > 0) {
        reworded++;
        t.diagnostic(`${how}: ${found[0]!.slice(0, 400)}`);
      }
      if (theirs.status >= 300) refused++;
    }
    assert.deepEqual(decided, []);
    assert.ok(refused > BROKEN / 4, `only ${refused} were refused`);
    assert.ok(reworded * 100 <= refused * REWORDED_MAX, `${reworded} of ${refused} refusals are worded otherwise`);
  });
});
