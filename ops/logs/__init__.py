"""The functions' log lines, wherever they are kept: by CloudWatch Logs Insights, or read plainly."""
