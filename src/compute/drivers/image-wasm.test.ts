import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readFile } from 'node:fs/promises';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { OCI_MANIFEST } from '../images/media.ts';
import { parseReference } from '../images/reference.ts';
import { hostPlatform } from './image-store.ts';
import { buildImage } from './image-build.ts';
import { type OpenImages, openImages } from './image-open.ts';

/** A component that doubles a number, lifted from a core module. */
const DOUBLE = `(component
  (core module $m (func (export "double") (param i32) (result i32) local.get 0 i32.const 2 i32.mul))
  (core instance $i (instantiate $m))
  (func (export "double") (param "n" u32) (result u32) (canon lift (core func $i "double"))))`;

/** The types of this repository have no browser globals. */
const { WebAssembly: engine } = globalThis as unknown as {
  WebAssembly: { compile(bytes: Uint8Array): Promise<object> };
};

describe('Wasm components', () => {
  let home: string;
  let open: OpenImages;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'image-wasm-'));
    open = await openImages({ folder: join(home, 'store'), offline: true });
  });
  after(async () => {
    await open[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  const build = async (name: string, binary: Uint8Array, recipe: string): Promise<string> => {
    writeFileSync(join(home, 'image.yaml'), `name: ${name}\n${recipe}`);
    writeFileSync(join(home, 'm.wasm'), binary);
    await buildImage({ images: open.images, folder: home, platform: hostPlatform() });
    return (await open.images.resolve(name))!.id;
  };

  for (const [layout, recipe] of [
    ['artifact', 'wasm: m.wasm\n'],
    ['container', 'files: [{from: m.wasm, to: /m.wasm}]\nentrypoint: [/m.wasm]\n'],
  ] as const)
    it(`are transpiled once, from the ${layout} layout, and run`, async () => {
      const id = await build(`t/${layout}:1`, await parse(DOUBLE), recipe);
      const rootfs = await open.images.prepareRootfs(id, `c-${layout}`);
      assert.ok(rootfs.kind === 'wasm' && rootfs.component && existsSync(join(rootfs.component, 'component.js')));
      const folder = rootfs.component;
      const { instantiate } = (await import(pathToFileURL(join(folder, 'component.js')).href)) as {
        instantiate(load: (name: string) => Promise<object>, imports: object): Promise<{ double(n: number): number }>;
      };
      const instance = await instantiate(async name => engine.compile(await readFile(join(folder, name))), {});
      assert.equal(instance.double(21), 42);
    });

  for (const [what, entrypoint, file] of [
    ['the file its entrypoint names, whatever its name', 'entrypoint: [/bin/app]\n', '/bin/app'],
    ['plugin.wasm where it has no entrypoint', '', '/plugin.wasm'],
  ] as const)
    it(`are, in an image annotated as the compat variant, ${what}`, async () => {
      const name = `t/compat-${file.length}:1`;
      await build(name, await parse(DOUBLE), `files: [{from: m.wasm, to: ${file}}]\n${entrypoint}`);
      assert.equal((await open.images.resolve(name))?.kind, 'oci');
      const reference = parseReference(name);
      const { content } = open.images;
      const { digest } = (await content.refs.tag(reference, '1'))!;
      const manifest = JSON.parse(readFileSync(content.blobs.path(digest), 'utf8')) as object;
      const annotated = { ...manifest, annotations: { 'module.wasm.image/variant': 'compat' } };
      const pushed = `t/annotated-${file.length}:1`;
      await content.putManifest(parseReference(pushed), Buffer.from(JSON.stringify(annotated)), OCI_MANIFEST, '1');
      const record = (await open.images.resolve(pushed))!;
      assert.equal(record.kind, 'wasm');
      const rootfs = await open.images.prepareRootfs(record.id, `c-${file.length}`);
      assert.ok(rootfs.kind === 'wasm' && rootfs.component && rootfs.module.endsWith(file));
    });

  it('in the container layout say by annotation what they are', async () => {
    const recipe = 'files: [{from: m.wasm, to: /m.wasm}]\nentrypoint: [/m.wasm]\n';
    await build('t/said:1', await parse(DOUBLE), recipe);
    const { content } = open.images;
    const { digest } = (await content.refs.tag(parseReference('t/said:1'), '1'))!;
    const { annotations } = JSON.parse(readFileSync(content.blobs.path(digest), 'utf8')) as { annotations: object };
    assert.deepEqual(annotations, { 'module.wasm.image/variant': 'compat' });
  });

  it('that are broken are refused', async () => {
    const id = await build('t/broken:1', Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 99, 5, 1]), 'wasm: m.wasm\n');
    await assert.rejects(open.images.prepareRootfs(id, 'c-broken'), /component cannot be read/);
  });
});
