import { readFileSync, statSync } from 'node:fs';
import type { Account } from '../model.ts';
import type { Layer } from './image-layers.ts';
import { findInLayers } from './image-merge.ts';

const ACCOUNT_FILE_BYTES_MAX = 4 * 1024 * 1024;

function rows(layers: readonly Layer[], path: string): string[][] {
  const file = findInLayers(layers, path);
  if (!file || statSync(file).size > ACCOUNT_FILE_BYTES_MAX) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .map(line => line.split(':'));
}

const isNumber = (text: string): boolean => /^\d{1,10}$/.test(text);

/**
 * Looks up `user[:group]` in the image's own passwd and group files. Undefined when a name is unknown there (starting such a
 * container is an error). Supplementary groups are those that list the user.
 */
export function accountIn(layers: readonly Layer[], user: string): Account | undefined {
  const [name = '', group] = (user === '' ? '0' : user).split(':');
  const passwd = rows(layers, 'etc/passwd');
  const entry = passwd.find(row => (isNumber(name) ? row[2] === name : row[0] === name));
  if (!entry && !isNumber(name)) return undefined;
  const uid = Number(entry?.[2] ?? name);
  const groups = rows(layers, 'etc/group');
  let gid = Number(entry?.[3] ?? 0);
  if (group !== undefined && group !== '') {
    const row = groups.find(line => (isNumber(group) ? line[2] === group : line[0] === group));
    if (!row && !isNumber(group)) return undefined;
    gid = Number(row?.[2] ?? group);
  }
  const login = entry?.[0];
  const supplementary = login
    ? groups.filter(row => (row[3] ?? '').split(',').includes(login)).map(row => Number(row[2]))
    : [];
  const others = [...new Set(supplementary)].filter(id => Number.isSafeInteger(id) && id !== gid);
  return { uid, gid, groups: others, home: entry?.[5] || '/' };
}
