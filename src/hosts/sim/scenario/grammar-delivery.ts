/** The words of repositories: what they hold, what is committed to them, what is delivered from them. */
import { FaultError } from '../../../base/index.ts';
import { isGitUrl, parseGitUrl } from '../../../delivery/index.ts';
import type { Json } from '../../../kernel/index.ts';
import type { CommitModel, RepositoryModel } from './model.ts';
import {
  type Bad,
  either,
  into,
  isObject,
  list,
  mapOf,
  may,
  need,
  object,
  or,
  type Shape,
  some,
  text,
  wrong,
} from './shape.ts';
import { durations, fixedAt, name } from './values.ts';

const FILES_MAX = 10_000;
const GIT_PATH = /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\0\\]+$/;
const MAIN = 'main';
/** What a shallow fetch of a small repository takes. */
const FETCH_MS = 1_000;

const url = text(
  {
    en: 'the URL of a repository, such as https://git.example.test/shop.git',
    zh: '仓库地址,如 https://git.example.test/shop.git',
  },
  /^(https?|ssh|git):\/\/[^/?]+\/(?!.*\/\/)[^?]+$/,
);

/** A file's text, or objects that are written into it. */
const content: Shape<string> = {
  says: { en: 'a text, an object or a list of objects', zh: '文本、对象或对象列表' },
  takes: () => true,
  read(value, path, reader) {
    if (typeof value === 'string') return value;
    const objects: readonly Json[] = Array.isArray(value) ? value : [value];
    if (!objects.every(isObject)) return wrong(value, path, reader, this.says);
    return objects.map(each => `${JSON.stringify(each, null, 2)}\n`).join('---\n');
  },
  schema: { anyOf: [{ type: 'string' }, { type: 'object' }, { type: 'array', items: { type: 'object' } }] },
};

const written: Shape<ReadonlyMap<string, string>> = into(
  mapOf(content, { en: 'a map from paths to contents', zh: '路径到内容的映射' }, FILES_MAX),
  (files, path, reader): ReadonlyMap<string, string> | Bad => {
    const bad = Object.keys(files).find(file => !GIT_PATH.test(file));
    if (bad === undefined) return new Map(Object.entries(files));
    return wrong(bad, [...path, bad], reader, { en: 'a path inside of the repository', zh: '仓库内的路径' });
  },
);

const folder: Shape<ReadonlyMap<string, string>> = into(
  text({ en: 'a folder beside this file', zh: '本文件旁的文件夹' }),
  (place, path, reader): ReadonlyMap<string, string> | Bad => {
    try {
      return reader.files.texts(place, reader.at(path));
    } catch (error) {
      if (error instanceof FaultError) return reader.fault(error.fault);
      throw error;
    }
  },
);

const files = either(
  { en: 'a folder, or a map from paths to contents', zh: '文件夹,或路径到内容的映射' },
  folder,
  written,
);

export const repositories: Shape<readonly RepositoryModel[]> = list(
  into(
    object('a repository', {
      url: need(url, 'its URL'),
      files: or(files, new Map<string, string>(), 'the first revision: a folder, or a map from paths to contents'),
      branch: or(name, MAIN, 'the branch of the first revision, which HEAD names'),
      fetch: or(durations, fixedAt(FETCH_MS), 'how long a fetch takes'),
    }),
    (read, path, reader): RepositoryModel => ({ ...read, where: reader.at(path) }),
  ),
  { en: 'a list of repositories', zh: '仓库列表' },
  100,
);

/** Where `tenon up` would deliver from. */
const source: Shape<string> = into(
  text({
    en: 'what tenon up takes, such as https://git.example.test/shop.git//apps?ref=main',
    zh: 'tenon up 接受的地址,如 https://git.example.test/shop.git//apps?ref=main',
  }),
  (target, path, reader): string | Bad =>
    isGitUrl(target) ? target : wrong(target, path, reader, { en: 'a git URL', zh: 'git 地址' }),
);
export const deliver: Shape<readonly string[]> = some(source, { en: 'a list of sources', zh: '来源列表' });

export const commit: Shape<CommitModel> = into(
  object('commit', {
    to: need(url, 'the URL of a repository of this world'),
    branch: may(name, 'the branch; what HEAD names where absent'),
    files: or(
      files,
      new Map<string, string>(),
      'files that are new or other: a folder, or a map from paths to contents',
    ),
    remove: or(
      list(text({ en: 'a path', zh: '路径' }, GIT_PATH), { en: 'a list of paths', zh: '路径列表' }, FILES_MAX),
      [],
      'files and folders that are gone',
    ),
  }),
  (read, path, reader): CommitModel | Bad =>
    read.files.size + read.remove.length > 0
      ? { ...read, where: reader.at(path) }
      : wrong(null, path, reader, { en: 'a commit with files or remove', zh: '带 files 或 remove 的提交' }),
);

/** Sources and commits name repositories of the world. */
export function checkRepositories(
  world: { readonly repositories: readonly RepositoryModel[]; readonly deliver: readonly string[] },
  commits: readonly CommitModel[],
  missing: (url: string, known: readonly string[], where: CommitModel['where'] | undefined) => void,
): void {
  const known = world.repositories.map(each => each.url);
  for (const each of world.deliver) {
    const place = parseGitUrl(each);
    if (!known.includes(place.url)) missing(place.url, known, undefined);
  }
  for (const { to, where } of commits) if (!known.includes(to)) missing(to, known, where);
}
