/**
 * What differs between two states of one position: figures by name, available-to-sell by channel.
 *
 * Pure. Says nothing of versions and of how far each source has come: those are another with every event.
 */
import type { PositionFigures } from "../../../shared/events/canonical-event.ts";
import type { PositionDifference } from "../../../shared/events/replay-events.ts";

type Figures = Readonly<Record<string, number>>;

/** Null: they are the same. */
export function differenceOf(
  place: { readonly sku: string; readonly locationId: string },
  [before, after]: readonly [PositionFigures, PositionFigures],
  channels: PositionDifference["channels"],
): PositionDifference | null {
  const [old, next] = [flatten(before), flatten(after)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
  const figures = names
    .map((name) => ({ name, before: old[name] ?? 0, after: next[name] ?? 0 }))
    .filter((figure) => figure.before !== figure.after);
  const sold = channels.filter((channel) => channel.before !== channel.after);
  if (figures.length === 0 && sold.length === 0) return null;
  return { sku: place.sku, locationId: place.locationId, figures, channels: sold };
}

function flatten({ wms, erp, returns, reservedByChannel, ...rest }: PositionFigures): Figures {
  const { shippedNotPosted, receivedNotPosted, adjustedNotPosted, reserved } = rest;
  const groups = { wms, erp, returns, reserved: reservedByChannel };
  const named = Object.entries(groups).flatMap(([group, figures]) =>
    Object.entries(figures).map(([name, value]) => [`${group}.${name}`, value] as const),
  );
  return { ...Object.fromEntries(named), shippedNotPosted, receivedNotPosted, adjustedNotPosted, reserved };
}
