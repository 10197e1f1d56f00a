import type { Operation } from './operation.ts';
import { auditOperations } from './resources/audit.ts';
import { challengeOperations } from './resources/challenges.ts';
import { clientOperations } from './resources/clients.ts';
import { groupOperations } from './resources/groups.ts';
import { importOperations } from './resources/imports.ts';
import { meOperation } from './resources/me.ts';
import { policyOperations } from './resources/policy.ts';
import { receiptOperation } from './resources/receipts.ts';
import { sessionOperations } from './resources/sessions.ts';
import { statOperations } from './resources/stats.ts';
import { tokenActOperations } from './resources/token-acts.ts';
import { tokenOperations } from './resources/tokens.ts';
import { transactionOperations } from './resources/transactions.ts';
import { userCodeOperations } from './resources/user-codes.ts';
import { userOperations } from './resources/users.ts';
import { verifyOperation } from './resources/verify.ts';

/** Every operation of the API, in the order of the reference. */
export const OPERATIONS: readonly Operation[] = [
  verifyOperation,
  ...challengeOperations,
  ...transactionOperations,
  ...userOperations,
  ...userCodeOperations,
  ...groupOperations,
  ...tokenOperations,
  ...tokenActOperations,
  ...sessionOperations,
  ...auditOperations,
  ...statOperations,
  ...importOperations,
  ...policyOperations,
  receiptOperation,
  ...clientOperations,
  meOperation,
];
