import { isIP } from 'node:net';
import smpp, { type Pdu, type Session } from 'smpp';
import { type Milliseconds, SECOND } from '../core/time.ts';
import { DeliveryFault, faultOf, type SettingsOf } from './provider.ts';

/** A bound SMPP 3.4 session. */
export type SmppLink = {
  /** Sends a request and resolves with its answer; rejects when the link breaks or the answer is late. */
  request(command: string, fields: Readonly<Record<string, unknown>>): Promise<Pdu>;
  /** Settles when the link is gone, for whatever reason. */
  readonly closed: Promise<void>;
  /** Unbinds, and cuts the connection if that is not answered. */
  close(): Promise<void>;
};

/** SMPP 3.4, as `interface_version` writes it. */
const VERSION = 0x34;

/** How often an idle link is asked whether it is alive. */
export const ENQUIRE_EVERY: Milliseconds = 30 * SECOND;

/** Connects and binds as a transceiver; rejects with a fault if that does not succeed in time. */
export async function openLink(settings: SettingsOf<'smpp'>, onDeliver: (pdu: Pdu) => void): Promise<SmppLink> {
  const { host, port, tls, systemId, password } = settings;
  const session = smpp.connect({
    host,
    port,
    ...(tls ? { tls, rejectUnauthorized: true, ...(isIP(host) === 0 ? { servername: host } : {}) } : {}),
  });
  const requests = createRequests(session, settings.timeout);
  answerTheirs(session, onDeliver);
  const fields = { system_id: systemId, password: password.reveal(), system_type: '', interface_version: VERSION };
  try {
    await requests.ready(tls ? 'secureConnect' : 'connect');
    const bound = await requests.request('bind_transceiver', fields);
    if (bound.command_status !== 0) throw new DeliveryFault(`smpp-bind-${bound.command_status}`);
  } catch (breakage) {
    session.destroy();
    throw faultOf(breakage);
  }
  const timer = setInterval(() => {
    requests.request('enquire_link', {}).catch(() => session.destroy());
  }, ENQUIRE_EVERY).unref();
  const closed = requests.closed.then(() => clearInterval(timer));
  return {
    request: requests.request,
    closed,
    close: async () => {
      clearInterval(timer);
      await requests.request('unbind', {}).catch(() => undefined);
      session.destroy();
      await closed;
    },
  };
}

/** Answers what the other side asks. */
function answerTheirs(session: Session, onDeliver: (pdu: Pdu) => void): void {
  session.on('enquire_link', (pdu: Pdu) => session.send(pdu.response()));
  session.on('deliver_sm', (pdu: Pdu) => {
    session.send(pdu.response());
    onDeliver(pdu);
  });
  session.on('unbind', (pdu: Pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('unknown', (pdu: Pdu) => session.send(pdu.response()));
}

/** Requests of ours on a session, each with its time limit; all of them fail when the session does. */
function createRequests(session: Session, timeout: Milliseconds) {
  const broken = Promise.withResolvers<never>();
  const { promise: closed, resolve: gone } = Promise.withResolvers<void>();
  broken.promise.catch(() => undefined);
  session.on('error', (breakage: Error) => {
    broken.reject(breakage);
    // A session that met bytes it cannot read does not read on.
    session.destroy();
  });
  session.on('close', () => {
    broken.reject(new DeliveryFault('disconnected'));
    gone();
  });
  const within = async <T>(promise: Promise<T>): Promise<T> => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new DeliveryFault('timeout')), timeout);
    try {
      return await Promise.race([promise, broken.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    closed,
    ready: (event: 'connect' | 'secureConnect') => within(new Promise<void>((resolve) => session.once(event, resolve))),
    request: (command: string, fields: Readonly<Record<string, unknown>>): Promise<Pdu> =>
      within(
        new Promise<Pdu>((resolve, reject) => {
          const taken = session.send(new smpp.PDU(command, fields), resolve);
          if (!taken) reject(new DeliveryFault('disconnected'));
        }),
      ),
  };
}
