export type { CommandRequest } from './remote-command.ts';
export { serveAttach, serveExec } from './serve-command.ts';
export { type ForwardRequest, servePortForward } from './serve-port-forward.ts';
export { refuse, type Upgrade } from './websocket-channels.ts';
