/** What lives on the heap of a process that was started with `--inspect`, after its garbage was collected. */
import { setTimeout as wait } from 'node:timers/promises';

export type Heap = { readonly heapUsed: number; readonly external: number; readonly arrayBuffers: number };

/** A connection to the inspector of a process on this machine (Chrome DevTools Protocol). */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #sent = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { readonly id?: number; readonly result?: unknown };
      if (id === undefined) return;
      this.#waiting.get(id)?.(result);
      this.#waiting.delete(id);
    });
  }

  /** Connects to the inspector that listens on a port. */
  static async open(port: number): Promise<Inspector> {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
    const [first] = (await answer.json()) as readonly { readonly webSocketDebuggerUrl: string }[];
    if (first === undefined) throw new Error('nothing to inspect');
    const socket = new WebSocket(first.webSocketDebuggerUrl);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true });
      socket.addEventListener('error', reject, { once: true });
    });
    return new Inspector(socket);
  }

  /** Collects garbage twice, for what the first time only freed to be freed, and reads the heap. */
  async heap(): Promise<Heap> {
    for (let times = 0; times < 2; times += 1) {
      await this.#send('HeapProfiler.collectGarbage', {});
      await wait(200);
    }
    const expression = 'JSON.stringify(process.memoryUsage())';
    const answer = await this.#send('Runtime.evaluate', { expression, returnByValue: true });
    return JSON.parse((answer as { readonly result: { readonly value: string } }).result.value) as Heap;
  }

  close(): void {
    this.#socket.close();
  }

  #send(method: string, params: object): Promise<unknown> {
    const id = ++this.#sent;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return promise;
  }
}
