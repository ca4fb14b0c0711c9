import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { FaultError } from '../../base/index.ts';
import { parseReference } from '../images/reference.ts';
import { tarOf } from '../images/tar-fixture.ts';
import { importArchive } from './image-archive.ts';
import { ImageContent } from './image-content.ts';
import { putImage } from './image-fixture.ts';
import { ImagePuller } from './image-pull.ts';
import { pushImage } from './image-push.ts';
import { saveArchive } from './image-save.ts';
import { NodeImages, OWN_REGISTRY } from './image-store.ts';
import { RegistryServer } from './registry-server.ts';
import { UnpackPool } from './unpack-pool.ts';

const platform = { os: 'linux', architecture: 'amd64' };
const LAYER = tarOf([{ name: 'hello', content: 'x'.repeat(300_000) }, { name: 'etc/' }]);
const run = promisify(execFile);
const onPath = (name: string): boolean =>
  (process.env.PATH ?? '').split(':').some(folder => folder !== '' && existsSync(join(folder, name)));

let home: string;
let served: ImageContent;
let local: ImageContent;
let registry: RegistryServer;

/** Opens what the tests of one group share, and removes it after them. */
function useScene(): void {
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'registry-'));
    served = await new ImageContent(join(home, 'served')).open();
    local = await new ImageContent(join(home, 'local')).open();
    registry = await RegistryServer.start({ content: served });
    await putImage(local, 'shop/cart:1', [LAYER]);
    await pushImage(local, parseReference('shop/cart:1'), parseReference(`${registry.address}/shop/cart:1`), [], {});
  });
  after(async () => {
    await registry[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });
}

const fresh = async (name: string): Promise<ImageContent> => new ImageContent(join(home, name)).open();

const pull = (content: ImageContent, name: string, auth = [] as Parameters<ImagePuller['pull']>[2]) =>
  new ImagePuller({ platform }).pull(content, parseReference(name), auth);

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no fault',
    (error: unknown) => (error instanceof FaultError ? error.fault.code : String(error)),
  );

/** A registry with a fault: what stands between is decided by `handle`; anything else is passed on. */
async function between(
  handle: (request: http.IncomingMessage, response: http.ServerResponse) => boolean,
): Promise<{ address: string; [Symbol.asyncDispose](): Promise<void> }> {
  const server = http.createServer((request, response) => {
    if (!handle(request, response)) void registry.handle(request, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise(resolve => server.close(() => resolve()));
    },
  };
}

describe('registry push and pull', () => {
  useScene();
  it('takes a push and gives the same image back', async () => {
    const name = `${registry.address}/shop/cart:1`;
    const other = await fresh('other');
    const target = await pull(other, name);
    assert.equal(target.digest, (await local.lookup(parseReference('shop/cart:1')))?.digest);
    const byDigest = await pull(other, `${registry.address}/shop/cart@${target.digest}`);
    assert.equal(byDigest.digest, target.digest);
    assert.equal(await codeOf(pull(other, `${registry.address}/shop/none:1`)), 'compute/image-not-found');
    assert.equal(await codeOf(pull(other, '127.0.0.1:1/shop/none:1')), 'compute/registry-unreachable');
  });

  it('is where names with its address are found, without a pull', async () => {
    await using pool = new UnpackPool(1);
    const images = new NodeImages({
      content: served,
      pool,
      platform,
      privileged: false,
      overlay: false,
      ownRegistries: () => [registry.address],
    });
    const record = await images.pull(`${registry.address}/shop/cart:1`, {});
    assert.deepEqual(record.tags, [`${OWN_REGISTRY}/shop/cart:1`]);
  });
});

describe('registry pulls that go wrong', () => {
  useScene();
  it('resumes a blob where the connection broke', async () => {
    const ranges: string[] = [];
    await using proxy = await between((request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      if (request.headers.range) ranges.push(request.headers.range);
      else if (request.method === 'GET' && ranges.length === 0) {
        const write = response.write.bind(response);
        response.write = ((chunk: Buffer, ...rest: []) => {
          const done = write(chunk.subarray(0, Math.ceil(chunk.length / 2)), ...rest);
          setImmediate(() => response.destroy());
          return done;
        }) as typeof response.write;
      }
      return false;
    });
    await pull(await fresh('resumed'), `${proxy.address}/shop/cart:1`);
    assert.ok(
      ranges.some(range => /^bytes=[1-9]\d*-$/.test(range)),
      ranges.join(),
    );
  });

  it('refuses content that is not what the manifest says', async () => {
    await using proxy = await between((request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('/blobs/')) return false;
      response.end(Buffer.alloc(300));
      return true;
    });
    assert.equal(await codeOf(pull(await fresh('wrong'), `${proxy.address}/shop/cart:1`)), 'compute/image-invalid');
  });
});

