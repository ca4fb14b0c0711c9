import type { Discard, LogRecord } from '../store/log.ts';

/** Version of the file's layout, kept in `user_version`. Older files are migrated after a backup, newer ones refused. */
export const FORMAT = 1;
/** `application_id` of a Tenon store: the letters TNON. */
export const APPLICATION = 0x544e4f4e;

export type Request =
  | { readonly id: number; readonly verb: 'read' }
  | { readonly id: number; readonly verb: 'more' }
  | {
      readonly id: number;
      readonly verb: 'append';
      readonly records: readonly LogRecord[];
      readonly discards: readonly Discard[];
    }
  | { readonly id: number; readonly verb: 'backup'; readonly path: string }
  | { readonly id: number; readonly verb: 'close' };

/** What the worker answers; `refused` batches were rolled back and the log goes on, `failed` ones end it. */
export type Reply =
  | { readonly id: number; readonly outcome: 'done' }
  | { readonly id: number; readonly outcome: 'floors'; readonly floors: ReadonlyMap<string, number> }
  | { readonly id: number; readonly outcome: 'records'; readonly records: readonly LogRecord[]; readonly last: boolean }
  | { readonly id: number; readonly outcome: 'refused' | 'failed'; readonly message: string; readonly code: number };
