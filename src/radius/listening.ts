/** One bound address of the server. */
export type Listening = {
  readonly transport: 'udp' | 'tcp' | 'tls';
  readonly address: string;
  readonly port: number;
  /** Takes nothing new; what is in work is still answered. */
  stop(): void;
  close(): Promise<void>;
};

/** Settles when a socket or server is bound; rejects with the system's error where it cannot be. */
export const untilListening = (starting: {
  once(event: 'listening' | 'error', listener: (error: Error) => void): unknown;
}): Promise<void> =>
  new Promise((resolve, reject) => {
    starting.once('listening', () => resolve());
    starting.once('error', reject);
  });
