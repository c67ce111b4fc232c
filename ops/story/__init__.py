"""Where an event is, how it came there, and what it brought about.

gathering   asks logs, dead-letter queues, outboxes and queues   -> Evidence
telling     puts together what they say                          -> Story, or Choices
page        shows either to people
"""
