"""The journal: records, the log they are appended to, and the sink that moves them into Parquet segments."""
