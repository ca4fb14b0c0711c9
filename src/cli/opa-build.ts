import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rego } from '../policy/index.ts';
import type { Invocation } from './command.ts';
import { BundleError, packBundle, signFiles, type SigningKey, verifyBundle } from './opa-bundle.ts';
import { errorText, type Flags, listOf, parseFlags, textOf, versionOf } from './opa-flags.ts';
import { bundleFiles, readSources, signedFiles } from './opa-sources.ts';

const SIGNING = {
  'signing-alg': { type: 'string' },
  'signing-key': { type: 'string' },
  'claims-file': { type: 'string' },
} as const;

function signingKey(flags: Flags, id?: string): SigningKey | undefined {
  const key = textOf(flags, 'signing-key');
  const algorithm = textOf(flags, 'signing-alg') ?? 'RS256';
  return key === undefined ? undefined : { algorithm, key, ...(id === undefined ? {} : { id }) };
}

function claimsOf(flags: Flags): object {
  const file = textOf(flags, 'claims-file');
  return file === undefined ? {} : (JSON.parse(readFileSync(file, 'utf8')) as object);
}

function verificationKey(flags: Flags): SigningKey | undefined {
  const key = textOf(flags, 'verification-key');
  return key === undefined ? undefined : { algorithm: textOf(flags, 'signing-alg') ?? 'RS256', key };
}

/** Runs a verb; what is wrong with bundles and policies goes to standard error. */
function guarded({ terminal }: Invocation, texts: ReadonlyMap<string, string>, run: () => number): number {
  try {
    return run();
  } catch (error) {
    terminal.err(
      error instanceof BundleError || (error instanceof Error && 'syscall' in error)
        ? `error: ${error.message}`
        : `error: ${errorText(error, texts)}`,
    );
    return 1;
  }
}

/** `build`: policies and data as one archive, signed when there is a key. */
export async function build(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    ...SIGNING,
    bundle: { type: 'boolean', short: 'b' },
    output: { type: 'string', short: 'o' },
    revision: { type: 'string', short: 'r' },
    target: { type: 'string', short: 't' },
    optimize: { type: 'string', short: 'O' },
    entrypoint: { type: 'string', short: 'e', multiple: true },
    'verification-key': { type: 'string' },
    'verification-key-id': { type: 'string' },
    scope: { type: 'string' },
  });
  const texts = new Map<string, string>();
  return guarded(invocation, texts, () => {
    const target = textOf(flags, 'target') ?? 'rego';
    if (target !== 'rego')
      throw new BundleError(`target "${target}" is not built here: build for rego, Tenon compiles it where it runs`);
    const level = Number(textOf(flags, 'optimize') ?? 0);
    if (level > 0)
      throw new BundleError('optimized bundles need partial evaluation, which is not there yet: leave --optimize out');
    const bundles = flags.values.bundle === true ? flags.words : [];
    const version = versionOf(flags);
    const key = verificationKey(flags);
    for (const path of key ? bundles : []) verifyBundle(signedFiles(path), key!, path, textOf(flags, 'scope'));
    const { modules, data } = readSources({
      paths: flags.values.bundle === true ? [] : flags.words,
      bundles,
      ignore: listOf(flags, 'ignore'),
      version,
    });
    for (const module of modules) texts.set(module.file, module.text);
    rego.compileRego(modules, rego.BUILTINS);
    const policies = modules.map(({ file, text }) => [file.replace(/^\.?\/+/, ''), Buffer.from(text)] as const);
    const document = ['data.json', Buffer.from(`${rego.jsonText(data)}\n`)] as const;
    const manifest = JSON.stringify({
      revision: textOf(flags, 'revision') ?? '',
      roots: [''],
      rego_version: version === 'v0' ? 0 : 1,
    });
    const tail = ['.manifest', Buffer.from(`${manifest}\n`)] as const;
    const signer = signingKey(flags, textOf(flags, 'verification-key-id') ?? 'default');
    const claims = { keyid: signer?.id, ...claimsOf(flags) };
    const signed = signer
      ? [['.signatures.json', Buffer.from(signFiles([...policies, document, tail], signer, claims))] as const]
      : [];
    writeFileSync(textOf(flags, 'output') ?? 'bundle.tar.gz', packBundle([document, ...policies, ...signed, tail]));
    return 0;
  });
}

