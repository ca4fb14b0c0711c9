/**
 * Stand-ins for the images Kubernetes' end-to-end tests run, made of programs this machine has: the static agnhost, Debian's
 * busybox-static, and curl, dig, bash and OpenBSD's nc (Debian curl, bind9-dnsutils, netcat-openbsd) with the libraries they load. No registry is asked.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram } from '../requirements.ts';

/** How an image is put together: files beside busybox, and what it starts. */
interface Recipe {
  readonly agnhost?: boolean;
  /** Carries a shell that runs as its owner, for specs about privileges gained by that. */
  readonly setuid?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

const page = (text: string): string => `<html><body><h1>${text}</h1></body></html>\n`;
const serve = (folder: string): string => `CMD ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "${folder}"]`;
const agnhost: Recipe = { agnhost: true, lines: ['ENTRYPOINT ["/agnhost"]', 'CMD ["pause"]'] };
const demo = (name: string): Recipe => ({
  files: { 'html/data.json': `{"image":"${name}.jpg"}\n` },
  lines: ['EXPOSE 80', serve('/html')],
});

/** By the last part of an image's repository; what is not here stays unmade, and specs that need it fail as such. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  agnhost,
  'sample-apiserver': { lines: [] },
  busybox: { lines: ['CMD ["sh"]'] },
  httpd: {
    files: { 'usr/local/apache2/htdocs/index.html': page('It works!') },
    lines: ['EXPOSE 80', serve('/usr/local/apache2/htdocs')],
  },
  nginx: {
    files: { 'usr/share/nginx/html/index.html': page('Welcome to nginx!') },
    lines: ['EXPOSE 80', serve('/usr/share/nginx/html')],
  },
  pause: { agnhost: true, lines: ['ENTRYPOINT ["/agnhost", "pause"]'] },
  nautilus: demo('nautilus'),
  kitten: demo('kitten'),
  nonroot: { lines: ['USER 1234', 'CMD ["id"]'] },
  nonewprivs: { setuid: true, lines: ['CMD ["/usr/local/bin/nnp", "-p", "-c", "echo Effective uid: $EUID"]'] },
  'jessie-dnsutils': { lines: ['CMD ["sleep", "36000"]'] },
};

const NOT_RUN: ReadonlySet<string> = new Set(['gcr.io', 'invalid.registry.k8s.io']);

function put(root: string, path: string, source: string): void {
  const to = join(root, path);
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(source, to);
  chmodSync(to, 0o755);
}

/** Copies a program and the libraries `ldd` says it loads; what this machine lacks is left to busybox. */
function putProgram(root: string, name: string, as = `usr/bin/${name}`): void {
  const program = findProgram(name);
  if (program === undefined) return;
  rmSync(join(root, as), { force: true });
  put(root, as, program);
  const { stdout } = spawnSync('ldd', [program], { encoding: 'utf8' });
  for (const [, library] of (stdout ?? '').matchAll(/(\/\S+\.so\S*)/g))
    if (existsSync(library!)) put(root, library!, library!);
}

/** What `agnhost porter` serves TLS with. */
function certify(root: string): void {
  const openssl = findProgram('openssl');
  if (openssl === undefined) return;
  const subject = ['-subj', '/CN=localhost', '-days', '365', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const files = ['-keyout', join(root, 'localhost.key'), '-out', join(root, 'localhost.crt')];
  execFileSync(openssl, ['req', '-x509', '-nodes', ...subject, ...files], { stdio: 'ignore' });
}

function layOut(root: string, recipe: Recipe, agnhostProgram: string): void {
  const busybox = findProgram('busybox');
  if (busybox === undefined) throw new Error('needs busybox-static: apt-get install busybox-static');
  put(root, 'bin/busybox', busybox);
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const applet of applets) if (applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  for (const name of ['curl', 'dig', 'bash', 'getent']) putProgram(root, name);
  // The images' own nc is OpenBSD's, whose flags busybox does not have.
  putProgram(root, 'nc.openbsd', 'usr/bin/nc');
  // busybox's shell runs its own nc whatever the PATH says, and drops variables whose names it cannot spell.
  putProgram(root, 'bash', 'bin/sh');
  const files: Record<string, string> = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    'etc/group': 'root:x:0:\nnogroup:x:65534:\n',
    'etc/nsswitch.conf': 'hosts: files dns\n',
    ...recipe.files,
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const folder of ['tmp', 'root', 'uploads']) mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  if (recipe.agnhost) put(root, 'agnhost', agnhostProgram);
  if (recipe.agnhost) symlinkSync('agnhost', join(root, 'agnhost-2'));
  if (recipe.setuid) {
    putProgram(root, 'bash', 'usr/local/bin/nnp');
    chmodSync(join(root, 'usr/local/bin/nnp'), 0o4755);
  }
  if (recipe.agnhost) certify(root);
}

export interface ImageOptions {
  readonly tenon: string;
  readonly state: string;
  readonly e2e: string;
  readonly agnhost: string;
  /** A folder to lay them out in. */
  readonly work: string;
}

/** Builds every image that `e2e.test --list-images` names and a recipe is known for; returns the names of both sorts. */
export function buildImages(options: ImageOptions): { readonly made: string[]; readonly missing: string[] } {
  const listed = execFileSync(options.e2e, ['--list-images'], { encoding: 'utf8' }).split('\n').filter(Boolean);
  const made: string[] = [];
  const missing: string[] = [];
  for (const image of listed) {
    const name = image.replace(/^.*\//, '').replace(/:.*$/, '');
    const recipe = RECIPES[name];
    if (NOT_RUN.has(image.split('/')[0]!) || !recipe || recipe.lines.length === 0) {
      missing.push(image);
      continue;
    }
    const context = join(options.work, name);
    rmSync(context, { recursive: true, force: true });
    layOut(join(context, 'root'), recipe, options.agnhost);
    writeFileSync(
      join(context, 'Dockerfile'),
      ['FROM scratch', 'COPY root/ /', 'ENV PATH=/usr/bin:/bin', ...recipe.lines, ''].join('\n'),
    );
    execFileSync(
      options.tenon,
      ['image', 'build', '--state', options.state, '--compression', 'none', '-t', image, context],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    made.push(image);
  }
  return { made, missing };
}
