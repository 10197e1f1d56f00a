/** The part of the package `smpp` that is used here; it brings no types of its own. */
declare module 'smpp' {
  import type { EventEmitter } from 'node:events';
  import type { Server as NetServer, Socket } from 'node:net';

  export type Pdu = {
    readonly command: string;
    readonly command_status: number;
    readonly sequence_number: number;
    readonly message_id?: string;
    readonly esm_class?: number;
    readonly data_coding?: number;
    readonly short_message?: { readonly message: string | Uint8Array };
    readonly message_payload?: { readonly message: string | Uint8Array };
    readonly receipted_message_id?: string;
    readonly message_state?: number;
    readonly system_id?: string;
    readonly password?: string;
    readonly destination_addr?: string;
    readonly source_addr?: string;
    readonly dest_addr_ton?: number;
    readonly registered_delivery?: number;
    response(options?: Readonly<Record<string, unknown>>): Pdu;
  };

  export class PDU {
    static maxLength: number;
    constructor(command: string, options?: Readonly<Record<string, unknown>>);
    command: string;
    command_status: number;
    sequence_number: number;
    response(options?: Readonly<Record<string, unknown>>): Pdu;
  }

  export class Session extends EventEmitter {
    readonly socket: Socket;
    send(pdu: Pdu | PDU, answered?: (answer: Pdu) => void): boolean;
    close(done?: () => void): void;
    destroy(done?: () => void): void;
  }

  export type ConnectOptions = {
    readonly host: string;
    readonly port: number;
    readonly tls?: boolean;
    readonly rejectUnauthorized?: boolean;
    readonly servername?: string;
  };

  export function connect(options: ConnectOptions, connected?: () => void): Session;

  export class Server extends NetServer {
    readonly sessions: Session[];
  }

  export function createServer(listener: (session: Session) => void): Server;

  const smpp: { connect: typeof connect; createServer: typeof createServer; PDU: typeof PDU };
  export default smpp;
}
