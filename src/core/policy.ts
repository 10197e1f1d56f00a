/**
 * The running configuration as the rest of the program sees it: parsed, checked, compiled and frozen. `config` makes it
 * from the YAML file; a reload swaps the whole of it. Doors and flows read it and nothing else of the configuration.
 */
import type { Cidr } from './access/cidr.ts';
import type { Allow, LocalText, Route } from './access/route.ts';
import type { RouteTable } from './access/routes.ts';
import type { OtpAlgorithm } from './identity/account.ts';
import type { Requirement } from './identity/factors.ts';
import type { SessionLimits } from './session/session.ts';
import type { Milliseconds } from './time.ts';
import type { OtpPlace, OtpRule } from './verification/demand.ts';
import type { AttemptLimits } from './verification/throttle.ts';

export type Language = 'ko' | 'en' | 'ja';

/** A secret's source; the value is read when the configuration is loaded and lives only in closures after that. */
export type SecretValue = { reveal(): string };

export type ListenAddress = { readonly host: string; readonly port: number };

/** A certificate of the listeners: PEM files, read again when they change. */
export type TlsCertificate = {
  /** Absolute path of the chain, the leaf first. */
  readonly cert: string;
  /** The private key as it was when the configuration was loaded, PEM. */
  readonly key: SecretValue;
  /** Absolute path of the key where it comes from a file. */
  readonly keyFile: string | undefined;
};

/** The host people sign in on for all others: `https://gw.corp.example`. */
export type PortalHost = {
  readonly origin: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
};

export type ServerSettings = {
  readonly listen: readonly ListenAddress[];
  /** Portal for single sign-on across hosts; undefined = people sign in on each host. */
  readonly portal: PortalHost | undefined;
  /** Certificates, the first for clients that name no host; empty = the listeners speak plain HTTP. */
  readonly tls: readonly TlsCertificate[];
  /** Plain listeners that answer nothing but a redirect to the same address with https. */
  readonly redirectFrom: readonly ListenAddress[];
  /** Processes that carry requests. */
  readonly workers: number | 'auto';
  /** Header of a load balancer before the first octet, from trusted proxies only. */
  readonly proxyProtocol: 'none' | 'v1' | 'v2';
  /** Path reserved on every host, `/_sumun` unless changed. No trailing slash. */
  readonly reservedPath: string;
  readonly trustedProxies: readonly Cidr[];
  readonly limits: {
    readonly headerBytes: number;
    readonly headerTime: Milliseconds;
    readonly body: number; // 0 = no limit
    readonly idle: Milliseconds;
    readonly connections: number;
    readonly perAddress: number;
  };
  readonly drain: Milliseconds;
};

/** One place an application listens. `authority` is what it calls itself: the Host field of `rewrite.host: upstream`. */
export type UpstreamTarget =
  | {
      readonly kind: 'tcp';
      readonly scheme: 'http' | 'https';
      readonly host: string;
      readonly port: number;
      readonly authority: string;
    }
  | { readonly kind: 'unix'; readonly scheme: 'http'; readonly path: string; readonly authority: string };

/** TLS towards an application. PEM texts are read when the configuration is loaded. */
export type UpstreamTls = {
  /** Authorities its certificate is checked against; undefined = those of the system. */
  readonly ca: string | undefined;
  /** Name in its certificate and in SNI; undefined = the target's host. */
  readonly serverName: string | undefined;
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly clientCert: { readonly cert: string; readonly key: SecretValue } | undefined;
};

/** Where requests go: one application on one or several targets. */
export type Upstream = {
  readonly name: string;
  readonly targets: readonly [UpstreamTarget, ...UpstreamTarget[]];
  readonly balance: 'round_robin' | 'least_busy' | 'sticky';
  readonly health:
    | {
        readonly path: string;
        readonly every: Milliseconds;
        readonly timeout: Milliseconds;
        /** Failures in a row after which a target is left out, and successes after which it is back. */
        readonly fall: number;
        readonly rise: number;
      }
    | undefined;
  readonly timeouts: { readonly connect: Milliseconds; readonly firstByte: Milliseconds; readonly idle: Milliseconds };
  /** Repetitions of a request of which nothing was sent or answered, for methods that may be repeated. */
  readonly retry: { readonly times: number; readonly methods: readonly string[] };
  readonly tls: UpstreamTls | undefined;
  readonly pool: { readonly max: number; readonly idle: Milliseconds };
};

/** The listener that answers other proxies' sub-requests; no address = there is none. */
export type ForwardAuthSettings = { readonly listen: ListenAddress | undefined; readonly clients: readonly Cidr[] };

