import type { AddressInfo } from 'node:net';
import smpp, { type Pdu, type Server, type Session } from 'smpp';
import type { SmsProvider } from '../../src/core/policy.ts';
import { secret } from './parts.ts';

export type Submitted = { readonly to: string; readonly ton: number; readonly text: string; readonly pdu: Pdu };

/** A message centre that speaks SMPP, on a loopback port. */
export class SmppCentre {
  readonly submitted: Submitted[] = [];
  readonly bound: Session[] = [];
  enquiries = 0;
  /** `command_status` of the answer to a submission; undefined: no answer. */
  status: number | undefined = 0;
  password = 'pass';
  #server: Server | undefined;
  #port = 0;

  async start(): Promise<this> {
    const server = smpp.createServer((session) => this.#serve(session));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', () => resolve()));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    for (const session of [...server.sessions]) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  settings(changes: Partial<Extract<SmsProvider, { type: 'smpp' }>> = {}): Extract<SmsProvider, { type: 'smpp' }> {
    return {
      type: 'smpp',
      name: 'centre',
      host: '127.0.0.1',
      port: this.#port,
      tls: false,
      systemId: 'sumun',
      password: secret(this.password),
      from: '0212345678',
      timeout: 500,
      ...changes,
    };
  }

  /** Sends a delivery receipt over every bound session. */
  receipt(fields: Readonly<Record<string, unknown>>): void {
    for (const session of this.bound) session.send(new smpp.PDU('deliver_sm', { esm_class: 4, ...fields }));
  }

  #serve(session: Session): void {
    session.on('error', () => session.destroy());
    session.on('close', () => this.bound.splice(this.bound.indexOf(session) >>> 0, 1));
    session.on('bind_transceiver', (pdu: Pdu) => {
      const right = pdu.password === this.password;
      session.send(pdu.response(right ? { system_id: 'centre' } : { command_status: 0x0e }));
      if (right) this.bound.push(session);
    });
    session.on('unbind', (pdu: Pdu) => {
      session.send(pdu.response());
      session.close();
    });
    session.on('enquire_link', (pdu: Pdu) => {
      this.enquiries += 1;
      session.send(pdu.response());
    });
    session.on('submit_sm', (pdu: Pdu) => {
      const message = (pdu.message_payload ?? pdu.short_message)?.message ?? '';
      const text = typeof message === 'string' ? message : Buffer.from(message).swap16().toString('utf16le');
      this.submitted.push({ to: pdu.destination_addr ?? '', ton: pdu.dest_addr_ton ?? -1, text, pdu });
      if (this.status === undefined) return;
      const reference = { message_id: `s${this.submitted.length}` };
      session.send(pdu.response(this.status === 0 ? reference : { command_status: this.status }));
    });
  }
}
