"""Avro of a payload model: for schema registries, and for readers of a data lake.

Our wire is JSON: what travels is the JSON payload, and its model is the contract. The Avro schema says the same in
Avro's words, as far as Avro has them:

| in the model | in Avro |
|---|---|
| the payload, a nested model | a record, named by the class (or its `title`), in the event type's namespace |
| `T \\| None = None` | `["null", T]` with the default null |
| a default | the field's default |
| `int`, `float`, `bool`, `str` | `long`, `double`, `boolean`, `string` |
| a time, a date, a UUID | `timestamp-micros`, `date`, `uuid` |
| `Literal`, a `StrEnum`, a pattern that only lists words | an enum; its `default` is what `_missing_` gives |
| tuples, lists; dicts | arrays; maps |
| bounds, lengths, patterns, formats | attributes of the type by JSON Schema's names, which Avro readers ignore |
| a field's former names: `Field(validation_alias=AliasChoices("now", "formerly"))` | `aliases` |
| what Avro has no type for, such as `Any` | a string that holds JSON, marked `contentMediaType` |

An Avro name has letters, digits and underscores. Other characters become underscores, and `jsonName` (of a field) and
`jsonValues` (of an enum's symbols) keep the wire's own.

What Avro loses: unknown fields, which models carry along, have no place in a record. A map of leftovers would change
its contents whenever a field becomes known, and break the readers whom it was to help; the JSON event stays the truth.
A time's offset is lost too: 16:30+02:00 comes back as 14:30Z.
"""

from contracts.avro.conversion import NotAvro
from contracts.avro.datum import from_datum, to_datum
from contracts.avro.derive import avro_of

__all__ = ["NotAvro", "avro_of", "from_datum", "to_datum"]