export type TextEncoding = 'percent' | 'utf-8' | 'base64' | 'euc-kr';

/** How an application learns who it is. Header values are templates such as `{user.login}`, parsed at load. */
export type IdentityProfile = {
  readonly name: string;
  readonly headers: readonly { readonly name: string; readonly template: readonly TemplatePart[] }[];
  readonly jwt: { readonly header: string; readonly lifetime: Milliseconds } | undefined;
  readonly hmac: { readonly header: string; readonly secret: SecretValue } | undefined;
  readonly basicAuth: { readonly user: readonly TemplatePart[]; readonly password: SecretValue } | undefined;
  readonly textEncoding: TextEncoding;
};

/** A literal, or a variable of the closed list in contract.md §6. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string };

export type IdentitySettings = {
  readonly issuer: string | undefined;
  readonly signing: {
    readonly algorithm: 'ES256' | 'EdDSA' | 'RS256';
    readonly rotateEvery: Milliseconds;
    readonly overlap: Milliseconds;
  };
  readonly profiles: ReadonlyMap<string, IdentityProfile>;
  /** Names of headers removed besides every profile's own, as `foldHeaderName` folds them. */
  readonly remove: readonly string[];
};

export type SessionSettings = SessionLimits & {
  readonly cookieName: string;
  readonly sameSite: 'lax' | 'strict';
  readonly concurrent: { readonly max: number; readonly then: 'end_oldest' | 'refuse' };
  readonly bindTo: readonly ('browser' | 'address')[];
};

export type OtpSettings = {
  readonly totp: {
    readonly algorithm: OtpAlgorithm;
    readonly digits: 6 | 8;
    readonly period: 30 | 60;
    readonly window: number;
  };
  readonly foreignApps: { readonly algorithm: OtpAlgorithm; readonly digits: 6 | 8; readonly period: 30 | 60 };
  readonly hotp: { readonly digits: 6 | 8; readonly lookAhead: number };
  /** Server-synchronised codes: digits of new authenticators, life of a code. */
  readonly server: { readonly digits: 6 | 8; readonly ttl: Milliseconds };
  /** Which kind of OTP a group uses, first match wins; routes carry the entries that may hold for them. */
  readonly policies: readonly OtpRule[];
  /** Cipher of new data keys, for seeds at rest. */
  readonly sealing: SealingCipher;
  readonly lockout: AttemptLimits;
  readonly clock: { readonly warn: Milliseconds; readonly refuse: Milliseconds };
};

export type SealingCipher = 'aes-256-gcm' | 'aria-256-gcm' | 'seed-cbc-hmac-sha256';

/** One way of sending a text message; the list is tried in order. Templates know `{to}`, `{text}` and `{token}`. */
export type SmsProvider =
  | {
      readonly type: 'http';
      readonly name: string;
      readonly url: string;
      readonly method: 'POST' | 'PUT' | 'GET';
      readonly headers: Readonly<Record<string, string>>;
      /** JSON or form body; values are escaped for the content type. */
      readonly body: string;
      readonly contentType: string;
      readonly token: SecretValue | undefined;
      readonly timeout: Milliseconds;
    }
  | {
      readonly type: 'smpp';
      readonly name: string;
      readonly host: string;
      readonly port: number;
      readonly tls: boolean;
      readonly systemId: string;
      readonly password: SecretValue;
      readonly from: string;
      readonly timeout: Milliseconds;
    }
  /** One JSON line a message, for the demo and for tests. */
  | { readonly type: 'file'; readonly name: string; readonly path: string };

export type SmsSettings = {
  readonly providers: readonly SmsProvider[];
  readonly code: {
    readonly digits: 6 | 8;
    readonly ttl: Milliseconds;
    readonly tries: number;
    /** Shortest time between two messages of one challenge. */
    readonly resend: Milliseconds;
    readonly perNumber: { readonly count: number; readonly per: Milliseconds };
    readonly perUser: { readonly count: number; readonly per: Milliseconds };
    readonly perAddress: { readonly count: number; readonly per: Milliseconds };
    /** Messages to one number in 24 hours. */
    readonly perDay: number;
    /** Messages to everybody in 24 hours: a hard stop. */
    readonly budget: number;
    /** Beginnings of numbers that are sent to, `+82` for example; empty = any. */
    readonly prefixes: readonly string[];
  };
};

