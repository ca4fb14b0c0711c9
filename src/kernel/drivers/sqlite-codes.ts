/** Why a file cannot be opened, beside SQLite's own result codes (which are positive). */
export const IN_USE = -1;
export const NEWER = -2;
export const FOREIGN = -3;
