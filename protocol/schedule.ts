/**
 * A schedule: what is shown where (layout) and when (timing). One definition for the CMS, which refuses unknown fields, and for
 * the manifest, whose readers ignore them.
 */
import Type, { type Static } from 'typebox';
import { Id } from './desired-state.ts';

/** Largest canvas side, in pixels. */
const CANVAS_MAX = 16_384;
/** Zones of one layout. */
export const ZONES_MAX = 32;
/** Items of one zone. */
export const ITEMS_MAX = 500;
/** Windows of one day. */
const WINDOWS_MAX = 48;

export const TRANSITIONS = ['none', 'fade', 'slide-left', 'slide-right', 'slide-up', 'slide-down'] as const;
export const FITS = ['contain', 'cover', 'fill'] as const;

/** A calendar date without a zone. */
const DateText = Type.String({
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$',
  description: "A calendar date, YYYY-MM-DD, in the schedule's time zone",
});
/** A time of day. `24:00` is the end of a day and fits `end` only. */
const TimeText = Type.String({
  pattern: '^([01]\\d|2[0-3]):[0-5]\\d$|^24:00$',
  description: "A time of day, HH:MM, on the wall clock of the schedule's time zone",
});

function itemSchema(additionalProperties: boolean) {
  return Type.Object(
    {
      contentId: Id,
      durationMs: Type.Optional(
        Type.Integer({
          minimum: 500,
          maximum: 86_400_000,
          description: 'How long it is shown, in milliseconds; absent: as long as the content lasts, or 10 s',
        }),
      ),
      transition: Type.Optional(
        Type.Object(
          {
            type: Type.Enum([...TRANSITIONS]),
            durationMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000, description: 'milliseconds' })),
          },
          { additionalProperties, description: 'How it comes in' },
        ),
      ),
      fit: Type.Optional(Type.Enum([...FITS], { description: 'How it fills its zone; default contain' })),
      muted: Type.Optional(Type.Boolean({ description: 'Without sound; default false' })),
      volume: Type.Optional(Type.Integer({ minimum: 0, maximum: 100, description: 'percent; default 100' })),
    },
    { additionalProperties },
  );
}

function zoneSchema(additionalProperties: boolean) {
  const pixels = (minimum: number) =>
    Type.Integer({ minimum, maximum: CANVAS_MAX, description: 'pixels of the canvas' });
  return Type.Object(
    {
      id: Type.String({
        minLength: 1,
        maxLength: 64,
        pattern: '^[A-Za-z0-9._-]+$',
        description: 'Unique in the layout',
      }),
      name: Type.Optional(Type.String({ maxLength: 120 })),
      x: pixels(0),
      y: pixels(0),
      width: pixels(1),
      height: pixels(1),
      zIndex: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000, description: 'Higher lies above; default 0' })),
      items: Type.Array(itemSchema(additionalProperties), {
        minItems: 1,
        maxItems: ITEMS_MAX,
        description: 'Shown one after the other, again and again',
      }),
      shuffle: Type.Optional(Type.Boolean({ description: 'In another order each round; default false' })),
    },
    { additionalProperties },
  );
}

function layoutSchema(additionalProperties: boolean) {
  return Type.Object(
    {
      width: Type.Integer({
        minimum: 1,
        maximum: CANVAS_MAX,
        description: 'Canvas, in pixels; players scale it to the screen',
      }),
      height: Type.Integer({ minimum: 1, maximum: CANVAS_MAX, description: 'Canvas, in pixels' }),
      background: Type.Optional(Type.String({ pattern: '^#[0-9a-fA-F]{6}$', description: 'Colour; default #000000' })),
      zones: Type.Array(zoneSchema(additionalProperties), { minItems: 1, maxItems: ZONES_MAX }),
    },
    { additionalProperties },
  );
}

function timingSchema(additionalProperties: boolean) {
  return Type.Object(
    {
      timezone: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 64,
          description: "IANA time zone; absent: the device's own (`config.timezone`), or UTC",
        }),
      ),
      startDate: Type.Optional({ ...DateText, description: 'First day; with `rrule` also its DTSTART' }),
      endDate: Type.Optional({ ...DateText, description: 'Last day, included' }),
      rrule: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 500,
          description:
            'RFC 5545 recurrence rule that names days, e.g. `FREQ=WEEKLY;BYDAY=MO,TU`; FREQ of DAILY, WEEKLY, MONTHLY or YEARLY, without BYHOUR, BYMINUTE, BYSECOND. Needs `startDate`. Absent: every day',
        }),
      ),
      excludedDates: Type.Optional(Type.Array(DateText, { maxItems: 366, description: 'Days left out' })),
      windows: Type.Optional(
        Type.Array(
          Type.Object(
            {
              start: TimeText,
              end: {
                ...TimeText,
                description: 'Not included. Before `start`: on the next day; never the same as `start`',
              },
            },
            { additionalProperties },
          ),
          { minItems: 1, maxItems: WINDOWS_MAX, description: 'When on such a day; absent: the whole day' },
        ),
      ),
    },
    { additionalProperties },
  );
}

/** As the CMS takes it: an unknown field is an error. */
export const LayoutInput = layoutSchema(false);
export const TimingInput = timingSchema(false);

/** As a manifest carries it: unknown fields are to be ignored. */
export const Layout = Type.Object(layoutSchema(true).properties, { $id: 'Layout' });
export type Layout = Static<typeof Layout>;
export const Timing = Type.Object(timingSchema(true).properties, { $id: 'Timing' });
export type Timing = Static<typeof Timing>;
export type Zone = Layout['zones'][number];
export type ZoneItem = Zone['items'][number];
