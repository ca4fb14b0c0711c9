/** Runs inside a pod's namespaces: connects to its ports and hands the sockets to the process outside. */
import { connect } from 'node:net';

interface Order {
  readonly id: number;
  readonly port: number;
  readonly timeout_ms: number;
}

process.on('message', ({ id, port, timeout_ms }: Order) => {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.setTimeout(timeout_ms, () => socket.destroy(new Error('timed out')));
  socket.once('error', error => process.send?.({ id, error: error.message }));
  socket.once('connect', () => {
    socket.setTimeout(0);
    socket.removeAllListeners('error');
    // Not read from here: every byte is for the other side.
    socket.pause();
    process.send?.({ id }, socket);
  });
});
process.on('disconnect', () => process.exit(0));
