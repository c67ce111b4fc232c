import type { Problem } from "./envelope.js";

/** JSON Schema 2020-12, as far as the contract's schemas use it. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

type Rule = (argument: unknown, value: unknown, at: Place) => readonly Problem[];

interface Place {
  readonly field: string;
  readonly schema: Schema;
  readonly definitions: Schema;
}

/** What is wrong with a value, each problem with the path of its field; nothing when it fits. */
export function problemsOf(schema: Schema, value: unknown, field = "data"): readonly Problem[] {
  return judge(schema, value, { field, definitions: object(schema["$defs"]) });
}

function judge(schema: Schema, value: unknown, at: Omit<Place, "schema">): readonly Problem[] {
  return Object.entries(schema).flatMap(([keyword, argument]) =>
    Object.hasOwn(RULES, keyword) ? (RULES[keyword]?.(argument, value, { ...at, schema }) ?? []) : [],
  );
}

const RULES: Readonly<Record<string, Rule>> = {
  $ref: (name, value, at) => judge(object(at.definitions[String(name).replace("#/$defs/", "")]), value, at),
  type: (names, value, at) =>
    list(names).some((name) => isOf(String(name), value)) ? [] : wrong(at, `must be ${list(names).join(" or ")}`),
  const: (only, value, at) => (value === only ? [] : wrong(at, `must be ${JSON.stringify(only)}`)),
  enum: (values, value, at) => (list(values).includes(value) ? [] : wrong(at, `must be one of ${list(values).join(", ")}`)),
  anyOf: alternatives,
  oneOf: alternatives,
  allOf: (schemas, value, at) => list(schemas).flatMap((schema) => judge(object(schema), value, at)),
  minimum: (least, value, at) => limit(value, (n) => n >= Number(least), at, `must be ${least} or more`),
  maximum: (most, value, at) => limit(value, (n) => n <= Number(most), at, `must be ${most} or less`),
  exclusiveMinimum: (low, value, at) => limit(value, (n) => n > Number(low), at, `must be more than ${low}`),
  exclusiveMaximum: (high, value, at) => limit(value, (n) => n < Number(high), at, `must be less than ${high}`),
  minLength: (least, value, at) => length(value, (n) => n >= Number(least), at, `must have ${least} characters or more`),
  maxLength: (most, value, at) => length(value, (n) => n <= Number(most), at, `must have ${most} characters or less`),
  minItems: (least, value, at) =>
    Array.isArray(value) && value.length < Number(least) ? wrong(at, `must have ${least} items or more`) : [],
  maxItems: (most, value, at) =>
    Array.isArray(value) && value.length > Number(most) ? wrong(at, `must have ${most} items or less`) : [],
  pattern: (pattern, value, at) =>
    typeof value !== "string" || expression(String(pattern)).test(value) ? [] : wrong(at, `must match ${pattern}`),
  format: (format, value, at) =>
    format !== "date-time" || typeof value !== "string" || isTime(value)
      ? []
      : wrong(at, "must be an RFC 3339 timestamp, such as 2026-05-20T14:30:00Z"),
  items: (items, value, at) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => judge(object(items), item, { ...at, field: `${at.field}.${index}` }))
      : [],
  required: (names, value, at) =>
    isObject(value)
      ? list(names).flatMap((name) =>
          Object.hasOwn(value, String(name)) ? [] : wrong({ field: `${at.field}.${name}` }, "is required"),
        )
      : [],
  properties: (properties, value, at) =>
    isObject(value)
      ? Object.entries(object(properties)).flatMap(([name, schema]) =>
          Object.hasOwn(value, name) && value[name] !== undefined
            ? judge(object(schema), value[name], { ...at, field: `${at.field}.${name}` })
            : [],
        )
      : [],
  additionalProperties: (schema, value, at) => {
    if (schema === true || !isObject(value)) return [];
    const known = object(at.schema["properties"]);
    const others = Object.keys(value).filter((name) => !Object.hasOwn(known, name));
    return others.flatMap((name) => {
      const field = `${at.field}.${name}`;
      return schema === false ? wrong({ field }, "is not allowed") : judge(object(schema), value[name], { ...at, field });
    });
  },
};

/** The problems of the alternative that was most likely meant: the first of the value's own type. */
function alternatives(schemas: unknown, value: unknown, at: Place): readonly Problem[] {
  const found = list(schemas).map((schema) => judge(object(schema), value, at));
  if (found.some((problems) => problems.length === 0)) return [];
  return found.find((problems) => problems.every((problem) => !problem.message.startsWith("must be null"))) ?? [];
}

function isOf(name: string, value: unknown): boolean {
  if (name === "null") return value === null;
  if (name === "array") return Array.isArray(value);
  if (name === "object") return isObject(value);
  if (name === "integer") return Number.isInteger(value);
  return typeof value === name;
}

function isTime(value: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/.exec(value);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function expression(pattern: string): RegExp {
  try {
    return new RegExp(pattern, "u");
  } catch {
    return new RegExp(pattern); // an escape that Unicode mode is too strict for
  }
}

function limit(value: unknown, fits: (n: number) => boolean, at: Place, message: string): readonly Problem[] {
  return typeof value !== "number" || fits(value) ? [] : wrong(at, message);
}

function length(value: unknown, fits: (n: number) => boolean, at: Place, message: string): readonly Problem[] {
  return typeof value !== "string" || fits([...value].length) ? [] : wrong(at, message);
}

function wrong(at: { readonly field: string }, message: string): readonly Problem[] {
  return [{ field: at.field, message }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function object(value: unknown): Schema {
  return isObject(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}
