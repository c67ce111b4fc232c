"""Where an event is, how it came there, and what it brought about.

gathering   asks: log lines, dead letters, outboxes, queues     -> Evidence
telling     puts them together                                   -> Story
pages       shows a Story, or the ways that one may choose from
"""
