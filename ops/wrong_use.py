"""What every command says of a command line that makes no sense; it exits with 2 then."""


class WrongUse(Exception):
    """What was asked for makes no sense; the message says what would."""
