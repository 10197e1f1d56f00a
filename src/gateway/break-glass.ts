import type { Instant } from '../core/time.ts';
import { auditVisit, type Recorded } from './record.ts';
import type { Admitted } from './visit.ts';

/** A request that may pass without its session. */
type Passing = Recorded & Pick<Admitted, 'route' | 'session'>;

/**
 * A request that passes because a sealed code opened its route: as nobody, whatever session came with it, and loudly.
 * Once a minute for each route and address in log and trail.
 */
export function passAsNobody(visit: Passing, until: Instant): void {
  const { gate, route, client, id, now } = visit;
  visit.session = undefined;
  if (!gate.opened.maySpeak(`${route.name} ${client.address.text}`, now)) return;
  gate.house.log.warn('break-glass.used', { request: id, route: route.name, address: client.address.text, until });
  auditVisit(visit, 'break-glass.used', 'route-opened', { until });
}
