import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from '../../drivers/image-build.ts';
import { openImages } from '../../drivers/image-open.ts';
import { saveArchive } from '../../drivers/image-save.ts';
import { hostPlatform } from '../../drivers/image-store.ts';

export const BUSYBOX = 'tenon.test/busybox:1';
/** Runs as a named user with groups in its files, with an entrypoint and a command of its own. */
export const NAMED = 'tenon.test/named:1';
/** Runs as user 1002. */
export const NUMBERED = 'tenon.test/numbered:1';
/** What other CRI runtimes hold a pod's namespaces with. */
export const PAUSE = 'tenon.test/pause:1';

const BINARY = '/bin/busybox';
const COMMANDS = `sh ls cat sleep echo id mount umount readlink hostname true false seq httpd touch printf kill head dd env nc
 mkdir chmod grep ps stat wc tail test sysctl ip wget mknod cut sort tr ulimit free umask stty ping chown unshare`;

const DOCKERFILES: Readonly<Record<string, string>> = {
  [BUSYBOX]: 'FROM scratch\nCOPY root /\nENV PATH=/bin IMAGE=yes\nCMD ["sh"]\n',
  [NAMED]:
    'FROM scratch\nCOPY root /\nENV PATH=/bin\nUSER alice\nWORKDIR /srv\nENTRYPOINT ["echo", "entry"]\nCMD ["command"]\nSTOPSIGNAL SIGUSR1\n',
  [NUMBERED]: 'FROM scratch\nCOPY root /\nENV PATH=/bin\nUSER 1002:1003\nCMD ["id"]\n',
  [PAUSE]: 'FROM scratch\nCOPY root /\nENTRYPOINT ["/bin/busybox", "sleep", "1000000000"]\n',
};

/** Why there are no test images here, if so. */
export const noImages = (): string | undefined => (existsSync(BINARY) ? undefined : 'needs busybox-static');

/** Builds the images into a store folder and writes one archive each. */
export async function makeImages(folder: string, store: string): Promise<string[]> {
  const root = join(folder, 'root');
  for (const name of ['bin', 'etc', 'srv', 'data']) mkdirSync(join(root, name), { recursive: true });
  mkdirSync(join(root, 'tmp'), { recursive: true, mode: 0o1777 });
  copyFileSync(BINARY, join(root, 'bin/busybox'));
  for (const name of COMMANDS.split(/\s+/)) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nalice:x:1001:1005:Alice:/srv:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nstaff:x:1005:\nmore:x:50001:alice\n');
  await using open = await openImages({ folder: store });
  const archives: string[] = [];
  for (const [name, text] of Object.entries(DOCKERFILES)) {
    const file = join(folder, 'Dockerfile');
    writeFileSync(file, text);
    await buildImage({
      images: open.images,
      folder,
      file,
      names: [name],
      args: {},
      platform: hostPlatform(),
      compression: 'gzip',
      epoch_s: 0,
      signal: new AbortController().signal,
    });
    await open.images.warm(name);
    archives.push(join(folder, `${name.replace(/[/:]/g, '-')}.tar`));
    await saveArchive(open.images.content, [name], archives.at(-1)!, hostPlatform());
  }
  return archives;
}
