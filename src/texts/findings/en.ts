import type { FindingTexts } from './catalogue.ts';
import { enListeners } from './en-listeners.ts';
import { enServers } from './en-servers.ts';
import { enUpstreams } from './en-upstreams.ts';

/** Findings in English. */
export const en: FindingTexts = {
  findings: {
    ...enServers,
    ...enUpstreams,
    ...enListeners,
    'file-unreadable': { message: 'The file cannot be read: {found}.', fix: 'Check the path and its permissions.' },
    'unknown-key': { message: "'{found}' is not a key here. {hint}" },
    'file-too-large': {
      message: 'The file has {found} bytes; at most {max} are read.',
      fix: 'Remove what does not belong in a configuration.',
    },
    'not-utf8': { message: 'The file is not UTF-8 text.', fix: 'Save it as UTF-8.' },
    'yaml-syntax': { message: 'This is not valid YAML: {found}.' },
    'duplicate-key': { message: "The key '{found}' is already on line {line}.", fix: 'Keep one of the two.' },
    'yaml-alias': { message: 'Anchors and aliases (& and *) are not accepted.', fix: 'Write the value out.' },
    'merge-key': { message: "Merge keys ('<<') are not accepted.", fix: 'Write the keys out.' },
    'yaml-tag': {
      message: 'Tags are not accepted: {found}.',
      fix: 'Remove the tag; quote the value if it has to be text.',
    },
    'yaml-tab': { message: 'A tab cannot indent YAML.', fix: 'Indent with spaces.' },
    'several-documents': {
      message: 'The file has more than one YAML document.',
      fix: "Remove '---' and what follows, or use two files.",
    },
    'boolean-word': {
      message: "'{found}' is not a boolean in YAML 1.2 and is not accepted here.",
      fix: 'Write {expected}.',
    },
    'number-notation': {
      message: "The number '{found}' reads differently in different programs.",
      fix: 'Write it in decimal without a leading zero, or in quotes if it is text.',
    },
    'forbidden-key': { message: "'{found}' cannot be a key or a name.", fix: 'Choose another name.' },
    'too-deep': {
      message: 'Lists and mappings are nested too deeply.',
      fix: 'No key of the configuration needs more than {max} levels.',
    },
    'empty-file': { message: 'The file is empty or not a mapping.', fix: 'Begin with: version: 1' },
    'missing-key': { message: "The key '{key}' is missing." },
    'wrong-type': { message: 'Expected {expected}, found {found}.' },
    'not-one-of': { message: "'{found}' is not accepted here. {hint}" },
    'bad-duration': {
      message: 'Not a duration from {min} to {max}: {found}.',
      fix: 'Write a whole number and a unit: 500ms, 30s, 10m, 12h, 7d.',
    },
    'bad-size': {
      message: 'Not a size from {min} to {max}: {found}.',
      fix: 'Write a whole number and a unit: 64KiB, 50MB, or 0 where that means no limit.',
    },
    'bad-listen': {
      message: 'Not an address to listen on: {found}.',
      fix: 'Write "0.0.0.0:8080", "127.0.0.1:8080" or "[::1]:8080", in quotes.',
    },
    'bad-cidr': { message: 'Not a network: {found}.', fix: 'Write {hint}.' },
    'bad-host': {
      message: 'Not a host name: {found}.',
      fix: 'Write hr.corp.example or "*.corp.example", without scheme, port or path.',
    },
    'bad-path': {
      message: 'Not a path a request could have: {found}.',
      fix: "Begin with '/', without '//', dot segments, encoded characters, '?' or '*'. An entry ending in '/' is a prefix.",
    },
    'bad-pattern': {
      message: 'Not a pattern the linear-time engine can run: {found}.',
      fix: "Write re: and an RE2 expression that matches the whole path and begins with '/'.",
    },
    'bad-auth': {
      message: 'Not a way to sign in: {found}. {hint}',
      fix: 'Write bypass, deny, or id joined with otp, pin, pw, sms: id+otp, id+otp+pin, id+pw+otp.',
    },
    'bad-method': {
      message: 'Not a method a route can have: {found}.',
      fix: 'Write methods in capitals: GET, POST, PUT. CONNECT, TRACE and TRACK are never served.',
    },
    'bad-upstream': {
      message: 'Not an upstream: {found}.',
      fix: 'Write http://host:port, https://host:port or unix:/path, without user or anything behind, or the name of an entry in upstreams.',
    },
    'bad-hours': {
      message: 'Not hours of a day: {found}.',
      fix: 'Write "08:00-19:30" in quotes; the end lies after the beginning and may be 24:00.',
    },
    'bad-timezone': { message: 'Not a time zone: {found}.', fix: 'Write an IANA name such as Asia/Seoul.' },
    'bad-date': { message: 'Not a date: {found}.', fix: 'Write 2026-12-25.' },
    'bad-rate': {
      message: 'Not a rate: {found}.',
      fix: 'Write a number for each second, minute or hour: 20/s, 600/m, 5000/h.',
    },
    'out-of-range': { message: 'Expected a whole number from {min} to {max}, found {found}.' },
    'bad-name': {
      message: 'Not a name: {found}.',
      fix: "Use letters, digits, '-', '_' and '.', at most 64, beginning with a letter or a digit.",
    },
    'bad-header': {
      message: 'Not a header an identity can travel in: {found}.',
      fix: 'Use letters, digits, hyphens and underscores, and no header that frames, routes or authenticates the message.',
    },
    'bad-template': { message: 'Not a template: {found}.', fix: 'Write text and variables in braces: "{user.login}".' },
    'unknown-variable': { message: "There is no variable '{found}'. {hint}" },
    'bad-secret': { message: 'A secret is given by where it is kept.', fix: 'Write { file: PATH } or { env: NAME }.' },
    'literal-secret': {
      message: 'A secret must not stand in the file.',
      fix: 'Put it into a file of mode 0600 and write { file: PATH }, or { env: NAME }.',
    },
    'bad-text': {
      message: 'Not a text for people: {found}.',
      fix: 'Write one text, or a mapping of ko, en, ja; at most {max} characters, no control characters.',
    },
    'bad-colour': { message: 'Not a colour: {found}.', fix: 'Write "#1B4FD8" in quotes.' },
    'bad-pin-length': {
      message: 'Not a PIN length: {found}.',
      fix: 'Write the shortest and the longest, 4 to 16: 4-8.',
    },
    'not-in-this-version': { message: '{key} is not available in this version: {found}.', fix: 'Leave it out.' },
    'unknown-version': {
      message: 'This program reads version 1 of the configuration, found {found}.',
      fix: 'Write: version: 1',
    },
    'empty-list': { message: 'This list is empty.', fix: 'Leave the key out, or write at least one entry.' },
    'bad-url': { message: 'Not a URL for this: {found}.', fix: 'Write {hint}.' },
    'bad-login': { message: 'Not a login name: {found}.' },
    'bad-storage': {
      message: 'Not a storage address: {found}.',
      fix: 'Write sqlite: and a path: sqlite:data/sumun.db',
    },
    'bad-moment': {
      message: 'Not a moment: {found}.',
      fix: 'Write date, time and zone in quotes: "2026-11-23T10:00+09:00".',
    },
    'bad-test-url': {
      message: 'Not a URL to test: {found}.',
      fix: 'Write the whole URL: https://hr.corp.example/salary/',
    },
    'bad-expectation': {
      message: 'Not an outcome: {found}.',
      fix: 'Write allow, deny, redirect, respond, 404, 421, 400, or "need pw+otp".',
    },
    'yaml-directive': {
      message: 'YAML directives (%) are not accepted.',
      fix: 'Remove the line; the file is read as YAML 1.2.',
    },
    'bad-prefix': {
      message: 'Not a path prefix: {found}.',
      fix: "Write a path that begins with '/' and does not end in one: /app",
    },
    'unknown-name': { message: "There is no '{found}' in {section}. {hint}" },
    'duplicate-name': {
      message: "The route on line {line} is already called '{found}'.",
      fix: 'Routes need different names: logs and assertions carry them.',
    },
    'unreachable-route': {
      message: "The route '{found}' can never be reached: line {line} ('{other}') matches everything it matches.",
      fix: 'Move the narrower route above the wider one.',
    },
    'unreachable-step-up': { message: 'This step-up never applies: the route has none of these methods and paths.' },
    'one-action': { message: 'A route needs exactly one of to, redirect and respond; found {found}.' },
    'allow-without-sign-in': {
      message: "'{found}' asks who somebody is, but this route signs nobody in.",
      fix: 'Choose an auth with factors, or restrict by networks and schedules only.',
    },
    'tolerate-beside-open': {
      message: "tolerate is refused here: route '{other}' on line {line} is open without sign-in on overlapping paths.",
      fix: 'Separate the two by host or path, or leave tolerate out.',
    },
    'demo-not-loopback': {
      message: 'demo: true is only for listeners on loopback; {found} is not.',
      fix: 'Listen on 127.0.0.1, or remove demo.',
    },
    'trusts-everyone': {
      message: '{found} would believe the headers of every client.',
      fix: 'Name the addresses of the proxies in front.',
    },
    'step-up-adds-nothing': {
      message: 'This step-up asks for nothing that the route does not ask for already.',
      fix: 'Add a factor or a max_age.',
    },
    'secret-missing': { message: 'The file {found} is not there.' },
    'secret-empty': { message: 'The secret is empty: {found}.' },
    'secret-unreadable': {
      message: 'The file {found} cannot be read.',
      fix: 'Give it to the user the server runs as, mode 0600.',
    },
    'secret-variable-missing': { message: 'The environment variable {found} is not set.' },
    'bad-logo': {
      message: 'The logo {found} cannot be used: {hint}.',
      fix: 'Use a PNG, a JPEG or an SVG without scripts, of at most 8 KiB.',
    },
    'weak-contrast': {
      message: 'White text on {found} has a contrast of {ratio}:1; 4.5:1 is needed.',
      fix: 'Use "{hint}", the nearest that passes.',
    },
    'reserved-path': { message: 'Requests for {found} never reach a route: the gateway answers there itself.' },
    'header-twice': { message: "The header '{found}' is set twice in this profile." },
    'allows-everyone': {
      message: 'This allow names nobody: with empty lists everybody passes.',
      fix: 'Fill a list, remove allow, or write auth: deny.',
    },
    'test-method': {
      message: 'A test needs exactly one method with its URL; found {found}.',
      fix: 'Write get: URL, post: URL and so on.',
    },
    'forward-auth-nowhere': {
      message: "Another proxy is to ask about '{found}', but there is no address to ask at.",
      fix: 'Write one as forward_auth.listen.',
    },
    'action-without-upstream': { message: "'{found}' has no meaning on a route that does not forward." },
    'step-up-without-sign-in': {
      message: 'A step-up needs a route that signs people in.',
      fix: 'Make two routes: the stricter one first.',
    },
    'same-address': { message: '{found} is listened on twice.' },
    'mistyped-profile': { message: "The profile '{found}' is used nowhere. {hint}" },
    'secret-file-open': { message: 'The file {found} can be read by others (mode {mode}).', fix: 'chmod 600 {found}' },
    'weak-lockout': {
      message: 'Up to {found} wrong attempts are allowed before a lock; a guesser gains from more than 10.',
    },
    'long-session': {
      message: 'A sign-in lasts longer than a day.',
      fix: 'NIST SP 800-63B asks for a new sign-in every 12 to 24 hours.',
    },
    'wide-window': {
      message: 'A window of {found} steps accepts {codes} codes at a time.',
      fix: 'One step each side is enough; drift is learned.',
    },
    'not-expanded': {
      message: '{found} is not replaced: it stays as it is written.',
      fix: 'Secrets take { env: NAME }; nothing else is read from the environment.',
    },
    'idle-beyond-max': { message: 'idle is longer than max and never takes effect.' },
    'no-routes': { message: 'There are no routes: every request is refused.' },
    'in-maintenance': {
      message: "Route '{found}' is closed for maintenance: everybody gets 503.",
      fix: 'Remove maintenance when it is over.',
    },
    'report-only': {
      message: "The route '{found}' only reports: whoever is signed in passes.",
      fix: 'Set enforce: full when you have seen enough.',
    },
    'no-master-key': { message: 'The master key {found} is not there yet.', fix: 'sumun init makes one.' },
    'public-health': {
      message: '{found} is open to every address.',
      fix: 'Listen on 127.0.0.1, or name who may ask in console.networks.',
    },
    'name-unused': { message: "'{found}' in {section} is used nowhere." },
  },
  phrases: {
    'did-you-mean': "Did you mean '{found}'?",
    'known-are': 'Known are: {found}.',
    'a-text': 'a text',
    'a-number': 'a whole number',
    'a-boolean': 'true or false',
    'a-mapping': 'a mapping (key: value)',
    'a-list': 'a list',
    'a-quoted-text': 'a text (write it in quotes)',
    'another-name': 'another name',
    nothing: 'nothing',
    summary: 'errors: {errors} · warnings: {warnings}',
    'all-good': '{file}: no findings',
  },
};
