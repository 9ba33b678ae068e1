// Dates as Python's strftime prints them in the C locale, whatever the language of the machine.

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAY = 86_400_000;

const two = (value: number, filler = '0'): string => String(value).padStart(2, filler);

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return 1 + (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / DAY;
}

const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  '%': () => '%',
  a: (date) => (DAYS[date.getDay()] as string).slice(0, 3),
  A: (date) => DAYS[date.getDay()] as string,
  b: (date) => (MONTHS[date.getMonth()] as string).slice(0, 3),
  B: (date) => MONTHS[date.getMonth()] as string,
  d: (date) => two(date.getDate()),
  e: (date) => two(date.getDate(), ' '),
  F: (date) => strftime(date, '%Y-%m-%d'),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  m: (date) => two(date.getMonth() + 1),
  M: (date) => two(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  S: (date) => two(date.getSeconds()),
  T: (date) => strftime(date, '%H:%M:%S'),
  y: (date) => two(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
};

/** Prints a date; directives that are not known stay as they are. `%-d` prints no leading zero, as on Linux. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)(.)/g, (whole, bare, name) => {
    if (!Object.hasOwn(DIRECTIVES, name)) return whole;
    const text = (DIRECTIVES[name] as (date: Date) => string)(date);
    return bare === '' ? text : text.replace(/^[0 ]+(?=.)/, '');
  });
}
