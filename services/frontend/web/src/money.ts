/** Amounts of money: people write 12.50, the API counts minor units. */

export const CURRENCIES = ["EUR", "USD", "GBP", "JPY"] as const;

function places(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/** The amount in minor units, or null when `text` is no amount of this currency. Takes a comma for a point. */
export function parseAmount(text: string, currency: string): number | null {
  const [, whole, fraction = ""] = /^(\d{1,10})(?:[.,](\d+))?$/.exec(text.trim()) ?? [];
  const digits = places(currency);
  if (whole === undefined || fraction.length > digits) return null;
  return Number(whole + fraction.padEnd(digits, "0"));
}

/** As people write it into a field: 1250 EUR is 12.50. */
export function amountText(minor: number, currency: string): string {
  return (minor / 10 ** places(currency)).toFixed(places(currency));
}

/** For people, in their own notation: 1250 EUR is €12.50. */
export function formatAmount(minor: number, currency: string): string {
  return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(minor / 10 ** places(currency));
}
