import assert from 'node:assert/strict';
import test from 'node:test';
import { examineMachine, forwarding } from './machine.ts';

test('a machine that does not forward is told so, with what to do', async () => {
  assert.equal(forwarding('1').state, 'yes');
  for (const setting of ['0', undefined]) {
    assert.equal(forwarding(setting).state, 'partly');
    assert.equal(forwarding(setting).remedy?.en, 'sysctl -w net.ipv4.ip_forward=1');
  }
  const names = (await examineMachine()).map(({ name }) => name);
  assert.ok(names.includes('forwarding'), names.join());
});
