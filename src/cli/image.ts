import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import {
  buildImage,
  type Credential,
  hostPlatform,
  importArchive,
  type NodeImages,
  openImages,
  parseDockerConfig,
  parseReference,
  pushImage,
  saveArchive,
} from '../compute/index.ts';
import { stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, type Invocation, listOption, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

type Verb = (images: NodeImages, words: readonly string[], invocation: Invocation) => Promise<unknown>;

/** The words after the verb; at least `count`. */
function need(words: readonly string[], count: number, verb: string, what: string): readonly string[] {
  if (words.length < count) throw cliFaults.error('missing-argument', { command: `image ${verb}`, what });
  return words;
}

function credentials({ options, environment }: Invocation): Credential[] {
  const file =
    stringOption(options, 'auth-file') ??
    (environment.DOCKER_CONFIG ? join(environment.DOCKER_CONFIG, 'config.json') : undefined);
  return file && existsSync(file) ? parseDockerConfig(readFileSync(file, 'utf8')) : [];
}

const plainHttp = ({ options }: Invocation): readonly string[] => listOption(options, 'plain-http');

function buildArgs(invocation: Invocation): Record<string, string> {
  const args = Object.create(null) as Record<string, string>;
  for (const text of listOption(invocation.options, 'build-arg')) {
    const equals = text.indexOf('=');
    args[equals < 0 ? text : text.slice(0, equals)] =
      equals < 0 ? (invocation.environment[text] ?? '') : text.slice(equals + 1);
  }
  return args;
}

async function build(images: NodeImages, words: readonly string[], invocation: Invocation): Promise<unknown> {
  const { options, environment, terminal, output, signal } = invocation;
  const compression = stringOption(options, 'compression') ?? 'zstd';
  if (compression !== 'zstd' && compression !== 'gzip' && compression !== 'none')
    throw cliFaults.error('unknown-target', { what: 'compression', name: compression, known: 'zstd, gzip, none' });
  const file = stringOption(options, 'file');
  const stage = stringOption(options, 'target');
  const built = await buildImage({
    images,
    folder: resolve(words[0] ?? '.'),
    names: listOption(options, 'tag'),
    args: buildArgs(invocation),
    platform: hostPlatform(),
    compression,
    epoch_s: Number(environment.SOURCE_DATE_EPOCH ?? 0) || 0,
    signal,
    ...(file ? { file: resolve(file) } : {}),
    ...(stage ? { stage } : {}),
    ...(output === 'text' ? { output: text => terminal.err(text.trimEnd()) } : {}),
  });
  return { references: built.references, digest: built.target.digest };
}

const row = (image: Awaited<ReturnType<NodeImages['list']>>[number]) => ({
  tags: image.tags,
  id: image.id,
  digest: image.digest,
  kind: image.kind,
  size_bytes: image.size_bytes,
});

const VERBS: Readonly<Record<string, Verb>> = {
  build,
  import: async (images, words, { options }) => {
    const imported = [];
    for (const path of need(words, 1, 'import', 'FILE'))
      for (const { references, target } of await importArchive(
        images.content,
        resolve(path),
        listOption(options, 'tag'),
      )) {
        const first = references[0];
        // An image for another machine is kept, to be saved or pushed; there is nothing to unpack.
        if (first !== undefined) await images.warm(first).catch(() => undefined);
        imported.push({ references, digest: target.digest });
      }
    return imported;
  },
  load: (images, words, invocation) => VERBS.import!(images, words, invocation),
  ls: async images => (await images.list()).map(row),
  rm: async (images, words) => {
    for (const name of need(words, 1, 'rm', 'IMAGE')) {
      if (!(await images.resolve(name)))
        throw cliFaults.error('unknown-target', {
          what: 'image',
          name,
          known: (await images.list()).flatMap(image => image.tags).join(', '),
        });
      await images.remove(name);
    }
    return images.collect(Date.now());
  },
  save: async (images, words, { options }) => {
    const file = stringOption(options, 'output-file');
    if (!file) throw cliFaults.error('missing-argument', { command: 'image save', what: '--output-file FILE' });
    await saveArchive(images.content, need(words, 1, 'save', 'IMAGE'), resolve(file), hostPlatform());
    return { file: resolve(file) };
  },
  pull: async (images, words, invocation) => {
    const pulled = [];
    for (const name of need(words, 1, 'pull', 'IMAGE'))
      pulled.push(row(await images.pull(name, { auth: credentials(invocation), signal: invocation.signal })));
    return pulled;
  },
  push: async (images, words, invocation) => {
    const [from = '', to = from] = need(words, 1, 'push', 'IMAGE');
    await pushImage(
      images.content,
      parseReference(from),
      parseReference(to),
      credentials(invocation),
      { plainHttp: plainHttp(invocation) },
      invocation.signal,
    );
    return { pushed: to };
  },
  tag: async (images, words) => {
    const [from = '', to = ''] = need(words, 2, 'tag', 'IMAGE NEW-NAME');
    return { name: to, digest: (await images.content.tag(from, to)).digest };
  },
  inspect: async (images, words) => {
    const found = [];
    for (const name of need(words, 1, 'inspect', 'IMAGE')) {
      const image = await images.find(name);
      if (!image)
        throw cliFaults.error('unknown-target', {
          what: 'image',
          name,
          known: (await images.list()).flatMap(known => known.tags).join(', '),
        });
      found.push({ ...image.record, manifest: image.manifest, diffIds: image.config.diffIds });
    }
    return found;
  },
};

/** One line an image, as people read it. */
function text(value: unknown): string {
  const lines = (Array.isArray(value) ? value : [value]).map((item: Record<string, unknown>) => {
    const names = ((item.tags ?? item.references) as string[] | undefined)?.join(' ');
    if (names === undefined)
      return Object.entries(item)
        .map(([key, field]) => `${key} ${String(field)}`)
        .join('  ');
    const size = typeof item.size_bytes === 'number' ? `  ${(item.size_bytes / 1e6).toFixed(1)} MB` : '';
    return `${names}  ${String(item.digest)}${size}`;
  });
  return lines.join('\n');
}

export const command: Command = {
  name: 'image',
  summary: { en: 'Build, import, list, pull and push images', zh: '构建、导入、列出、拉取和推送镜像' },
  usage: `${Object.keys(VERBS).join('|')} [ARGUMENT …] [--state DIR]`,
  words: Infinity,
  options: {
    state: {
      type: 'string',
      value: 'DIR',
      help: { en: 'State folder that holds the images', zh: '存放镜像的状态文件夹' },
    },
    tag: {
      type: 'string',
      short: 't',
      multiple: true,
      value: 'NAME',
      help: { en: 'Name of what is built or imported', zh: '构建或导入的镜像名称' },
    },
    file: {
      type: 'string',
      short: 'f',
      value: 'FILE',
      help: { en: 'Dockerfile or image.yaml (build)', zh: 'Dockerfile 或 image.yaml（build）' },
    },
    target: {
      type: 'string',
      value: 'STAGE',
      help: { en: 'Stop at this stage (build)', zh: '构建到此阶段为止（build）' },
    },
    'build-arg': {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      help: { en: 'Value of an ARG (build)', zh: 'ARG 的取值（build）' },
    },
    compression: {
      type: 'string',
      value: 'KIND',
      help: { en: 'zstd, gzip or none (build)', zh: '压缩方式：zstd、gzip 或 none（build）' },
    },
    'output-file': {
      type: 'string',
      value: 'FILE',
      help: { en: 'Archive to write (save)', zh: '要写入的归档文件（save）' },
    },
    'auth-file': {
      type: 'string',
      value: 'FILE',
      help: {
        en: 'Logins, as a docker config.json (pull, push)',
        zh: '登录信息，docker config.json 格式（pull、push）',
      },
    },
    'plain-http': {
      type: 'string',
      multiple: true,
      value: 'HOST',
      help: { en: 'Registry to reach without TLS', zh: '不使用 TLS 访问的仓库' },
    },
  },
  examples: [
    'tenon image build -t shop/cart:1 examples/shop/cart',
    'tenon image ls',
    'tenon image save shop/cart:1 --output-file cart.tar',
  ],
  async run(invocation) {
    const { positionals, options, environment, terminal, output } = invocation;
    const [verb = '', ...words] = positionals;
    const run = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (!run)
      throw cliFaults.error('unknown-target', { what: 'image', name: verb, known: Object.keys(VERBS).join(', ') });
    const folder = join(stateFolderPath(stringOption(options, 'state'), environment), 'images');
    await using open = await openImages({ folder, plainHttp: plainHttp(invocation) });
    const value = await run(open.images, words, invocation);
    if (output === 'json') terminal.out(JSON.stringify(value));
    else if (output === 'yaml') terminal.out(stringify(value).trimEnd());
    else if (!Array.isArray(value) || value.length > 0) terminal.out(text(value));
    return EXIT.yes;
  },
};
