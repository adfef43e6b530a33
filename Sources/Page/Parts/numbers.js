// Numbers as text, and prices as exact decimals: 0.0000025 per token is $2.5 per million, never 2.4999….

const none = "–";
/** The number of decimal places of a price; upstream sends at most 24. */
const scale = 30;

/** A decimal string as an integer in units of 10^-30; null if it is not a number. */
function scaled(value) {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,2}))?$/.exec(String(value ?? "").trim());
  if (!parts) return null;
  const [, sign, whole, fraction = "", exponent = "0"] = parts;
  const zeros = scale - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  const size = zeros >= 0 ? digits * 10n ** BigInt(zeros) : digits / 10n ** BigInt(-zeros);
  return sign ? -size : size;
}

/** Such an integer as a decimal without trailing zeros. */
function decimal(value) {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const fraction = digits.slice(-scale).replace(/0+$/, "");
  return (value < 0n ? "-" : "") + digits.slice(0, -scale) + (fraction ? `.${fraction}` : "");
}

/** A price per token as exact dollars per million tokens; null if there is none (a router's price is negative). */
function perMillion(price) {
  const value = scaled(price);
  return value === null || value < 0n ? null : value * 1000000n;
}

/** The price per million tokens as text. */
function priceText(value) {
  if (value === null) return none;
  return value === 0n ? "free" : `$${decimal(value)}`;
}

const grouped = new Intl.NumberFormat("en-US");
const count = (value) => (value === null || value === undefined ? none : grouped.format(value));

/** A number of things: 1 entry, 2 entries. */
const counted = (value, one, many) => `${count(value)} ${value === 1 ? one : many}`;

/** A number of tokens: 128000 → 128k. */
function tokens(value) {
  if (!value) return none;
  if (value >= 1e6) return `${shortened(value / 1e6)}M`;
  return value >= 1000 ? `${shortened(value / 1000)}k` : String(value);
}

function shortened(value) {
  return String(Number(value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)));
}

/** A size in bytes. */
function bytes(value) {
  if (value === null || value === undefined) return none;
  if (value < 1024) return `${value} B`;
  const power = value < 1024 ** 2 ? 1 : value < 1024 ** 3 ? 2 : 3;
  return `${shortened(value / 1024 ** power)} ${["", "KiB", "MiB", "GiB"][power]}`;
}

/** A time span in seconds, in its two largest units. */
function span(seconds) {
  const value = Math.max(0, Math.round(seconds));
  for (const [size, unit, small, smaller] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (value < size) continue;
    const rest = Math.floor((value % size) / small);
    return `${Math.floor(value / size)} ${unit}${rest ? ` ${rest} ${smaller}` : ""}`;
  }
  return `${value} s`;
}

/** Microseconds. */
function micros(value) {
  if (value === null || value === undefined) return none;
  if (value < 1000) return `${value} µs`;
  return value < 1e6 ? `${shortened(value / 1000)} ms` : `${shortened(value / 1e6)} s`;
}

function percent(ratio) {
  return ratio === null || ratio === undefined ? none : `${(Math.floor(ratio * 1000) / 10).toFixed(1)} %`;
}

/** Numbers of at least two digits, with a sign between them. */
const joined = (sign, ...numbers) => numbers.map((one) => String(one).padStart(2, "0")).join(sign);

/** The time of day where the reader is, the same in every language of a browser: 00:05:09. */
function clockTime(seconds) {
  const date = new Date(seconds * 1000);
  return joined(":", date.getHours(), date.getMinutes(), date.getSeconds());
}

/** The same without seconds. */
function minuteTime(seconds) {
  const date = new Date(seconds * 1000);
  return joined(":", date.getHours(), date.getMinutes());
}

/** The time of day; in short and with the day if that is not today. */
function timeText(seconds) {
  const isToday = localDay(seconds) === localDay(Date.now() / 1000);
  return isToday ? clockTime(seconds) : `${localDay(seconds)} ${minuteTime(seconds)}`;
}

/** The day where the reader is, as clockTime has the hour there. */
function localDay(seconds) {
  const date = new Date(seconds * 1000);
  return joined("-", date.getFullYear(), date.getMonth() + 1, date.getDate());
}

/** A day in UTC, as upstream counts them. */
function day(seconds) {
  return Number.isFinite(seconds) && Math.abs(seconds) < 8e12 ? new Date(seconds * 1000).toISOString().slice(0, 10) : none;
}
