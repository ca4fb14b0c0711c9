import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KubeObject } from '../../../kernel/index.ts';
import { gatekeeperPolicySet } from '../../dialects/gatekeeper/set.ts';
import { asking } from '../../engine/asking.ts';
import { judge, mutateFully } from '../../engine/judge.ts';
import { ANYBODY } from '../../dialects/kyverno/access.ts';
import type { PolicyRequest } from '../../model.ts';
import type { PolicySource } from '../../ports.ts';
import { askProviders } from './providers.ts';

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not on this machine';

/** A provider that tells of each key's length, and refuses keys that begin with `bad`. */
async function provider(): Promise<
  { readonly url: string; readonly ca: string; readonly asked: string[][]; systemError: string } & AsyncDisposable
> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-provider-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const pem = readFileSync(cert, 'utf8');
  const state = { asked: [] as string[][], systemError: '' };
  const server = createServer({ key: readFileSync(key), cert: pem }, (request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => void (text += part.toString()));
    request.on('end', () => {
      const { keys } = (JSON.parse(text) as { request: { keys: string[] } }).request;
      state.asked.push(keys);
      const items = keys.map(each =>
        each.startsWith('bad')
          ? { key: each, error: 'is bad' }
          : { key: each, value: each.includes('@') ? each : `${each}@${each.length}` },
      );
      const { systemError } = state;
      response.end(
        JSON.stringify({
          apiVersion: 'externaldata.gatekeeper.sh/v1beta1',
          kind: 'ProviderResponse',
          response: { idempotent: true, items, systemError },
        }),
      );
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `https://127.0.0.1:${port}/validate`,
    ca: Buffer.from(pem).toString('base64'),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

const TEMPLATE: KubeObject = {
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'asks' },
  spec: {
    crd: { spec: { names: { kind: 'Asks' } } },
    targets: [
      {
        target: 'admission.k8s.gatekeeper.sh',
        rego: `package asks
violation[{"msg": msg}] {
  images := [img | img := input.review.object.spec.containers[_].image]
  response := external_data({"provider": "sizes", "keys": images})
  count(response.errors) > 0
  msg := sprintf("invalid: %v", [response.errors])
}
violation[{"msg": msg}] {
  images := [img | img := input.review.object.spec.containers[_].image]
  response := external_data({"provider": "sizes", "keys": images})
  response.system_error != ""
  msg := sprintf("unanswered: %v", [response.system_error])
}`,
      },
    ],
  },
};
const CONSTRAINT: KubeObject = {
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'Asks',
  metadata: { name: 'asks' },
  spec: {},
};
const mutator = (failurePolicy: string, more = {}): KubeObject => ({
  apiVersion: 'mutations.gatekeeper.sh/v1',
  kind: 'Assign',
  metadata: { name: 'pin' },
  spec: {
    applyTo: [{ groups: [''], versions: ['v1'], kinds: ['Pod'] }],
    location: 'spec.containers[name: *].image',
    parameters: { assign: { externalData: { provider: 'sizes', failurePolicy, ...more } } },
  },
});
const pod = (...images: readonly string[]): PolicyRequest => ({
  ...ANYBODY,
  operation: 'CREATE',
  version: 'v1',
  resource: 'pods',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  namespaced: true,
  namespace: 'd',
  object: {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd' },
    spec: { containers: images.map((image, i) => ({ name: `c${i}`, image })) },
  } as KubeObject,
});
const providerOf = (url: string, caBundle: string): KubeObject => ({
  apiVersion: 'externaldata.gatekeeper.sh/v1beta1',
  kind: 'Provider',
  metadata: { name: 'sizes' },
  spec: { url, caBundle, timeout: 3 },
});

function sourceOf(documents: readonly KubeObject[], now: () => number): PolicySource {
  const set = gatekeeperPolicySet();
  for (const each of documents) set.set(each);
  return {
    policies: () => set.policies(),
    world: {
      parameter: () => undefined,
      parameters: kind => (kind.kind === 'Asks' ? [CONSTRAINT] : []),
      authorize: () => ({ allowed: false }),
    },
    ask: askProviders({ clock: { now } }),
  };
}

const refusals = async (source: PolicySource, request: PolicyRequest): Promise<string[]> =>
  (await asking(source, over => judge(over, request))).found.map(({ message }) => message);
const images = async (source: PolicySource, request: PolicyRequest): Promise<string[] | string> => {
  const { object, refusal } = await asking(source, over => mutateFully(over, request));
  if (refusal) return refusal.message;
  return (object as unknown as { spec: { containers: { image: string }[] } }).spec.containers.map(({ image }) => image);
};

test('templates ask providers over TLS, once a key while the answer is fresh', { skip }, async () => {
  await using at = await provider();
  let now = 0;
  const source = sourceOf([TEMPLATE, providerOf(at.url, at.ca)], () => now);
  assert.deepEqual(await refusals(source, pod('a:1', 'b:2')), []);
  assert.deepEqual(await refusals(source, pod('a:1', 'bad:1')), ['invalid: [["bad:1", "is bad"]]']);
  assert.deepEqual(at.asked, [['a:1', 'b:2'], ['bad:1']]);
  now += 200_000;
  await refusals(source, pod('a:1'));
  assert.deepEqual(at.asked.at(-1), ['a:1'], 'answers grow old');
  at.systemError = 'down';
  assert.deepEqual(await refusals(source, pod('z:1')), ['unanswered: down']);
});

test('a provider that cannot be trusted, found or reached is told to the template', { skip }, async () => {
  await using at = await provider();
  await using other = await provider();
  const wrong = sourceOf([TEMPLATE, providerOf(at.url, other.ca)], () => 0);
  assert.match(
    (await refusals(wrong, pod('a:1'))).join(),
    /unanswered: failed to send external data request: .*certificate/,
  );
  assert.match(
    (
      await refusals(
        sourceOf([TEMPLATE], () => 0),
        pod('a'),
      )
    ).join(),
    /unanswered: .*sizes/,
  );
  const metadata = sourceOf([TEMPLATE, providerOf('https://169.254.169.254/x', at.ca)], () => 0);
  assert.match((await refusals(metadata, pod('a'))).join(), /link-local/);
  const { ask: _nobody, ...alone } = wrong;
  assert.match((await refusals(alone, pod('a'))).join(), /cannot be asked here/);
});

test('mutators take values of providers, by their failure policy', { skip }, async () => {
  await using at = await provider();
  const open = (failurePolicy: string, more = {}): PolicySource =>
    sourceOf([mutator(failurePolicy, more), providerOf(at.url, at.ca)], () => 0);
  assert.deepEqual(await images(open('Fail'), pod('a:1', 'b:22')), ['a:1@3', 'b:22@4']);
  assert.deepEqual(at.asked[0], ['a:1', 'b:22'], 'all keys are asked for at once');
  assert.match(String(await images(open('Fail'), pod('bad:1'))), /failed to retrieve external data item .* is bad/);
  assert.deepEqual(await images(open('Ignore'), pod('bad:1')), ['bad:1']);
  assert.deepEqual(await images(open('UseDefault', { default: 'none@0' }), pod('bad:1', 'a:1')), ['none@0', 'a:1@3']);
});
