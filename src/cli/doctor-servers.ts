import { createSocket } from 'node:dgram';
import { accessSync, constants, existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { readAddress } from '../core/access/cidr.ts';
import type { ListenAddress, Policy, SmsProvider } from '../core/policy.ts';
import { connectFault, type Finding, type Patient } from './doctor-checks.ts';

/** RADIUS: somebody listens where the configuration says, and every client is protected and has a secret of its own. */
export async function checkRadius({ policy, texts }: Patient): Promise<Finding> {
  const { listen, tcp, tls, clients } = policy.radius;
  const doors = [
    ...listen.map((address) => ({ address, isTaken: isUdpTaken })),
    ...[...tcp, ...(tls === undefined ? [] : [tls.listen])].map((address) => ({ address, isTaken: isTcpTaken })),
  ].filter(({ address }) => address.port !== 0);
  if (doors.length === 0 && clients.length === 0) return { status: 'ok', detail: texts.notSetUp };
  const taken = await Promise.all(doors.map(({ address, isTaken }) => isTaken(address)));
  const silent = doors.filter((_, index) => taken[index] === false).map(({ address }) => textOf(address));
  if (silent.length > 0)
    return { status: 'warn', detail: texts.radiusSilent(silent.join(', ')), remedy: texts.radiusSilentRemedy };
  const open = clients.filter((client) => !client.requireMessageAuthenticator).map(({ name }) => name);
  if (open.length > 0)
    return { status: 'warn', detail: texts.radiusOpen(open.join(', ')), remedy: texts.radiusOpenRemedy };
  const shared = sharingSecrets(policy);
  if (shared.length > 0)
    return { status: 'warn', detail: texts.radiusShared(shared.join(', ')), remedy: texts.radiusSharedRemedy };
  return { status: 'ok', detail: texts.radiusFine(clients.length) };
}

function sharingSecrets({ radius }: Policy): readonly string[] {
  const secrets = radius.clients.map(({ secret }) => secret.reveal());
  return radius.clients
    .filter((_, index) => secrets.some((each, other) => other !== index && each === secrets[index]))
    .map(({ name }) => name);
}

const textOf = ({ host, port }: ListenAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** True if a socket cannot be bound because there is one. A server that runs is recognised without a packet to it. */
function isUdpTaken({ host, port }: ListenAddress): Promise<boolean> {
  return new Promise((settle) => {
    const socket = createSocket(readAddress(host)?.family === 6 ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'EADDRINUSE'));
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => settle(false)));
  });
}

function isTcpTaken({ host, port }: ListenAddress): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => settle(error.code === 'EADDRINUSE'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => settle(false)));
  });
}

/** SMS: every provider can be reached. Nothing is sent. */
export async function checkSms({ policy, texts }: Patient): Promise<Finding> {
  const { providers } = policy.sms;
  if (providers.length === 0) return { status: 'ok', detail: texts.notSetUp };
  const answers = await Promise.all(providers.map(async (it) => ({ name: it.name, fault: await providerFault(it) })));
  const faults = answers.filter(({ fault }) => fault !== undefined).map(({ name, fault }) => `${name} (${fault})`);
  if (faults.length === 0) return { status: 'ok', detail: texts.smsFine(providers.length) };
  const status = faults.length < providers.length ? 'warn' : 'fail';
  return { status, detail: faults.join(', '), remedy: texts.smsRemedy };
}

function providerFault(provider: SmsProvider): Promise<string | undefined> {
  switch (provider.type) {
    case 'file':
      return Promise.resolve(writeFault(provider.path));
    case 'smpp':
      return connectFault(provider);
    case 'http': {
      const url = new URL(provider.url);
      const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
      return connectFault({ host: url.hostname.replace(/^\[|\]$/g, ''), port });
    }
  }
}

function writeFault(path: string): string | undefined {
  try {
    accessSync(existsSync(path) ? path : dirname(path), constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error); // fs throws ErrnoException
  }
}

/** Whether an outage is declared: SMS may stand in for OTP while it lasts. */
export async function checkOutage({ wiring, texts, house }: Patient): Promise<Finding> {
  const until = await (await house()).switches.outageUntil(wiring.clock.now());
  if (until === undefined) return { status: 'ok', detail: texts.outageNone };
  return { status: 'warn', detail: texts.outageDeclared(new Date(until).toISOString()), remedy: texts.outageRemedy };
}

/** Whether a sealed code opened a route without sign-in. */
export async function checkOpenings({ wiring, texts, house }: Patient): Promise<Finding> {
  const open = [...(await (await house()).switches.openings(wiring.clock.now()))];
  if (open.length === 0) return { status: 'ok', detail: texts.openingsNone };
  const detail = open.map(([route, until]) => texts.opening(route, new Date(until).toISOString())).join(', ');
  return { status: 'warn', detail, remedy: 'sumun break-glass close' };
}
