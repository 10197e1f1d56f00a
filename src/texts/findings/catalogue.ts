/**
 * Every finding of `sumun check` with its stable number. A number is never given to another finding.
 * 1xx: the file and its values. 2xx: what values mean together. 3xx: it works, but think again.
 */
export const FINDINGS = {
  'file-unreadable': ['SUMUN-101', 'error'],
  'unknown-key': ['SUMUN-102', 'error'],
  'file-too-large': ['SUMUN-103', 'error'],
  'not-utf8': ['SUMUN-104', 'error'],
  'yaml-syntax': ['SUMUN-105', 'error'],
  'duplicate-key': ['SUMUN-106', 'error'],
  'yaml-alias': ['SUMUN-107', 'error'],
  'merge-key': ['SUMUN-108', 'error'],
  'yaml-tag': ['SUMUN-109', 'error'],
  'yaml-tab': ['SUMUN-110', 'error'],
  'several-documents': ['SUMUN-111', 'error'],
  'boolean-word': ['SUMUN-112', 'error'],
  'number-notation': ['SUMUN-113', 'error'],
  'forbidden-key': ['SUMUN-114', 'error'],
  'too-deep': ['SUMUN-115', 'error'],
  'empty-file': ['SUMUN-116', 'error'],
  'missing-key': ['SUMUN-117', 'error'],
  'wrong-type': ['SUMUN-118', 'error'],
  'not-one-of': ['SUMUN-119', 'error'],
  'bad-duration': ['SUMUN-120', 'error'],
  'bad-size': ['SUMUN-121', 'error'],
  'bad-listen': ['SUMUN-122', 'error'],
  'bad-cidr': ['SUMUN-123', 'error'],
  'bad-host': ['SUMUN-124', 'error'],
  'bad-path': ['SUMUN-125', 'error'],
  'bad-pattern': ['SUMUN-126', 'error'],
  'bad-auth': ['SUMUN-127', 'error'],
  'bad-method': ['SUMUN-128', 'error'],
  'bad-upstream': ['SUMUN-129', 'error'],
  'bad-hours': ['SUMUN-130', 'error'],
  'bad-timezone': ['SUMUN-131', 'error'],
  'bad-date': ['SUMUN-132', 'error'],
  'bad-rate': ['SUMUN-133', 'error'],
  'out-of-range': ['SUMUN-134', 'error'],
  'bad-name': ['SUMUN-135', 'error'],
  'bad-header': ['SUMUN-136', 'error'],
  'bad-template': ['SUMUN-137', 'error'],
  'unknown-variable': ['SUMUN-138', 'error'],
  'bad-secret': ['SUMUN-139', 'error'],
  'literal-secret': ['SUMUN-140', 'error'],
  'bad-text': ['SUMUN-141', 'error'],
  'bad-colour': ['SUMUN-142', 'error'],
  'bad-pin-length': ['SUMUN-143', 'error'],
  'not-in-this-version': ['SUMUN-144', 'error'],
  'unknown-version': ['SUMUN-145', 'error'],
  'empty-list': ['SUMUN-146', 'error'],
  'bad-url': ['SUMUN-147', 'error'],
  'bad-login': ['SUMUN-148', 'error'],
  'bad-storage': ['SUMUN-149', 'error'],
  'bad-moment': ['SUMUN-150', 'error'],
  'bad-test-url': ['SUMUN-151', 'error'],
  'bad-expectation': ['SUMUN-152', 'error'],
  'yaml-directive': ['SUMUN-153', 'error'],
  'bad-prefix': ['SUMUN-154', 'error'],
  'bad-quota': ['SUMUN-155', 'error'],
  'bad-phone-prefix': ['SUMUN-156', 'error'],
  'bad-sms-body': ['SUMUN-157', 'error'],
  'bad-attribute-value': ['SUMUN-158', 'error'],
  'bad-workers': ['SUMUN-159', 'error'],
  'unknown-name': ['SUMUN-201', 'error'],
  'duplicate-name': ['SUMUN-202', 'error'],
  'unreachable-route': ['SUMUN-203', 'error'],
  'unreachable-step-up': ['SUMUN-204', 'error'],
  'one-action': ['SUMUN-205', 'error'],
  'allow-without-sign-in': ['SUMUN-206', 'error'],
  'tolerate-beside-open': ['SUMUN-207', 'error'],
  'demo-not-loopback': ['SUMUN-208', 'error'],
  'trusts-everyone': ['SUMUN-209', 'error'],
  'step-up-adds-nothing': ['SUMUN-210', 'error'],
  'secret-missing': ['SUMUN-211', 'error'],
  'secret-empty': ['SUMUN-212', 'error'],
  'secret-unreadable': ['SUMUN-213', 'error'],
  'secret-variable-missing': ['SUMUN-214', 'error'],
  'bad-logo': ['SUMUN-215', 'error'],
  'weak-contrast': ['SUMUN-216', 'error'],
  'reserved-path': ['SUMUN-217', 'error'],
  'header-twice': ['SUMUN-218', 'error'],
  'allows-everyone': ['SUMUN-219', 'error'],
  'test-method': ['SUMUN-220', 'error'],
  'action-without-upstream': ['SUMUN-221', 'error'],
  'step-up-without-sign-in': ['SUMUN-222', 'error'],
  'same-address': ['SUMUN-223', 'error'],
  'mistyped-profile': ['SUMUN-224', 'error'],
  'otp-policy-form': ['SUMUN-225', 'error'],
  'key-needs-key': ['SUMUN-226', 'error'],
  'provider-twice': ['SUMUN-227', 'error'],
  'sms-template-lacks': ['SUMUN-228', 'error'],
  'sms-without-provider': ['SUMUN-229', 'error'],
  'sms-fallback-nowhere': ['SUMUN-230', 'error'],
  'sms-twice': ['SUMUN-231', 'error'],
  'unreachable-policy': ['SUMUN-232', 'error'],
  'unknown-attribute': ['SUMUN-233', 'error'],
  'name-taken': ['SUMUN-234', 'error'],
  'radius-everyone': ['SUMUN-235', 'error'],
  'same-network': ['SUMUN-236', 'error'],
  'short-secret': ['SUMUN-237', 'error'],
  'two-secrets-one-field': ['SUMUN-238', 'error'],
  'concat-mismatch': ['SUMUN-239', 'error'],
  'chap-needs-otp': ['SUMUN-240', 'error'],
  'sms-needs-challenge': ['SUMUN-241', 'error'],
  'soft-duplicate-open': ['SUMUN-242', 'error'],
  'bad-certificate': ['SUMUN-250', 'error'],
  'bad-private-key': ['SUMUN-251', 'error'],
  'key-mismatch': ['SUMUN-252', 'error'],
  'certificate-refused': ['SUMUN-253', 'error'],
  'certificate-expired': ['SUMUN-254', 'error'],
  'certificate-early': ['SUMUN-255', 'error'],
  'proxy-protocol-from-nobody': ['SUMUN-256', 'error'],
  'redirect-without-tls': ['SUMUN-257', 'error'],
  'portal-not-https': ['SUMUN-258', 'error'],
  'strict-across-hosts': ['SUMUN-259', 'error'],
  'bad-health-path': ['SUMUN-170', 'error'],
  'mixed-targets': ['SUMUN-270', 'error'],
  'target-twice': ['SUMUN-271', 'error'],
  'tls-without-https': ['SUMUN-272', 'error'],
  'secret-file-open': ['SUMUN-301', 'warning'],
  'weak-lockout': ['SUMUN-302', 'warning'],
  'long-session': ['SUMUN-303', 'warning'],
  'wide-window': ['SUMUN-304', 'warning'],
  'not-expanded': ['SUMUN-305', 'warning'],
  'idle-beyond-max': ['SUMUN-306', 'warning'],
  'no-routes': ['SUMUN-307', 'warning'],
  'report-only': ['SUMUN-308', 'warning'],
  'no-master-key': ['SUMUN-309', 'warning'],
  'public-health': ['SUMUN-310', 'warning'],
  'name-unused': ['SUMUN-311', 'warning'],
  'sms-to-file': ['SUMUN-312', 'warning'],
  'sms-in-clear': ['SUMUN-313', 'warning'],
  'shared-secret': ['SUMUN-314', 'warning'],
  'no-message-authenticator': ['SUMUN-315', 'warning'],
  'proxy-state-open': ['SUMUN-316', 'warning'],
  'radius-half': ['SUMUN-317', 'warning'],
  'policy-never-met': ['SUMUN-318', 'warning'],
  'policy-names-application': ['SUMUN-319', 'warning'],
  'key-without-meaning': ['SUMUN-320', 'warning'],
  'in-maintenance': ['SUMUN-329', 'warning'],
  'forward-auth-nowhere': ['SUMUN-335', 'warning'],
  'certificate-ends': ['SUMUN-330', 'warning'],
  'certificate-nameless': ['SUMUN-331', 'warning'],
  'host-without-certificate': ['SUMUN-332', 'warning'],
  'portal-in-clear': ['SUMUN-333', 'warning'],
  'https-from-nowhere': ['SUMUN-334', 'warning'],
  'old-tls': ['SUMUN-350', 'warning'],
} as const satisfies Record<string, readonly [code: `SUMUN-${number}`, severity: 'error' | 'warning']>;

export type FindingName = keyof typeof FINDINGS;

/** A sentence that says what was found, and one that says what to write. `{name}` stands for an argument. */
export type FindingText = { readonly message: string; readonly fix?: string };

/** Short phrases that stand inside findings and beneath them. */
export type Phrase =
  | 'did-you-mean'
  | 'known-are'
  | 'a-text'
  | 'a-number'
  | 'a-boolean'
  | 'a-mapping'
  | 'a-list'
  | 'a-quoted-text'
  | 'another-name'
  | 'nothing'
  | 'summary'
  | 'all-good';

export type FindingTexts = {
  readonly findings: Readonly<Record<FindingName, FindingText>>;
  readonly phrases: Readonly<Record<Phrase, string>>;
};

/** Fills `{name}` in a sentence; a name without a value stays as it is. Values are never expanded a second time. */
export const fill = (sentence: string, values: Readonly<Record<string, string>>): string =>
  sentence.replace(/\{([a-z]+)\}/g, (whole, name: string) => values[name] ?? whole);
