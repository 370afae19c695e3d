/** Amounts of money: people write 12.50, the API counts minor units. */

export const CURRENCIES = ["EUR", "USD", "GBP", "JPY"] as const;

function digits(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** The amount in minor units, or null when `text` is no amount of this currency. Takes a comma for a point. */
export function parseAmount(text: string, currency: string): number | null {
  const match = /^(\d{1,10})(?:[.,](\d+))?$/.exec(text.trim());
  const places = digits(currency);
  const [, whole, fraction = ""] = match ?? [];
  if (whole === undefined || fraction.length > places) return null;
  return Number(whole + fraction.padEnd(places, "0"));
}

/** For people, in their own notation: 1250 EUR is €12.50. */
export function formatAmount(minor: number, currency: string): string {
  const amount = minor / 10 ** digits(currency);
  return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
}
