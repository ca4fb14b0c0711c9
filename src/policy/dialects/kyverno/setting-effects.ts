import { isObject, type JsonObject } from '../../../kernel/index.ts';
import type { Settings } from './settings.ts';

/** Settings while they are read. */
export type Draft = { -readonly [Name in keyof Settings]: Settings[Name] };
/** What a value does; false where it is none. */
export type Effect = (draft: Draft, value: string) => void | false;

export const words = (value: string): string[] =>
  value
    .split(',')
    .map(each => each.trim())
    .filter(each => each !== '');

/** Sets a truth as Go's flag package reads it. */
export const flag =
  (name: { [Name in keyof Draft]: Draft[Name] extends boolean ? Name : never }[keyof Draft]): Effect =>
  (draft, value) => {
    if (!/^(?:1|0|t|f|T|F|true|false|True|False|TRUE|FALSE)$/.test(value)) return false;
    draft[name] = /^(?:1|t)/i.test(value);
  };

/** A label of the chart's. */
export const labelOf = (object: JsonObject, name: string): string => {
  const { labels } = object.metadata as JsonObject;
  return isObject(labels) ? String(labels[`app.kubernetes.io/${name}`] ?? '') : '';
};
