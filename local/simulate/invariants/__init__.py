"""What must hold: in the end, whatever went wrong (in_the_end), and at each effect of a call (at_each_effect).

Each invariant yields what it finds against it, seen and expected. None asks the code under test what should have
happened: they know what was accepted, what was put on the bus, and what the calls did.
"""
