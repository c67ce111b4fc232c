"""Dead letters of a stage: found, understood, and brought back to where they belong. The library of `ops dlq`.

    places(target)                  every dead-letter queue there is, by the manifests
    look(target, ...)               the letters in them, without taking any away
    grouped(letters)                the same by what went wrong
    Redrive, Park, Purge, ...       what changes something; each records who, what and why before it does
    Trail                           the record of all that was done

A letter is always in at least one place: what changes something records its intent, puts the letter where it is to
go, records that, and only then takes it out of its dead-letter queue.
"""
