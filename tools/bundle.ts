/**
 * Makes `.build/`: one file an entry (the command line, every worker and child program), all beside each other, so that
 * the launcher starts in milliseconds. Sources name their workers as `new URL('./worker.ts', import.meta.url)`, which
 * works as it stands when sources are run directly; here each becomes an entry of its own.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { rolldown, type Plugin } from 'rolldown';
import { build as buildPage } from 'vite';

const NAMED_FILE = /new URL\(\s*'(\.[^']+)',\s*import\.meta\.url\s*,?\s*\)/g;

/** Flat, so that a file's neighbours are found the same way from every chunk. */
function flatName(root: string, file: string): string {
  return relative(join(root, 'src'), file).replaceAll('..', 'root').replaceAll('/', '-').replace(/\.ts$/, '.mjs');
}

function namedFiles(root: string): Plugin {
  return {
    name: 'named-files',
    transform(code, id) {
      if (!id.startsWith(join(root, 'src')) || !code.includes('import.meta.url')) return null;
      const changed = code.replace(NAMED_FILE, (text, path: string) => {
        const file = resolve(dirname(id), path);
        if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return text;
        const fileName = flatName(root, file);
        if (file.endsWith('.ts')) this.emitFile({ type: 'chunk', id: file, fileName });
        else this.emitFile({ type: 'asset', fileName, source: readFileSync(file) });
        return `new URL('./${fileName}', import.meta.url)`;
      });
      return changed === code ? null : { code: changed };
    },
  };
}

/** Builds into a fresh folder and puts it in place whole: a build that fails leaves the old one. */
export async function bundle(root: string): Promise<void> {
  const target = join(root, '.build');
  const fresh = join(root, `.build.${process.pid}`);
  mkdirSync(fresh, { recursive: true });
  const build = await rolldown({
    input: { tenon: join(root, 'src/cli/main.ts') },
    platform: 'node',
    external: [/^koffi$/, /^@bytecodealliance\//, /^rolldown/, /^playwright-core$/],
    plugins: [namedFiles(root)],
    logLevel: 'silent',
  });
  await build.write({
    dir: fresh,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunk-[hash].mjs',
    minify: false,
  });
  await build.close();
  await buildPage({
    configFile: join(root, 'console/vite.config.ts'),
    logLevel: 'error',
    build: { outDir: join(fresh, 'console') },
  });
  writeFileSync(join(fresh, 'stamp'), `${new Date().toISOString()}\n`);
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
}

if (import.meta.main) await bundle(resolve(import.meta.dirname, '..'));
