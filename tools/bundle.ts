/**
 * Makes `.build/`: one file an entry (the command line, every worker and child program), all beside each other, so that
 * the launcher starts in milliseconds. Sources name their workers as `new URL('./worker.ts', import.meta.url)`, which
 * works as it stands when sources are run directly; here each becomes an entry of its own.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
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

/**
 * Writes characters outside ASCII as escapes: a program text with a single one of them takes two bytes a character in
 * memory for as long as the program runs. `String.raw` would see the difference; it must not be used with such text.
 */
export function asciiText(code: string): string {
  return code.replace(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function ascii(): Plugin {
  return {
    name: 'ascii',
    generateBundle: (_options, output) => {
      for (const file of Object.values(output)) if (file.type === 'chunk') file.code = asciiText(file.code);
    },
  };
}

/**
 * `import 'node:http'` reads every export of the module once, getters too, and those load the whole of Node's fetch:
 * 6 MiB and 25 ms of every start. This stands in for it with the plain exports.
 */
function plainHttp(): Plugin {
  const names = Object.entries(Object.getOwnPropertyDescriptors(http)).flatMap(([name, { value }]) =>
    value === undefined ? [] : [name],
  );
  return {
    name: 'plain-http',
    resolveId: (id, _importer, { kind }) => (id === 'node:http' && kind !== 'require-call' ? '\0http' : null),
    load: id =>
      id === '\0http'
        ? `const http = process.getBuiltinModule('node:http');\nexport const { ${names.join(', ')} } = http;\nexport default http;\n`
        : null,
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
    plugins: [namedFiles(root), plainHttp(), ascii()],
    // Our modules do nothing when they are loaded: what nobody uses of them is left out, and with it what it imports.
    treeshake: { moduleSideEffects: id => !id.startsWith(join(root, 'src')) },
    logLevel: 'silent',
  });
  await build.write({
    dir: fresh,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: 'chunk-[hash].mjs',
    // Names stay as they are: they are what stack traces show.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
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
