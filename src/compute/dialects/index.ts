import { crun } from './crun/dialect.ts';
import { gvisor } from './gvisor/dialect.ts';
import type { OciDialect } from './oci.ts';
import { runc } from './runc/dialect.ts';
import { youki } from './youki/dialect.ts';

/** Every OCI runtime a RuntimeClass handler can name. A new one is a line here. */
export const ociDialects: readonly OciDialect[] = [runc, crun, youki, gvisor];
