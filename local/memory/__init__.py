"""The memory cloud: EventBridge, SQS, Lambda's polling and DynamoDB streams in one process, on virtual time."""
