import type { ChildProcess } from 'node:child_process';

/** What lies under a connection: the only thing that is done with it here is closing it. */
type Closable = { close(): void };

const isClosable = (value: unknown): value is Closable =>
  typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';

/**
 * Connections that are on their way to a worker. The round robin of `node:cluster` has one for each listener on its way
 * and forgets it when the worker dies before it said that it has it: the client would wait for ever. Answers what closes
 * them. Closing one that arrived closes nothing but our copy.
 */
export function followHandOvers(child: ChildProcess): () => void {
  const onTheWay = new Map<string, Closable>();
  const { send } = child;
  child.send = (...parts: readonly unknown[]): boolean => {
    const [message, handle] = parts;
    if (isClosable(handle)) onTheWay.set(listenerOf(message), handle);
    return Reflect.apply(send, child, parts);
  };
  return () => {
    for (const handle of onTheWay.values()) handle.close();
    onTheWay.clear();
  };
}

const listenerOf = (message: unknown): string =>
  typeof message === 'object' && message !== null && 'key' in message ? String(message.key) : '';