/** One RADIUS client: a VPN or network device and what is asked of the people behind it. */
export type RadiusClient = OtpPlace & {
  readonly networks: readonly Cidr[];
  readonly secret: SecretValue;
  readonly requirement: Requirement;
  readonly allow: Allow;
  readonly mode: 'one_field' | 'challenge';
  /** Order of the parts of a one-field password. */
  readonly concat: 'pin+otp' | 'otp+pin' | 'pw+otp' | 'otp+pw';
  readonly chap: boolean;
  readonly requireMessageAuthenticator: boolean;
  /** Where Message-Authenticator is not required: packets with Proxy-State and without it are discarded all the same. */
  readonly limitProxyState: boolean;
  /** How long the same user, code and State get the stored answer although the packet differs; 0 = never. */
  readonly softDuplicate: Milliseconds;
  readonly foreignState: 'reject' | 'ignore';
  /** What realms become: `{ "hq": "" }` strips `@hq` and `HQ\\`. A realm that is not listed stays part of the name. */
  readonly realms: Readonly<Record<string, string>>;
  readonly reply: readonly RadiusReplyRule[];
  /** Requests a second for this client, and for one user of it. */
  readonly rate: { readonly client: number; readonly user: number };
  /** Life of a State. */
  readonly challengeTtl: Milliseconds;
};

/** Attributes of an Access-Accept for people of some groups; no groups = everybody. */
export type RadiusReplyRule = {
  readonly groups: readonly string[];
  readonly attributes: readonly { readonly name: string; readonly template: readonly TemplatePart[] }[];
};

export type RadiusSettings = {
  readonly listen: readonly ListenAddress[];
  /** RADIUS over TCP (RFC 6613), for trusted networks and tests. */
  readonly tcp: readonly ListenAddress[];
  /** RADIUS over TLS (RFC 6614). */
  readonly tls:
    | {
        readonly listen: ListenAddress;
        /** Absolute path of the certificate chain, PEM. */
        readonly cert: string;
        /** The private key itself, PEM. */
        readonly key: SecretValue;
        /** Absolute path of the authorities of client certificates, PEM; undefined = none is asked for. */
        readonly ca: string | undefined;
      }
    | undefined;
  readonly accounting: boolean;
  readonly clients: readonly RadiusClient[];
};

export type KnowledgeSettings = {
  readonly password: { readonly minLength: number };
  readonly pin: {
    readonly minLength: number;
    readonly maxLength: number;
    readonly forbid: readonly ('repeats' | 'sequences')[];
  };
};

export type PageSettings = {
  readonly brand: {
    readonly name: string;
    /** A `data:` URI of the logo, read and size-checked at load. */
    readonly logo: string | undefined;
    /** `#RRGGBB`, contrast-checked at load. */
    readonly accent: string | undefined;
  };
  readonly languages: readonly Language[];
  readonly help: { readonly text: LocalText; readonly url: string | undefined };
  readonly idHint: LocalText;
};

export type Policy = {
  /** Absolute path of the file this came from. */
  readonly file: string;
  /** SHA-256 of the file's bytes, hex: the version that log and audit name. */
  readonly digest: string;
  readonly demo: boolean;
  readonly server: ServerSettings;
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly routes: RouteTable;
  readonly users: KnowledgeSettings;
  readonly otp: OtpSettings;
  readonly sessions: SessionSettings;
  readonly identity: IdentitySettings;
  /** Codes by SMS. No providers: no SMS. */
  readonly sms: SmsSettings;
  readonly radius: RadiusSettings;
  readonly forwardAuth: ForwardAuthSettings;
  /** The second interface of the API, for plug-ins made for another product; undefined = not offered. */
  readonly apiCompat: 'privacyidea' | undefined;
  /** What an application of the API that is no route and no RADIUS client asks for. */
  readonly defaultRequirement: Requirement | undefined;
  /** Address of the listener for the API, `/healthz`, `/readyz` and `/metrics`, and who may reach it (empty = whoever can). */
  readonly console: { readonly listen: ListenAddress; readonly networks: readonly Cidr[] };
  readonly storage: { readonly path: string };
  readonly keys: { readonly masterFile: string; readonly signingFolder: string };
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'json' | 'text';
    readonly access: boolean;
  };
  readonly pages: PageSettings;
};

/** The title of a route in a language, or its name. */
export const titleOf = (route: Route, language: Language): string => textIn(route.title, language) ?? route.name;

/** A text in a language, else in Korean, English, Japanese, whichever is there first. */
export const textIn = (text: LocalText, language: Language): string | undefined =>
  text[language] ?? text.ko ?? text.en ?? text.ja;