describe('registry logins and mirrors', () => {
  useScene();
  it('logs in by password and by bearer token, and tells when it may not', async () => {
    await using basic = await between((request, response) => {
      if (request.headers.authorization === `Basic ${Buffer.from('me:secret').toString('base64')}`) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    });
    const login = (address: string, password: string) => [{ registry: address, username: 'me', password }];
    await pull(await fresh('basic'), `${basic.address}/shop/cart:1`, login(basic.address, 'secret'));
    assert.equal(
      await codeOf(pull(await fresh('basic2'), `${basic.address}/shop/cart:1`, login(basic.address, 'no'))),
      'compute/image-unauthorized',
    );
    assert.equal(
      await codeOf(pull(await fresh('basic3'), `${basic.address}/shop/cart:1`)),
      'compute/image-unauthorized',
    );
    const asked: string[] = [];
    await using bearer = await between((request, response) => {
      if (request.url?.startsWith('/token')) {
        asked.push(request.url);
        response.end(JSON.stringify({ token: request.headers.authorization ? 'good' : 'anonymous' }));
        return true;
      }
      if (request.headers.authorization === 'Bearer good') return false;
      response
        .writeHead(401, {
          'www-authenticate': `Bearer realm="http://${request.headers.host}/token",service="s",scope="repository:shop/cart:pull"`,
        })
        .end();
      return true;
    });
    await pull(await fresh('bearer'), `${bearer.address}/shop/cart:1`, login(bearer.address, 'secret'));
    assert.match(asked[0]!, /service=s&scope=repository%3Ashop%2Fcart%3Apull/);
  });

  it('prefers a mirror and falls back', async () => {
    const puller = new ImagePuller({
      platform,
      mirrors: new Map([['127.0.0.1:1', ['http://127.0.0.1:2', `http://${registry.address}`]]]),
    });
    const content = await fresh('mirrored');
    await puller.pull(content, parseReference('127.0.0.1:1/shop/cart:1'), []);
    assert.ok(await content.lookup(parseReference('127.0.0.1:1/shop/cart:1')));
  });
});

describe('registry and other programs', () => {
  useScene();
  describe('skopeo', { skip: !onPath('skopeo') && 'skopeo is not on PATH' }, () => {
    const skopeo = (...words: string[]) =>
      run('skopeo', ['--insecure-policy', ...words], {
        timeout: 30_000,
        env: { ...process.env, XDG_RUNTIME_DIR: home, TMPDIR: home },
      });
    it('pushes, inspects and pulls; archives go both ways', async () => {
      const archive = join(home, 'cart.tar');
      await saveArchive(local, ['shop/cart:1'], archive, platform);
      await skopeo(
        'copy',
        '--dest-tls-verify=false',
        `${process.getuid?.() === 0 ? 'oci' : 'docker'}-archive:${archive}`,
        `docker://${registry.address}/pushed/cart:2`,
      );
      const { stdout } = await skopeo('inspect', '--tls-verify=false', `docker://${registry.address}/pushed/cart:2`);
      assert.deepEqual((JSON.parse(stdout) as { RepoTags: string[] }).RepoTags, ['2']);
      const back = join(home, 'back.tar');
      await skopeo(
        'copy',
        '--src-tls-verify=false',
        `docker://${registry.address}/pushed/cart:2`,
        `docker-archive:${back}:back/cart:3`,
      );
      const layout = join(home, 'layout');
      await skopeo('copy', `docker-archive:${archive}`, `oci:${layout}:x`);
      const content = await fresh('skopeo');
      assert.deepEqual((await importArchive(content, back))[0]?.references, ['docker.io/back/cart:3']);
      assert.deepEqual((await importArchive(content, layout, ['named/cart:4']))[0]?.references, [
        'docker.io/named/cart:4',
      ]);
      const pulled = await pull(content, `${registry.address}/pushed/cart:2`);
      await using pool = new UnpackPool(1);
      const images = new NodeImages({ content, pool, platform, privileged: false, overlay: false });
      for (const name of ['back/cart:3', 'named/cart:4', `${registry.address}/pushed/cart@${pulled.digest}`]) {
        const record = (await images.resolve(name))!;
        const rootfs = await images.prepareRootfs(record.id, 'c');
        assert.ok(rootfs.kind === 'folder' && existsSync(join(rootfs.path, 'hello')));
        await images.release('c');
      }
    });
  });

  const suite = join(process.env.HOME ?? '', '.cache/tenon-peers/bin/oci-distribution-conformance');
  it('passes the OCI distribution conformance suite', {
    skip: !existsSync(suite) && 'peers/build-peers.sh ocidist was not run',
    timeout: 120_000,
  }, async () => {
    const { stdout } = await run(suite, [], {
      cwd: home,
      timeout: 110_000,
      maxBuffer: 32 * 1024 * 1024,
      env: { ...process.env, OCI_REGISTRY: registry.address, OCI_TLS: 'disabled' },
    });
    const results = [...stdout.matchAll(/: (Pass|Fail|Error|Skip|Disabled)$/gm)].map(match => match[1]);
    assert.ok(results.filter(result => result === 'Pass').length > 700, `${results.length} results`);
    assert.deepEqual(
      results.filter(result => result === 'Fail' || result === 'Error'),
      [],
    );
  });
});
