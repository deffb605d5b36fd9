"""What is known about one request: flat dotted paths to plain values.

| path | type |
|---|---|
| `customer.NAME`, `context.NAME` | the declared attribute type; missing when absent |
| `affinity.NAME` | map of string to float, decayed to now; always there, maybe empty |
| `trait.NAME` | string; missing while there is no evidence |
| `activity.NAME.frequency`, `.monetary`, `.recency` | int, float, float (days; missing when it never happened) |
| `contacts.NAME` | int, or map of string to int when counted per offer attribute; always there |
| `now`, `channel`, `placement` | timestamp, string, string |

Timestamps are `Instant`s. Offer columns (`offer.NAME`) are not facts: they live in the offer table.
"""

from collections.abc import Mapping

FactValue = str | int | float | bool | tuple[str, ...] | Mapping[str, float]
Facts = Mapping[str, FactValue]