/** `sign`: `.signatures.json` beside the files of a bundle. */
export async function sign(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, {
    ...SIGNING,
    bundle: { type: 'boolean', short: 'b' },
    'output-file-path': { type: 'string', short: 'o' },
  });
  return guarded(invocation, new Map(), () => {
    const signer = signingKey(flags);
    if (!signer) throw new BundleError('specify the secret (HMAC) or path of the PEM file containing the private key');
    if (flags.values.bundle !== true)
      throw new BundleError('enable bundle mode (ie. --bundle) to sign bundle files or directories');
    const files = flags.words.flatMap(path => {
      const { files: own, manifestText } = bundleFiles(path);
      const manifest = manifestText ? [['.manifest', manifestText] as const] : [];
      return [...manifest, ...own].map(([name, content]) => [join(path, name), content] as const);
    });
    writeFileSync(
      join(textOf(flags, 'output-file-path') ?? '.', '.signatures.json'),
      signFiles(files, signer, claimsOf(flags)),
    );
    return 0;
  });
}

/** `inspect`: what a bundle holds. */
export async function inspect(args: readonly string[], invocation: Invocation): Promise<number> {
  const flags: Flags = parseFlags(args, { annotations: { type: 'boolean', short: 'a' } });
  const { terminal } = invocation;
  const texts = new Map<string, string>();
  return guarded(invocation, texts, () => {
    const path = flags.words[0] ?? '.';
    const { manifest, files, signatures } = bundleFiles(path);
    // Files of a folder are told as they are found on disk, those of an archive by their names in it.
    const isFolder = statSync(path).isDirectory();
    const shown = (file: string): string => (isFolder ? join(path, file) : `/${file}`);
    const namespaces = new Map<string, string[]>();
    const add = (name: string, file: string): void =>
      void namespaces.set(name, [...(namespaces.get(name) ?? []), file]);
    for (const [file, content] of files) {
      if (file.endsWith('.rego')) {
        const text = content.toString('utf8');
        texts.set(file, text);
        const module = rego.parseModule(text, { file, version: manifest.rego_version === 0 ? 'v0' : versionOf(flags) });
        add(['data', ...module.package].join('.'), shown(file));
      } else if (/(?:^|\/)data\.(?:json|ya?ml)$/.test(file))
        add(['data', ...file.split('/').slice(0, -1)].join('.'), shown(file));
    }
    const sorted = [...namespaces].sort(([left], [right]) => (left < right ? -1 : 1));
    if (textOf(flags, 'format') === 'json') {
      const report = {
        manifest: { ...manifest, roots: manifest.roots ?? [''] },
        signatures_config: signatures ?? {},
        namespaces: Object.fromEntries(sorted),
      };
      terminal.out(JSON.stringify(report, undefined, 2));
      return 0;
    }
    const fields: [string, string][] = [
      ...(manifest.rego_version === undefined
        ? []
        : [['Rego Version', String(manifest.rego_version)] as [string, string]]),
      ...(manifest.revision ? [['Revision', manifest.revision] as [string, string]] : []),
      ...(manifest.roots && manifest.roots.join() !== ''
        ? [['Roots', manifest.roots.join(' ')] as [string, string]]
        : []),
    ];
    if (fields.length > 0) terminal.out(`MANIFEST:\n${box(['FIELD', 'VALUE'], fields)}`);
    const rows = sorted.flatMap(([name, found]) => found.map((file): [string, string] => [name, file]));
    terminal.out(`NAMESPACES:\n${box(['NAMESPACE', 'FILE'], rows)}`);
    return 0;
  });
}

/** A table with lines around it, titles in the middle. */
function box(titles: readonly [string, string], rows: readonly (readonly [string, string])[]): string {
  const widths = [0, 1].map(at => Math.max(titles[at]!.length, ...rows.map(row => row[at]!.length)));
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map(width => '─'.repeat(width + 2)).join(middle) + right;
  const centred = (text: string, width: number): string => {
    const before = Math.floor((width - text.length) / 2);
    return ' '.repeat(before) + text + ' '.repeat(width - text.length - before);
  };
  const line = (cells: readonly string[]): string => `│ ${cells.join(' │ ')} │`;
  return [
    rule('┌', '┬', '┐'),
    line(titles.map((title, at) => centred(title, widths[at]!))),
    rule('├', '┼', '┤'),
    ...rows.map(row => line(row.map((cell, at) => cell.padEnd(widths[at]!)))),
    rule('└', '┴', '┘'),
  ].join('\n');
}
