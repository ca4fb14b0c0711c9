import { agentBackend, echoBackend, seedNode } from '../src/api/testing/backend.ts';
import { wire } from '../src/api/testing/client.ts';
import { testServer } from '../src/api/testing/server.ts';
import { parseTarget } from '../src/api/request/target.ts';
import { replay } from './kubectl-wire/replay.ts';
import { readRequests, type Recorded } from './kubectl-wire/requests.ts';
import type { CaseResult, SuiteContext, SuiteRunner } from './runner.ts';

/** The pod and node names requests stream from: the stage gives them a running pod and an agent. */
function podNames(requests: readonly Recorded[]): string[] {
  const names = new Set<string>();
  for (const { url } of requests) {
    const target = parseTarget(url);
    if (target.resource === 'pods' && target.name !== '') names.add(target.name);
  }
  return [...names].sort();
}

async function* run(context: SuiteContext): AsyncGenerator<CaseResult> {
  const requests = readRequests(context.cases);
  const names = podNames(requests);
  for (const request of requests) {
    context.signal.throwIfAborted();
    // A server of its own a request: no case depends on what an earlier one left.
    await using server = await testServer();
    await using agent = await agentBackend(server);
    await using pod = await echoBackend();
    using client = wire(server);
    for (const [i, name] of names.entries())
      await seedNode(server, agent.port, pod.port, { node: `n${i || ''}`, pod: name });
    let wrong: string | undefined;
    try {
      wrong = await replay({ server, wire: client }, request);
    } catch (error) {
      wrong = (error as Error).message;
    }
    const name = `${request.client} ${request.id}`;
    yield wrong === undefined
      ? { case: name, result: 'passed' }
      : { case: name, result: 'failed', expected: 'an answer the client can use', got: wrong };
  }
}

/** Requests recorded from kubectl and Helm, sent again: each must be answered in a form its client reads. */
export const runner: SuiteRunner = { suite: 'core/kubectl-wire', run };
