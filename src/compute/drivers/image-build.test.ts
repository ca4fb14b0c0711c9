import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { buildImage, type BuildOptions } from './image-build.ts';
import { ImageContent } from './image-content.ts';
import { hostPlatform, NodeImages } from './image-store.ts';
import { UnpackPool } from './unpack-pool.ts';

const root = process.getuid?.() === 0;

let folder: string;
let pool: UnpackPool;
let images: NodeImages;

/** Opens what the tests of one group share, and removes it after them. */
function useScene(): void {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'build-'));
    pool = new UnpackPool(1);
    const content = await new ImageContent(join(folder, 'store')).open();
    images = new NodeImages({ content, pool, platform: hostPlatform(), privileged: root, overlay: false });
  });
  after(async () => {
    await pool[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
}

const context = (name: string, files: Record<string, string>): string => {
  const home = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(home, path, '..'), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  return home;
};

const build = (home: string, options: Partial<BuildOptions> = {}) =>
  buildImage({ images, folder: home, platform: hostPlatform(), names: ['t/x:1'], ...options });

const files = async (name: string): Promise<string> => {
  const record = (await images.resolve(name))!;
  await images.release('look');
  const rootfs = await images.prepareRootfs(record.id, 'look');
  return rootfs.kind === 'folder' ? rootfs.path : '';
};

describe('image build', () => {
  useScene();
  it('gives the same digest for the same files, whatever their dates', async () => {
    const text = {
      Dockerfile: 'FROM scratch\nCOPY . /app/\nCMD ["/app/run"]\n',
      'a/one': '1',
      run: 'x',
      '.dockerignore': 'skip*\n!skip-not',
      'skip-me': 's',
      'skip-not': 'n',
    };
    const first = await build(context('same-1', text));
    const second = context('same-2', text);
    utimesSync(join(second, 'a/one'), 5, 5);
    assert.equal((await build(second)).target.digest, first.target.digest);
    const path = await files('t/x:1');
    assert.equal(readFileSync(join(path, 'app/a/one'), 'utf8'), '1');
    assert.ok(existsSync(join(path, 'app/skip-not')) && !existsSync(join(path, 'app/skip-me')));
  });

  it('follows arguments, environment, stages and configuration', async () => {
    const home = context('stages', {
      Dockerfile: [
        'ARG BASE=scratch',
        'FROM ${BASE} AS one',
        'ARG NAME=none',
        'ENV WHO=$NAME "GREETING=hello ${NAME:-x}"',
        'WORKDIR /srv',
        'COPY text.txt made.txt',
        'FROM scratch',
        'LABEL b=2 a=1',
        'COPY --from=one --chmod=600 \\',
        '  /srv/made.txt /out/',
        'FROM one',
        'USER 1000:1000',
        'EXPOSE 80 53/udp',
        'VOLUME ["/data"]',
        'STOPSIGNAL SIGINT',
        'ENTRYPOINT ["/bin/x", "$WHO"]',
        'CMD serve now',
      ].join('\n'),
      'text.txt': 'made',
    });
    await build(home, { args: { NAME: 'bo' } });
    const { config } = (await images.resolve('t/x:1'))!;
    assert.deepEqual(config.environment, ['WHO=bo', 'GREETING=hello bo']);
    assert.deepEqual(config.entrypoint, ['/bin/x', '$WHO']);
    assert.deepEqual(config.command, ['/bin/sh', '-c', 'serve now']);
    assert.deepEqual([config.user, config.workingFolder, config.stopSignal], ['1000:1000', '/srv', 'SIGINT']);
    assert.deepEqual([config.exposedPorts, config.volumes], [['53/udp', '80/tcp'], ['/data']]);
    assert.equal(readFileSync(join(await files('t/x:1'), 'srv/made.txt'), 'utf8'), 'made');
  });
});

describe('image build of what cannot be built', () => {
  useScene();
  for (const [text, why] of [
    ['COPY a b', /first instruction must be FROM/],
    ['FROM scratch\nCOPY nothing /x', /matches no file/],
    ['FROM scratch\nADD https://example.com/x /x', /only local files/],
    ['FROM scratch\nHEALTHCHECK CMD x', /not supported/],
    ['FROM scratch\nCOPY ../../etc/passwd /x', /matches no file/],
    ['FROM scratch\nRUN true', /no \/bin\/sh/],
  ] as const)
    it(`refuses ${JSON.stringify(text)}`, async () => {
      const error = await build(context('bad', { Dockerfile: text, a: '1' })).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      assert.ok(error instanceof FaultError, String(error));
      assert.match(`${JSON.stringify(error.fault.params)} ${error.message}`, why);
    });
});

describe('image build that runs', () => {
  useScene();
  it('runs a TypeScript service on host-node from image.yaml', {
    skip: !root && 'needs root to enter the image',
  }, async () => {
    const home = context('service', {
      'image.yaml':
        'name: t/service:2\nfrom: host-node\nworkdir: /app\nfiles:\n- {from: src, to: /app/src}\ncommand: [node, src/main.ts]\nexpose: [8080]\n',
      'src/main.ts': 'const answer: number = 6 * 7;\nconsole.log(answer, process.cwd());\n',
    });
    const built = await build(home, { names: [] });
    assert.deepEqual(built.references, ['docker.io/t/service:2']);
    const path = await files('t/service:2');
    const out = execFileSync('chroot', [path, '/usr/local/bin/node', '/app/src/main.ts'], {
      timeout: 20_000,
      encoding: 'utf8',
    });
    assert.match(out, /^42 /);
  });

  it('runs commands in an image that has a shell, and records what they changed', {
    skip: (!root || !existsSync('/bin/busybox')) && 'needs root and busybox',
  }, async () => {
    const home = context('run', {
      Dockerfile:
        'FROM scratch\nCOPY busybox /bin/sh\nCOPY gone /gone\nRUN echo "made by $$" > /made; unlink /gone 2>/dev/null || rm /gone\n',
      gone: 'x',
    });
    execFileSync('cp', ['/bin/busybox', join(home, 'busybox')]);
    await build(home);
    const path = await files('t/x:1');
    assert.match(readFileSync(join(path, 'made'), 'utf8'), /^made by \d+/);
    assert.ok(!existsSync(join(path, 'gone')));
  });

  it('publishes a Wasm module as an artifact', async () => {
    const home = context('wasm', { 'image.yaml': 'name: t/wasm:1\nwasm: m.wasm\n' });
    writeFileSync(join(home, 'm.wasm'), Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
    await build(home, { names: [] });
    const record = (await images.resolve('t/wasm:1'))!;
    assert.equal(record.kind, 'wasm');
    const rootfs = await images.prepareRootfs(record.id, 'wasm');
    assert.ok(rootfs.kind === 'wasm' && rootfs.world === 'command' && existsSync(rootfs.module));
  });
});
