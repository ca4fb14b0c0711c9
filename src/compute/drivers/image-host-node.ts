import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { writeDurable } from './image-blobs.ts';
import type { ImageContent } from './image-content.ts';
import { sharedLibraries } from './image-elf.ts';
import { type LayerCompression, type LayerFile, type NewLayer, writeLayer } from './image-layer-tar.ts';

const PASSWD =
  'root:x:0:0:root:/root:/sbin/nologin\nnode:x:1000:1000:node:/home/node:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n';
const GROUP = 'root:x:0:\nnode:x:1000:\nnogroup:x:65534:\n';
const NSSWITCH = 'passwd: files\ngroup: files\nhosts: files dns\n';

/** Environment every image based on `host-node` starts from. */
export const HOST_NODE_ENVIRONMENT: readonly string[] = ['PATH=/usr/local/bin:/usr/bin:/bin', 'NODE_ENV=production'];

function folders(paths: readonly string[]): LayerFile[] {
  const all = new Set<string>();
  for (const path of paths)
    for (let folder = dirname(path); folder !== '/' && folder !== '.'; folder = dirname(folder)) all.add(folder);
  return [...all].map(folder => ({ name: `${folder.slice(1)}/`, type: 'folder', mode: 0o755 }));
}

/** The running Node and what it loads, at the same paths the machine's own linker looks at. */
function hostFiles(program: string): LayerFile[] {
  const libraries = sharedLibraries(program);
  const names = ['/usr/local/bin/node', ...libraries, '/etc/passwd', '/home/node/x', '/root/x'];
  const text = (name: string, content: string): LayerFile => ({
    name,
    type: 'file',
    mode: 0o644,
    content: Buffer.from(content),
  });
  return [
    ...folders(names),
    { name: 'tmp/', type: 'folder', mode: 0o1777 },
    { name: 'usr/local/bin/node', type: 'file', mode: 0o755, source: program },
    // Links (libc.so.6 -> libc-2.36.so) become plain files: what counts is the name the linker asks for.
    ...libraries.map(path => ({
      name: path.slice(1),
      type: 'file' as const,
      mode: 0o755,
      source: fs.realpathSync(path),
    })),
    text('etc/passwd', PASSWD),
    text('etc/group', GROUP),
    text('etc/nsswitch.conf', NSSWITCH),
  ];
}

/** The base layer `host-node`; made once for each version of the program and its libraries. */
export async function hostNodeLayer(content: ImageContent, compression: LayerCompression): Promise<NewLayer> {
  const program = fs.realpathSync(process.execPath);
  const hash = createHash('sha256').update(`2 ${compression}`);
  for (const file of [program, ...sharedLibraries(program)]) {
    const { size, mtimeMs } = fs.statSync(file);
    hash.update(`\0${file}\0${size}\0${mtimeMs}`);
  }
  const cache = join(content.root, 'cache', `host-node-${hash.digest('hex').slice(0, 24)}.json`);
  if (fs.existsSync(cache)) {
    const layer = JSON.parse(fs.readFileSync(cache, 'utf8')) as NewLayer;
    if ((await content.blobs.freshen(layer.descriptor.digest)) !== undefined) return layer;
  }
  const layer = await writeLayer(content, hostFiles(program), 0, compression);
  await writeDurable(cache, JSON.stringify(layer));
  return layer;
}
